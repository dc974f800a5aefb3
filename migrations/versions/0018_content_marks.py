"""Marks of what the public sees: every write to it leaves one, so that a cached page is known to be old.

The marks of a tag, put together by exclusive or, are the edition of what the tag names. Marks are random: after a
rollback or a restored backup no earlier edition comes back. They are inserted and never updated, so that nobody
waits for anybody; folding many into one leaves the edition as it is.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(_MARKS)
    for table, tags in _TAGS.items():
        for event, rows in (("INSERT", "NEW TABLE AS rows"), ("DELETE", "OLD TABLE AS rows")):
            op.execute(_trigger(table, event, rows, tags))
    for table in ("branches", "products", "product_photos", "price_versions", "prices"):
        op.execute(_trigger(table, "UPDATE", "NEW TABLE AS rows", _TAGS[table]))
    op.execute(_CHANGES)


def downgrade() -> None:
    op.execute("""
    DROP TRIGGER businesses_marked ON businesses;
    DROP TRIGGER business_entitlements_marked_update ON business_entitlements;
    DROP FUNCTION mark_changed_business(), mark_changed_entitlements();
    """)
    for table in _TAGS:
        op.execute(f"DROP TRIGGER {table}_marked_insert ON {table}; DROP TRIGGER {table}_marked_delete ON {table};")
        op.execute(f"DROP TRIGGER IF EXISTS {table}_marked_update ON {table};")
        op.execute(f"DROP FUNCTION IF EXISTS mark_{table}();")
    op.execute("DROP TABLE content_marks;")


_MARKS = """
    CREATE TABLE content_marks (
        tag text NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        mark bigint NOT NULL DEFAULT hashtextextended(gen_random_uuid()::text, 0),
        PRIMARY KEY (tag, id) INCLUDE (mark)
    );
    COMMENT ON COLUMN content_marks.tag IS 'prices, directory, or the id of a business for its listing';
    INSERT INTO content_marks (tag) VALUES ('prices'), ('directory');
"""

_OF_BUSINESSES = "SELECT DISTINCT business_id::text FROM rows"
_IN_THE_DIRECTORY = "SELECT 'directory' WHERE EXISTS (SELECT FROM rows)"
_PRICES = "SELECT 'prices' WHERE EXISTS (SELECT FROM rows)"
_TAGS = {
    "business_entitlements": f"{_IN_THE_DIRECTORY} UNION ALL {_OF_BUSINESSES}",
    "branches": f"{_IN_THE_DIRECTORY} UNION ALL {_OF_BUSINESSES}",
    "products": _OF_BUSINESSES,
    "product_photos": "SELECT DISTINCT p.business_id::text FROM rows JOIN products p ON p.id = rows.product_id",
    "price_versions": _PRICES,
    "prices": _PRICES,
}


def _trigger(table: str, event: str, rows: str, tags: str) -> str:
    return f"""
    CREATE OR REPLACE FUNCTION mark_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO content_marks (tag) {tags};
        RETURN NULL;
    END $$;
    CREATE TRIGGER {table}_marked_{event.lower()} AFTER {event} ON {table}
        REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION mark_{table}();
    """


_CHANGES = """
    -- Counters of products move without anybody seeing it, and a renewal entitles to what was shown already.
    CREATE FUNCTION mark_changed_business() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO content_marks (tag) VALUES ('directory'), (NEW.id::text);
        RETURN NULL;
    END $$;
    CREATE TRIGGER businesses_marked
        AFTER UPDATE OF slug, name, category, description, email, phone, website, logo ON businesses
        FOR EACH ROW EXECUTE FUNCTION mark_changed_business();

    CREATE FUNCTION mark_changed_entitlements() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO content_marks (tag)
        WITH turned AS (
            SELECT n.business_id FROM new_rows n JOIN old_rows o USING (business_id) WHERE n.is_listed <> o.is_listed
        )
        SELECT 'directory' WHERE EXISTS (SELECT FROM turned) UNION ALL SELECT business_id::text FROM turned;
        RETURN NULL;
    END $$;
    CREATE TRIGGER business_entitlements_marked_update AFTER UPDATE ON business_entitlements
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION mark_changed_entitlements();
"""
