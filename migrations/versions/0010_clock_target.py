"""Where business time is to go: the sandbox's scheduler steps there, from due instant to due instant."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE business_clock ADD COLUMN target_at timestamptz;")


def downgrade() -> None:
    op.execute("ALTER TABLE business_clock DROP COLUMN target_at;")
