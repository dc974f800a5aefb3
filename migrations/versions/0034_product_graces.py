"""Graces of businesses with more products than their tier holds, and what the public sees of those once one is over."""

import runpy
from pathlib import Path

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_EARLIER = runpy.run_path(str(Path(__file__).with_name("0029_renewals.py")))
_define = runpy.run_path(str(Path(__file__).with_name("0022_credit_notes.py")))["define"]
_MARKS = runpy.run_path(str(Path(__file__).with_name("0018_content_marks.py")))

# The rules as they are from here on; what comes later goes on from these.
TOUCHED, SETS, WHOLE = _EARLIER["TOUCHED"], _EARLIER["SETS"], _EARLIER["WHOLE"]
LEDGER, PAYMENTS = _EARLIER["LEDGER"], _EARLIER["PAYMENTS"]
AGREEMENTS = _EARLIER["AGREEMENTS"] | {
    "newest_are_hidden_after_a_grace": """SELECT b.public_id, t.overage_policy || ' / ' || coalesce(g.status, '')
        FROM touched_entitlements JOIN business_entitlements t USING (business_id)
        JOIN businesses b ON b.id = t.business_id JOIN customers c ON c.business_id = b.id
        LEFT JOIN subscriptions u ON u.customer_id = c.id AND u.status <> 'cancelled'
        LEFT JOIN product_graces g ON g.subscription_id = u.id AND g.status <> 'ended'
        WHERE (t.overage_policy = 'hide') <> coalesce(g.status = 'hidden', false)""",
}
UNDER_WAY = _EARLIER["UNDER_WAY"] | {
    "grace_has_its_next_look": """SELECT u.public_id, g.status || ' until ' || g.ends_at
        FROM product_graces g JOIN subscriptions u ON u.id = g.subscription_id
        JOIN customers c ON c.id = u.customer_id
        WHERE g.resting_since IS NULL AND (g.status = 'running' OR g.status = 'hidden' AND g.under_since IS NOT NULL)
        AND NOT EXISTS (SELECT FROM staged_jobs j WHERE j.state IN ('pending', 'leased')
            AND j.key IN ('billing.reconcile_product_limits:' || c.business_id,
                'directory.products_counted:' || c.business_id))""",
}

# Of a hidden product nothing is found, whoever hid it.
_SEARCH = """
    CREATE OR REPLACE FUNCTION refresh_directory_search(wanted uuid[]) RETURNS void LANGUAGE sql AS $$
        INSERT INTO directory_search (business_id, words, lexemes, cjk)
        SELECT b.id, found.words,
               setweight(to_tsvector('english', translate(unaccent(b.name), '''’', '')), 'A')
                   || setweight(to_tsvector('english', found.words), 'B')
                   || setweight(to_tsvector('english', unaccent(b.description)), 'D'),
               cjk_tokens(concat_ws(' ', found.words, b.description))
        FROM businesses b
        JOIN categories c ON c.code = b.category
        CROSS JOIN LATERAL (
            SELECT string_agg(DISTINCT city, ' ') AS names FROM branches
            WHERE business_id = b.id AND removed_at IS NULL AND shown_since IS NOT NULL
        ) towns
        CROSS JOIN LATERAL (
            SELECT string_agg(name, ' ') AS names FROM (
                SELECT name FROM products WHERE business_id = b.id AND NOT is_hidden {beside}
                ORDER BY position, id LIMIT 300
            ) first_products
        ) goods
        CROSS JOIN LATERAL (
            SELECT translate(unaccent(concat_ws(' ', b.name, c.words, towns.names, goods.names)), '''’', '') AS words
        ) found
        WHERE b.id = ANY (wanted)
        ORDER BY b.id
        ON CONFLICT (business_id) DO UPDATE
            SET words = excluded.words, lexemes = excluded.lexemes, cjk = excluded.cjk
    $$;
"""
_WITHIN = """AND id <= coalesce((
                    SELECT newest_shown_product(b.id, t.product_limit) FROM business_entitlements t
                    WHERE t.business_id = b.id AND t.overage_policy = 'hide'
                ), id)"""
_TURNED = "n.is_listed <> o.is_listed"
_SHOWS = "CASE WHEN {row}.overage_policy = 'hide' THEN {row}.product_limit END"
_SHOWS_OTHERS = f"{_SHOWS.format(row='n')} IS DISTINCT FROM {_SHOWS.format(row='o')}"


def upgrade() -> None:
    op.execute("""
    CREATE TABLE product_graces (
        id uuid PRIMARY KEY,
        subscription_id uuid NOT NULL REFERENCES subscriptions,
        status text NOT NULL CHECK (status IN ('running', 'hidden', 'ended')),
        started_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        under_since timestamptz,
        resting_since timestamptz,
        warned_at timestamptz,
        told_tier_code text,
        told_amount bigint,
        ended_at timestamptz,
        CONSTRAINT product_graces_length_check CHECK (ends_at >= started_at + interval '168 hours'),
        CONSTRAINT product_graces_told_check CHECK ((told_tier_code IS NULL) = (told_amount IS NULL)),
        CONSTRAINT product_graces_ended_check CHECK ((status = 'ended') = (ended_at IS NOT NULL))
    );
    COMMENT ON COLUMN product_graces.told_amount IS 'what the vendor was last told that its end may cost, at most';
    CREATE UNIQUE INDEX product_graces_open_idx ON product_graces (subscription_id) WHERE status <> 'ended';
    ALTER TABLE subscriptions ADD COLUMN can_grow boolean NOT NULL DEFAULT true;
    COMMENT ON COLUMN subscriptions.can_grow IS 'whether a grace ends with the next tier, where that can be paid';

    CREATE FUNCTION newest_shown_product(business uuid, shown integer) RETURNS uuid LANGUAGE sql STABLE AS $$
        SELECT CASE WHEN shown < 1 THEN '00000000-0000-0000-0000-000000000000' ELSE coalesce(
            (SELECT id FROM products WHERE business_id = business AND NOT is_hidden
              ORDER BY id OFFSET greatest(shown - 1, 0) LIMIT 1), 'ffffffff-ffff-ffff-ffff-ffffffffffff') END
    $$;
    COMMENT ON FUNCTION newest_shown_product IS 'the newest of the oldest products, as many of them as are shown';
    """)
    op.execute(_SEARCH.replace("{beside}", _WITHIN))
    op.execute(_marks(f"{_TURNED} OR {_SHOWS_OTHERS}"))
    op.execute(f"""
    CREATE FUNCTION refresh_search_of_entitlements() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM refresh_directory_search(ARRAY(
            SELECT n.business_id FROM new_rows n JOIN old_rows o USING (business_id) WHERE {_SHOWS_OTHERS}));
        RETURN NULL;
    END $$;
    CREATE TRIGGER business_entitlements_searchable_anew AFTER UPDATE ON business_entitlements
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION refresh_search_of_entitlements();
    """)  # noqa: S608 - of what stands above
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **AGREEMENTS}, UNDER_WAY, WHOLE)


def _marks(turned: str) -> str:
    """The function that marks what the public sees of entitlements, for those that have ``turned``."""
    made: str = (
        _MARKS["_CHANGES"].partition("CREATE FUNCTION mark_changed_entitlements")[2].partition("CREATE TRIGGER")[0]
    )
    return f"CREATE OR REPLACE FUNCTION mark_changed_entitlements{made}".replace(_TURNED, turned)


def downgrade() -> None:
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **_EARLIER["AGREEMENTS"]}, _EARLIER["UNDER_WAY"], WHOLE)
    op.execute("""
    DROP TRIGGER business_entitlements_searchable_anew ON business_entitlements;
    DROP FUNCTION refresh_search_of_entitlements();
    """)
    op.execute(_marks(_TURNED))
    op.execute(_SEARCH.replace("{beside}", ""))
    op.execute("""
    DROP FUNCTION newest_shown_product(uuid, integer);
    ALTER TABLE subscriptions DROP COLUMN can_grow;
    DROP TABLE product_graces;
    """)
