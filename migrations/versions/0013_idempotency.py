"""What was already done for a key: a form that creates something, sent again, finds here what it led to."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE idempotency_keys (
        id uuid PRIMARY KEY,
        owner text NOT NULL,
        key_hash text NOT NULL,
        fingerprint text NOT NULL,
        answer jsonb,
        created_at timestamptz NOT NULL,
        CONSTRAINT idempotency_keys_owner_key_hash_key UNIQUE (owner, key_hash)
    );
    CREATE INDEX idempotency_keys_created_idx ON idempotency_keys (created_at);
    """)


def downgrade() -> None:
    op.execute("DROP TABLE idempotency_keys;")
