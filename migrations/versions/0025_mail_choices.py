"""What people want by mail, by category; without a row they want it."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE mail_choices (
        user_id uuid NOT NULL REFERENCES users,
        category text NOT NULL CHECK (category IN ('plan', 'products', 'branches', 'team')),
        is_wanted boolean NOT NULL,
        changed_at timestamptz NOT NULL,
        PRIMARY KEY (user_id, category)
    );
    COMMENT ON TABLE mail_choices IS 'mails about money and safety always go: there is no choice to store';
    """)


def downgrade() -> None:
    op.execute("DROP TABLE mail_choices;")
