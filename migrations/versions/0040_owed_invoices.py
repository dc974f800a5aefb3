"""An index over what is owed: paying by credit and the first page ask for it, however long the history is."""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of a million invoices only a few are open: to read through them takes about a second.
    op.execute("""
    -- squawk-ignore-file require-concurrent-index-creation
    CREATE INDEX invoices_owed_idx ON invoices (customer_id, issued_at, id) WHERE status = 'open';
    """)


def downgrade() -> None:
    op.execute("""
    -- squawk-ignore-file require-concurrent-index-deletion
    DROP INDEX invoices_owed_idx;
    """)
