"""E-mails: one row each, unique by what caused it, so that nobody is told twice."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE emails (
        id uuid PRIMARY KEY,
        key text NOT NULL UNIQUE,
        recipient text NOT NULL,
        locale text NOT NULL,
        template text NOT NULL,
        facts jsonb NOT NULL,
        status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'refused')),
        created_at timestamptz NOT NULL,
        sent_at timestamptz
    );
    CREATE INDEX emails_created_idx ON emails (created_at DESC);
    """)


def downgrade() -> None:
    op.execute("DROP TABLE emails;")
