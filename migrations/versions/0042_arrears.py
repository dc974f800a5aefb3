"""What is paid along with something else: tiny amounts carried to the next payment, and what was owed before."""

import runpy
from pathlib import Path

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_VERSIONS = Path(__file__).parent
_EARLIER = runpy.run_path(str(_VERSIONS / "0041_terms_are_held.py"))
_NOTES = runpy.run_path(str(_VERSIONS / "0022_credit_notes.py"))
_TAXED = runpy.run_path(str(_VERSIONS / "0024_tax.py"))
_PREPAID = runpy.run_path(str(_VERSIONS / "0037_prepayments.py"))
_BEFORE = runpy.run_path(str(_VERSIONS / "0038_branch_batches.py"))
_allow = runpy.run_path(str(_VERSIONS / "0032_hibernation.py"))["_allow"]

# The kinds of quotes and invoices, and the types of purchases, as they are from here on.
KINDS = (*_BEFORE["KINDS"], "restoration", "carried")
TYPES = (*_BEFORE["TYPES"], "restoration", "carried")
BELOW_ZERO = "kind NOT IN ('subscription_start', 'prepayment', 'restoration', 'carried')"
_NO_INVOICE = "kind NOT IN ('prepayment', 'restoration', 'carried') OR number IS NULL"
_SETTLED = f"{_TAXED['_SETTLED']} AND {_TAXED['_TAX']}"
_MOVING = "status,credit_amount,paid_amount,paid_at,credited_amount,credited_open_amount"
_SIGN = "CASE a.code WHEN 'customer_carried' THEN -1 ELSE 1 END"
_OWNED = "a.code = 'customer_credit'"

# The rules as they are from here on; what comes later goes on from these.
TOUCHED, SETS, WHOLE = _EARLIER["TOUCHED"], _EARLIER["SETS"], _EARLIER["WHOLE"]
UNDER_WAY = _EARLIER["UNDER_WAY"]
LEDGER = _EARLIER["LEDGER"] | {
    "guarded_balance_is_its_entries": _EARLIER["LEDGER"]["guarded_balance_is_its_entries"].replace(
        "-sum(e.amount)", f"-sum(e.amount) * {_SIGN}"
    ),
}
PAYMENTS = _EARLIER["PAYMENTS"] | {
    "owners_agree": _EARLIER["PAYMENTS"]["owners_agree"].replace(
        _OWNED, "a.code IN ('customer_credit', 'customer_carried')"
    ),
}
AGREEMENTS = _EARLIER["AGREEMENTS"] | {
    "invoice_payments_are_booked": _EARLIER["AGREEMENTS"]["invoice_payments_are_booked"].replace(
        "sum(s.amount)", "sum(s.amount - s.arrears_amount)"
    ),
    "invoice_is_its_postings": _EARLIER["AGREEMENTS"]["invoice_is_its_postings"].replace(
        "m.method = 'credit'", "m.method IN ('credit', 'carried')"
    ),
    "carried_is_booked": """SELECT i.public_id, i.carried_amount || ' <> ' || b.carried
        FROM touched_invoices JOIN invoices i USING (id) CROSS JOIN LATERAL (
            SELECT coalesce(sum(e.amount), 0) AS carried FROM membership_transactions m
            JOIN ledger_postings p ON p.reference = 'carried:' || m.id JOIN ledger_entries e ON e.posting_id = p.id
            JOIN ledger_accounts a ON a.id = e.account_id
            WHERE m.invoice_id = i.id AND m.method = 'carried' AND a.code = 'customer_carried') b
        WHERE i.carried_amount <> b.carried""",
}


def upgrade() -> None:
    # Servers that do not know of it carry nothing and collect no arrears, so all that they write meets what is said
    # again here, as all rows do that are there.
    op.execute(f"""
    -- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
    ALTER TABLE invoices ADD COLUMN carried_amount bigint NOT NULL DEFAULT 0,
        DROP CONSTRAINT invoices_check,
        DROP CONSTRAINT invoices_check1,
        ADD CONSTRAINT invoices_check CHECK ({_SETTLED} AND carried_amount BETWEEN 0 AND credit_amount),
        ADD CONSTRAINT invoices_check1 CHECK ({_PREPAID["_NUMBERED"]} AND ({_NO_INVOICE}));
    COMMENT ON COLUMN invoices.carried_amount IS 'the part of credit_amount that was lent, owed with the next payment';
    ALTER TABLE payment_sessions ADD COLUMN arrears_amount bigint NOT NULL DEFAULT 0,
        DROP CONSTRAINT payment_sessions_amount_check,
        ADD CONSTRAINT payment_sessions_amount_check
            CHECK (amount > 0 AND arrears_amount >= 0 AND arrears_amount < amount);
    COMMENT ON COLUMN payment_sessions.arrears_amount IS 'the part of amount that pays what was owed before';
    """)
    op.execute(_NOTES["_keep_issued_invoice"](f"{_MOVING},carried_amount"))
    _keep_balances("CASE WHEN code = 'customer_carried' THEN balance + NEW.amount ELSE balance - NEW.amount END")
    op.execute("""
    COMMENT ON COLUMN ledger_accounts.balance IS
        'what is owed to the owner, and on customer_carried by the owner; kept for guarded accounts only';
    """)
    _allow(KINDS, TYPES, BELOW_ZERO)
    _NOTES["define"](TOUCHED, SETS, {**LEDGER, **PAYMENTS, **AGREEMENTS}, UNDER_WAY, WHOLE)


def _keep_balances(balance: str) -> None:
    op.execute(f"""
    CREATE OR REPLACE FUNCTION keep_guarded_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE ledger_accounts SET balance = {balance} WHERE id = NEW.account_id AND is_guarded;
        RETURN NULL;
    END $$;
    """)  # noqa: S608 - of the two there are


def downgrade() -> None:
    written = {**_EARLIER["LEDGER"], **_EARLIER["PAYMENTS"], **_EARLIER["AGREEMENTS"]}
    _NOTES["define"](TOUCHED, SETS, written, UNDER_WAY, WHOLE)
    _allow(_BEFORE["KINDS"], _BEFORE["TYPES"], _BEFORE["BELOW_ZERO"])
    _keep_balances("balance - NEW.amount")
    op.execute(_NOTES["_keep_issued_invoice"](_MOVING))
    op.execute(f"""
    COMMENT ON COLUMN ledger_accounts.balance IS 'what is owed to the owner; kept for guarded accounts only';
    ALTER TABLE payment_sessions DROP COLUMN arrears_amount,
        ADD CONSTRAINT payment_sessions_amount_check CHECK (amount > 0);
    ALTER TABLE invoices DROP COLUMN carried_amount, DROP CONSTRAINT invoices_check1,
        ADD CONSTRAINT invoices_check CHECK ({_SETTLED}),
        ADD CONSTRAINT invoices_check1 CHECK ({_PREPAID["_NUMBERED"]} AND (kind <> 'prepayment' OR number IS NULL));
    """)
