"""Since when lower tiers have held all products, and whether the end of a grace was charged to a stored card."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    ALTER TABLE product_graces ADD COLUMN charged_at timestamptz;
    ALTER TABLE subscriptions ADD COLUMN can_shrink boolean NOT NULL DEFAULT false;
    COMMENT ON COLUMN subscriptions.can_shrink IS 'whether a lower tier that fits is chosen for the end of the period';
    CREATE TABLE tier_fits (
        subscription_id uuid NOT NULL REFERENCES subscriptions,
        tier_code text NOT NULL,
        since timestamptz NOT NULL,
        told_at timestamptz,
        is_chosen boolean NOT NULL DEFAULT false,
        PRIMARY KEY (subscription_id, tier_code),
        CONSTRAINT tier_fits_told_check CHECK (told_at >= since + interval '168 hours')
    );
    COMMENT ON TABLE tier_fits IS 'tiers below the one there is that hold all products; without a break since then';
    """)


def downgrade() -> None:
    op.execute("""
    DROP TABLE tier_fits;
    ALTER TABLE subscriptions DROP COLUMN can_shrink;
    ALTER TABLE product_graces DROP COLUMN charged_at;
    """)
