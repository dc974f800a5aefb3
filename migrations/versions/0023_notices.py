"""Notices in the pages: a row for each person who is told, and how many of theirs are unread."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Keys are made in the order of time, so that a list is read off its index. A notice about a business goes with the
    # seat in its team: who has left sees nothing of it any more. What is unread is counted in an index's order, lest
    # somebody's many make the planner read the whole table for another's few.
    op.execute("""
    CREATE TABLE notices (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        user_id uuid NOT NULL REFERENCES users,
        business_id uuid,
        kind text NOT NULL,
        facts jsonb NOT NULL,
        key text NOT NULL UNIQUE,
        created_at timestamptz NOT NULL,
        read_at timestamptz,
        FOREIGN KEY (business_id, user_id) REFERENCES team_members (business_id, user_id) ON DELETE CASCADE
    );
    CREATE INDEX notices_user_idx ON notices (user_id, id);
    CREATE INDEX notices_seat_idx ON notices (business_id, user_id);
    CREATE INDEX notices_unread_idx ON notices (user_id, id) WHERE read_at IS NULL;

    CREATE FUNCTION unread_notices(reader uuid) RETURNS integer LANGUAGE sql STABLE AS $$
        SELECT count(*)::integer FROM (
            SELECT FROM notices WHERE user_id = reader AND read_at IS NULL ORDER BY id LIMIT 100) unread
    $$;
    COMMENT ON FUNCTION unread_notices IS 'at most 100: every page asks, and a hundred are as many as there are';
    """)


def downgrade() -> None:
    op.execute("DROP FUNCTION unread_notices(uuid); DROP TABLE notices;")
