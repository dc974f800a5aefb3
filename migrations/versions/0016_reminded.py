"""When somebody was last told that they are registered already, so that strangers cannot fill their mailbox.

The numbers 0014 and 0015 were never used.
"""

from alembic import op

revision = "0016"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN reminded_at timestamptz;")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN reminded_at;")
