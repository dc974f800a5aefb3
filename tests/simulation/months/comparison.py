"""Product and plan held against each other: what is observed is judged first, then all must agree."""

from collections import Counter
from datetime import datetime, timedelta

from tests.simulation import prices
from tests.simulation.months.limited import Grace, Limited
from tests.simulation.months.papers import Invoice, Quote
from tests.simulation.months.product import LongProduct, SeenInvoice

_SLACK = timedelta(seconds=60)
_SPREAD = timedelta(hours=2)
"""So far the tries of what failed together are spread."""


def everything(product: LongProduct, plan: Limited) -> None:
    """Compare the agreement, its periods, all invoices and credit, and all sessions."""
    if plan.status == "none":
        return
    _same_plan(product, plan)
    issued = product.issued()
    facts = [_facts_of(one) for one in plan.invoices]
    assert [_facts(one) for one in issued] == facts, f"{issued}\nshould be {facts}"
    for seen, invoice in zip(issued, plan.invoices, strict=True):
        _same_case(seen, invoice)
    _same_sessions(product, plan)
    _same_grace(product, plan)


def _same_plan(product: LongProduct, plan: Limited) -> None:
    seen = product.plan()
    mine = (plan.status, plan.mode, plan.tier, plan.version[1], plan.pending, plan.wakes_on)
    assert (seen.status, seen.mode, seen.tier, seen.version, seen.pending, seen.wakes_on) == mine, (seen, mine)
    amounts = (plan.credit, plan.carried, plan.noted, plan.held_back)
    assert (seen.credit, seen.carried, seen.noted, seen.held_back) == amounts, (seen, amounts)
    assert (seen.is_listed, seen.charges) == (plan.is_listed, plan.charges), (seen, plan.charges)
    assert (seen.policy == "hide") == bool(plan.grace and plan.grace.is_hidden)
    branches = {f"{one}{' leaves' * (one in plan.leaving)}" for one in plan.shown} | {
        f"{one} waits" for one in plan.waiting
    }
    assert (seen.extra, set(seen.branches)) == (plan.extra, branches), (seen, plan.extra, branches)
    periods = [f"{one.start}..{one.end} {one.monthly}" for one in plan.periods]
    assert seen.periods == periods, (seen, periods)


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


def _same_sessions(product: LongProduct, plan: Limited) -> None:
    rows = {row.public_id: row for row in product.sessions()}
    for session in plan.sessions:
        if session.public_id:
            row = rows[session.public_id]
            assert (row.state, row.disposition or "") == (session.state, session.became), (row, session)
            assert abs(row.expires_at - session.expires_at) < _SLACK
            session.expires_at = row.expires_at
            assert row.asked in (session.owed, prices.in_fen(session.owed, plan.currency)), session


def _same_grace(product: LongProduct, plan: Limited) -> None:
    """The instants of a grace are taken over, too: they are those of acts, to the second."""
    seen, grace = product.grace(), plan.grace
    assert (seen is None) == (grace is None), (seen, grace)
    if seen is None or grace is None:
        return
    told = (seen.is_warned, seen.is_hidden, seen.is_charged, seen.told)
    assert told == (grace.is_warned, grace.is_hidden, grace.is_charged, grace.told), (seen, grace)
    for mine, theirs in zip(_instants(grace), _instants(seen), strict=True):
        assert (mine is None) == (theirs is None), (seen, grace)
        assert mine is None or theirs is None or abs(mine - theirs) < _SLACK, (seen, grace)
    plan.take_over(seen)


def _instants(grace: Grace) -> tuple[datetime | None, ...]:
    return grace.ends_at, grace.under_since, grace.resting_since


def quote(page: str, plan: Limited, shown: Quote) -> None:
    """The page of a quote names what is due or comes back."""
    assert shown.total >= 0 or prices.written(-shown.total, plan.currency) in page, shown
    assert (prices.written(shown.to_pay, plan.currency) if shown.to_pay else "Confirm, nothing to pay") in page, shown


def told(product: LongProduct, plan: Limited) -> None:
    """At the very end: the owner was told of each thing once, with its day and its amount."""
    seen = Counter(product.happened(plan.zone_at))
    assert seen == Counter(plan.told), (seen - Counter(plan.told), Counter(plan.told) - seen)
