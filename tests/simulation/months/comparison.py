"""Product and plan held against each other: what is observed is judged first, then all must agree."""

from collections import Counter
from datetime import timedelta

from tests.simulation import prices
from tests.simulation.months.papers import Invoice, Quote
from tests.simulation.months.plan import Plan
from tests.simulation.months.product import LongProduct, SeenInvoice

_SLACK = timedelta(seconds=60)
_SPREAD = timedelta(hours=2)
"""So far the tries of what failed together are spread."""


def everything(product: LongProduct, plan: Plan) -> None:
    """Compare the agreement, its periods, all invoices and credit, and all sessions."""
    if plan.status == "none":
        return
    _same_plan(product, plan)
    issued = product.issued()
    assert [_facts(one) for one in issued] == [_facts_of(one) for one in plan.invoices]
    for seen, invoice in zip(issued, plan.invoices, strict=True):
        _same_case(seen, invoice)
    _same_sessions(product, plan)


def _same_plan(product: LongProduct, plan: Plan) -> None:
    seen = product.plan()
    agreement = (plan.status, plan.mode, plan.tier, plan.version[1], plan.pending, plan.wakes_on)
    assert (seen.status, seen.mode, seen.tier, seen.version, seen.pending, seen.wakes_on) == agreement
    assert (seen.credit, seen.noted, seen.held_back) == (plan.credit, plan.noted, plan.held_back)
    assert (seen.is_listed, seen.charges) == (plan.is_listed, plan.charges)
    assert seen.periods == [f"{one.start}..{one.end} {one.monthly}" for one in plan.periods]


def _facts(seen: SeenInvoice) -> tuple[object, ...]:
    paid = (seen.credit, seen.paid, seen.credited, seen.credited_open)
    return seen.kind, seen.starts_on, seen.status, seen.total, *paid, seen.case_status, seen.step


def _facts_of(invoice: Invoice) -> tuple[object, ...]:
    paid = (invoice.credit, invoice.paid, invoice.credited, invoice.credited_open)
    case = (invoice.case.status, invoice.case.step) if invoice.case else (None, None)
    return invoice.kind, invoice.period.start, invoice.status, invoice.total, *paid, *case


def _same_case(seen: SeenInvoice, invoice: Invoice) -> None:
    """The next try may be as late as they are spread; when it is, is taken over from what is seen."""
    case = invoice.case
    if case is None or seen.started_at is None or seen.next_at is None or case.status == "closed":
        return
    assert abs(seen.started_at - case.started_at) < _SLACK, f"failed first at {seen.started_at}, not {case.started_at}"
    assert -_SLACK < seen.next_at - case.next_at < _SPREAD + _SLACK, f"next at {seen.next_at}, not {case.next_at}"
    case.started_at, case.next_at = seen.started_at, seen.next_at


def _same_sessions(product: LongProduct, plan: Plan) -> None:
    rows = {row.public_id: row for row in product.sessions()}
    for session in plan.sessions:
        if session.public_id:
            row = rows[session.public_id]
            assert (row.state, row.disposition or "") == (session.state, session.became), session
            assert abs(row.expires_at - session.expires_at) < _SLACK
            session.expires_at = row.expires_at
            assert row.asked in (session.owed, prices.in_fen(session.owed, plan.currency)), session


def quote(page: str, plan: Plan, shown: Quote) -> None:
    """The page of a quote names what is due or comes back."""
    assert shown.total >= 0 or prices.written(-shown.total, plan.currency) in page, shown
    assert (prices.written(shown.due, plan.currency) if shown.due else "Confirm, nothing to pay") in page, shown


def told(product: LongProduct, plan: Plan) -> None:
    """At the very end: the owner was told of each thing once, with its day and its amount."""
    assert Counter(product.happened(plan.zone)) == Counter(plan.told)
