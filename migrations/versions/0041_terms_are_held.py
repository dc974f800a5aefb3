"""What an agreement says is what its running period holds, and no further branch is shown that it does not pay for."""

import runpy
from pathlib import Path

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_EARLIER = runpy.run_path(str(Path(__file__).with_name("0039_dunning.py")))
_define = runpy.run_path(str(Path(__file__).with_name("0022_credit_notes.py")))["define"]
_RUNS = "u.status IN ('active', 'past_due')"

# The rules as they are from here on; what comes later goes on from these.
TOUCHED, SETS, WHOLE = _EARLIER["TOUCHED"], _EARLIER["SETS"], _EARLIER["WHOLE"]
LEDGER, PAYMENTS, UNDER_WAY = _EARLIER["LEDGER"], _EARLIER["PAYMENTS"], _EARLIER["UNDER_WAY"]
AGREEMENTS = _EARLIER["AGREEMENTS"] | {
    # What was chosen for the day on which a period began is held from then on, and said a moment later by its job.
    "period_holds_what_is_agreed": f"""SELECT u.public_id, u.mode || ' ' || u.tier_code || ' + ' || u.extra_branches
        FROM touched_subscriptions JOIN subscriptions u USING (id) JOIN subscription_periods p
            ON p.subscription_id = u.id AND p.starts_at <= business_now() AND p.ends_at > business_now()
        WHERE {_RUNS} AND (u.turns_on IS NULL OR u.turns_on > p.starts_on) AND EXISTS (
            SELECT FROM (SELECT h.code, sum(h.quantity) AS count FROM period_holdings h
                WHERE h.period_id = p.id GROUP BY h.code) held
            FULL JOIN (SELECT 'hibernation' AS code, 1 AS count WHERE u.mode = 'hibernating'
                UNION ALL SELECT u.tier_code, 1 WHERE u.mode = 'awake'
                UNION ALL SELECT 'branch', u.extra_branches WHERE u.mode = 'awake') agreed USING (code)
            WHERE coalesce(held.count, 0) <> coalesce(agreed.count, 0))""",  # noqa: S608 - of the states named here
    "shown_branch_is_paid": f"""SELECT u.public_id, shown.count || ' > ' || u.extra_branches
        FROM touched_subscriptions JOIN subscriptions u USING (id) JOIN customers c ON c.id = u.customer_id
        CROSS JOIN LATERAL (SELECT count(*) FROM branches b WHERE b.business_id = c.business_id AND NOT b.is_main
            AND b.removed_at IS NULL AND b.shown_since IS NOT NULL) shown
        WHERE {_RUNS} AND u.mode = 'awake' AND shown.count > u.extra_branches""",  # noqa: S608 - of the states named here
}


def upgrade() -> None:
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **AGREEMENTS}, UNDER_WAY, WHOLE)


def downgrade() -> None:
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **_EARLIER["AGREEMENTS"]}, UNDER_WAY, WHOLE)
