"""The unread notices are counted by a plan that is made once a connection: every page asks for them.

A function in SQL is planned at each call, which took five times as long as the counting.
"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_COUNT = """SELECT count(*)::integer FROM (
            SELECT FROM notices WHERE user_id = reader AND read_at IS NULL ORDER BY id LIMIT 100) unread"""


def upgrade() -> None:
    op.execute(f"""
    CREATE OR REPLACE FUNCTION unread_notices(reader uuid) RETURNS integer LANGUAGE plpgsql STABLE AS $$
    BEGIN
        RETURN ({_COUNT});
    END $$;
    """)


def downgrade() -> None:
    op.execute(f"""
    CREATE OR REPLACE FUNCTION unread_notices(reader uuid) RETURNS integer LANGUAGE sql STABLE AS $$ {_COUNT} $$;
    """)
