"""Model and product held against each other: first what the product did by itself is judged, then all must agree."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime

from tests.simulation import prices
from tests.simulation.model import Quote, Session, Shop, is_late
from tests.simulation.product import Product, SeenBatch, SeenSession
from tests.simulation.watching import may_be_void, must_be_known

Sessions = Mapping[str, tuple[Shop, Session]]
HEADLINES = {
    "created": "Your code is being prepared",
    "open": "Scan with",
    "expired": "This code has expired",
    "cancelled": "This payment was cancelled",
    "review": "We are looking at this payment",
    "applied": "Paid. Thank you!",
    "credited": "Paid, and kept as your credit",
    "held": "This was paid twice",
    "suspense": "We are looking at this payment",
}


def everything(product: Product, shops: Mapping[str, Shop], sessions: Sessions) -> None:
    """Take in what happened without anybody's act, then compare sessions and shops."""
    rows = {row.public_id: row for row in product.sessions()}
    assert rows.keys() == sessions.keys()
    now = product.now()
    news: list[tuple[datetime, SeenSession | SeenBatch]] = [(row.captured_at or now, row) for row in rows.values()]
    news += [(batch.at, batch) for key, shop in shops.items() for batch in product.batches(key)[shop.batches :]]
    for _, happened in sorted(news, key=lambda one: one[0]):
        if isinstance(happened, SeenBatch):
            _take_in_batch(happened, shops[happened.shop])
        else:
            _take_in_money(happened, *sessions[happened.public_id], now)
    for row in rows.values():
        _take_in_time(row, *sessions[row.public_id], now)
    for row in rows.values():
        _same_session(row, *sessions[row.public_id], now)
    _same_shops(product, shops)


def _take_in_money(row: SeenSession, shop: Shop, session: Session, now: datetime) -> None:
    """The product learned of money: it must be there, and become what the model says."""
    if row.disposition is None or (session.payment and session.payment.learned):
        return
    assert session.payment is not None, f"{row.public_id} caught money that nobody paid"
    caught = (row.captured_amount, row.captured_currency)
    assert caught == (session.payment.amount, session.payment.currency), row
    assert row.captured_at is not None
    was_void = row.invoice == "void" and may_be_void(session.invoice, shop.sessions, now)
    became = shop.learn(session, row.captured_at, not (was_void and row.disposition == "credited"))
    assert row.disposition == became, f"{row.public_id}: {row.disposition}, should be {became}"


def _take_in_batch(batch: SeenBatch, shop: Shop) -> None:
    """The product settled branches by itself, which it does while no payment is under way."""
    settled = shop.settle(batch.at)
    assert settled == (set(batch.added), set(batch.left)), f"{batch} settled, should be {settled}"


def _take_in_time(row: SeenSession, shop: Shop, session: Session, now: datetime) -> None:
    """Codes arrive, sessions end, drafts lapse, and what the provider never answered about is handed to people."""
    session.opened_at = row.created_at
    if session.state == "created" and row.state == "open":
        session.state = "open"
    if session.is_live and session.expires_at <= now:
        assert row.ended_at is not None, f"{row.public_id} outlived its time"
        session.end("expired", row.ended_at)
    if session.state == "cancelled" and row.state == "expired" and session.expires_at <= now:
        session.state = "expired"  # both were due at once; which came first is no matter
    if session.state in ("expired", "cancelled"):
        session.ended_at = row.ended_at
    if row.state == "review" and session.state in ("expired", "cancelled"):
        is_over = may_be_void(session.invoice, [session], now)
        assert is_over, f"{row.public_id} was given up too early"
        assert not session.is_undisturbed, f"{row.public_id} was given up, though the provider answered"
        session.state = "review"
    if row.invoice == "void" and session.invoice.status == "draft":
        assert may_be_void(session.invoice, shop.sessions, now), f"the draft of {row.public_id} lapsed too early"
        session.invoice.status = "void"


def _same_session(row: SeenSession, shop: Shop, session: Session, now: datetime) -> None:
    name = row.public_id
    assert row.state == session.state, f"{name} is {row.state}, should be {session.state}"
    assert row.asked == shop.asked(session), f"{name} asks {row.asked}"
    assert abs((row.expires_at - session.expires_at).total_seconds()) < 20, f"{name} ends at {row.expires_at}"
    session.expires_at = row.expires_at
    assert row.invoice == session.invoice.status, f"{name}: {row.invoice}, should be {session.invoice.status}"
    assert not (session.is_undisturbed and session.state == "created"), f"{name} has no code"
    is_known = session.payment is not None and session.payment.learned is not None
    assert row.is_late == (session.state == "paid" and is_late(session)), f"{name}: late {row.is_late}"
    assert is_known or not must_be_known(session, now), f"{name} was paid, and the product does not know"


def _same_shops(product: Product, shops: Mapping[str, Shop]) -> None:
    for row in product.shops():
        shop = shops[row.public_id]
        found = (row.status, row.tier, row.version, row.credit)
        assert found == ("active" if shop.is_active else "incomplete", shop.tier, shop.version, shop.credit), row
        period: tuple[date, date] | None = None
        if row.starts_on is not None and row.ends_on is not None:
            period = row.starts_on, row.ends_on
        assert (period, row.branches) == (shop.period, len(shop.shown)), row
        assert set(row.shown) == shop.shown, row
        held = [session for session in shop.sessions if session.payment and session.payment.learned == "held"]
        assert row.refunds == len(held), row


def quote(page: str, shop: Shop, shown: Quote) -> None:
    """The page of a quote names what is due or comes back, and what the wallet will collect."""
    assert shown.total >= 0 or prices.written(-shown.total, shop.currency) in page, shown
    assert (prices.written(shown.due, shop.currency) if shown.due else "Confirm, nothing to pay") in page, shown
    assert shop.currency == "CNY" or not shown.due or prices.written(shown.asked, "CNY") in page, shown


def page(product: Product, public_id: str, session: Session) -> None:
    """The page of a payment says how it stands, or what became of its money."""
    shown = product.owner.get(f"/pay/{public_id}/status").text
    became = session.payment.learned if session.payment else None
    assert HEADLINES[became or session.state] in shown, f"{public_id}: {session.state} {became}\n{shown}"


def last(product: Product, shops: Mapping[str, Shop], sessions: Sessions) -> None:
    """At the very end: page and mail tell each payer once what became of the money, and no draft is left alone."""
    for public_id, (_, session) in sessions.items():
        page(product, public_id, session)
        assert not session.is_live
    assert [shop.leaving for shop in shops.values() if shop.leaving] == [], "what was to go is still there"
    learned = [public_id for public_id, (_, session) in sessions.items() if session.payment and session.payment.learned]
    assert sorted(told for told in product.told() if told in sessions) == sorted(learned), "not everybody got a mail"
    drawn = Counter(
        (key, invoice.status, invoice.quote.total) for key, shop in shops.items() for invoice in shop.invoices
    )
    assert Counter(product.invoices()) == drawn
    assert not {status for _, status, _ in drawn} - {"paid", "void"}, "a draft is left"
