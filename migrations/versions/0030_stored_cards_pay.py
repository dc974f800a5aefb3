"""Sessions that are paid by a stored card, and whether anybody was there to confirm them."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What is there was paid by wallets, so all of it is well; a card is only ever charged for its own customer.
    op.execute("""
    -- squawk-ignore-file adding-foreign-key-constraint, constraint-missing-not-valid
    ALTER TABLE payment_sessions
        ADD COLUMN method_id uuid,
        ADD COLUMN is_automatic boolean NOT NULL DEFAULT false,
        ADD CONSTRAINT payment_sessions_method_fkey
            FOREIGN KEY (method_id, customer_id) REFERENCES payment_methods (id, customer_id),
        ADD CONSTRAINT payment_sessions_automatic_check CHECK (method_id IS NOT NULL OR NOT is_automatic);
    COMMENT ON COLUMN payment_sessions.method_id IS 'the stored card that pays, where no wallet does';
    COMMENT ON COLUMN payment_sessions.is_automatic IS 'charged without its holder';
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE payment_sessions DROP COLUMN method_id, DROP COLUMN is_automatic;")
