"""The flows that are swept. A new one is a function of named steps and a line in ``ALL``."""

from datetime import timedelta

from portal.directory.models import Business
from tests.support import shop
from tests.support.shop import PASSWORD
from tests.sweep.flow import Flow
from tests.sweep.play import ANN, Person, Play

PROFILE = {"name": "Lantern Coffee", "category": "cafe"}
PLACE = {"name": "Main", "address_line1": "1 Quay Street", "city": "London", "postcode": "N1 1AA"}
ONE_ORDER = {
    "businesses": 1, "subscriptions": 1, "payment_sessions": 1, "payment_attempts": 1, "membership_transactions": 1,
}  # fmt: skip
"""What there is one of, however the way to it was cut."""
PAID = ONE_ORDER | {
    "payment_sessions WHERE status = 'paid' AND paid_late_at IS NULL": 1,
    "membership_transactions WHERE status = 'completed'": 1,
    "payment_attempts WHERE disposition = 'applied' AND captured_amount = amount": 1,
    "ledger_postings WHERE recipe = 'payment_received'": 1,
    "invoices WHERE status = 'paid'": 1,
    "subscriptions WHERE status = 'active'": 1,
}


def an_owner() -> None:
    """Ann, whose address is proved."""
    shop.make_owner(ANN)


def a_shop() -> Business:
    """Ann's shop with a further branch: £4.00 a month, which a wallet pays in CNY."""
    business = shop.make_business(shop.make_owner(ANN))
    shop.make_branch(business, "Second")
    return business


def a_payment_begun() -> None:
    """Ann's shop with a confirmed quote; nobody has asked for the code yet."""
    customer = shop.make_customer(a_shop())
    shop.open_session(customer, shop.make_quote(customer))


def register(play: Play) -> None:
    """Somebody opens an account, proves the address with the first mail that came, and logs in."""
    ann = play.person()
    ann.open("/register")
    ann.press("/register", name="Ann", email=ANN, password=PASSWORD)
    play.work()
    ann.open(play.world("somebody reads the first mail", lambda: _first_link(play)))
    ann.press("")
    ann.open("/login")
    ann.press("/login", email=ANN, password=PASSWORD)
    assert 'action="/logout"' in ann.page


def _first_link(play: Play) -> str:
    """The link of the oldest mail: the one that people click, whatever comes after it."""
    link: str = play.sandbox.outbox(ANN)[-1]["links"][0]
    return link.removeprefix(play.base_url)


def register_business(play: Play) -> None:
    """Ann registers a business and says where it is."""
    ann = play.owner()
    ann.open("/businesses/new")
    ann.press("/businesses/new", **PROFILE)
    ann.press("/branches/new", **PLACE)


def fill_catalogue(play: Play) -> None:
    """Ann enters a product by hand, and invites somebody."""
    ann, address = play.owner(), play.shop()
    ann.open(f"{address}/products/new")
    ann.press("/products/new", name="Tea", price="2.50")
    ann.open(f"{address}/team")
    ann.press("/team", email="bob@shop.example")
    play.work()


def import_products(play: Play) -> None:
    """Ann hands in a file of products."""
    ann = play.owner()
    ann.open(f"{play.shop()}/products/import")
    ann.press("/products/import", file=b"name,price\nTea,2.50\nCake,3.10\nSoup,\n")
    play.work()


def forget_password(play: Play) -> None:
    """Ann lets the first mail that came lead her to a new password, and logs in with it."""
    ann = play.person()
    ann.open("/forgot")
    ann.press("/forgot", email=ANN)
    play.work()
    ann.open(play.world("somebody reads the first mail", lambda: _first_link(play)))
    ann.press("", password=f"new {PASSWORD}")
    play.work()
    ann.open("/login")
    ann.press("/login", email=ANN, password=f"new {PASSWORD}")
    assert 'action="/logout"' in ann.page


def start_subscription(play: Play) -> None:
    """Ann picks a tier, reads the quote and confirms it."""
    ann = play.owner()
    ann.open(f"{play.shop()}/plan")
    ann.press("/plan/quote", tier="pro")
    ann.press("/confirm")


def open_session(play: Play) -> None:
    """The code arrives."""
    ann = play.owner()
    ann.open(play.payment())
    play.work()
    ann.look_again()
    assert "qr" in ann.page


def pay(play: Play) -> None:
    """The provider tells that it was paid; the receipt goes out."""
    _open(play)
    play.payer_pays()
    play.notice_comes()
    play.work()


def pay_unnoticed(play: Play) -> None:
    """The notice gets lost; asking finds the money."""
    _open(play)
    play.payer_pays(lose=True)
    play.time_passes(timedelta(seconds=11))
    play.work()


def expire(play: Play) -> None:
    """Nobody pays: the session ends, the order is closed, and after the day of watching the draft is let go."""
    _open(play)
    for step in (timedelta(minutes=61), timedelta(minutes=2), timedelta(hours=25)):
        play.time_passes(step)
        play.work()


def renew(play: Play) -> None:
    """The next month is announced a week ahead, and invoiced three days ahead as nothing can be charged by itself."""
    _open(play)
    play.payer_pays()
    with play.points.quiet():
        play.notice_comes()
        play.work()
    for days in (24, 4):  # whatever month it is, the first look is over after the first step, the second after both
        play.time_passes(timedelta(days=days))
        play.schedule()
        play.work()


def cancel(play: Play) -> None:
    """Ann thinks better of it; the order is closed at the provider."""
    ann = _open(play)
    ann.press("/cancel")
    play.work()


def ask_for_more_time(play: Play) -> None:
    """The payer needs longer: a fresh code for the same order."""
    ann = _open(play)
    ann.press("/extend")
    play.work()


def _open(play: Play) -> Person:
    """Ann before her code; how she came there is swept in flows of its own."""
    ann = play.owner()
    with play.points.quiet():
        play.work()
    ann.open(play.payment())
    return ann


ALL = (
    Flow(
        "register",
        register,
        {"users WHERE verified_at IS NOT NULL": 1, "users": 1},
        passes=("sends /register: commit, before", "the workers work: mail “Confirm your e-mail address”"),
        mails={ANN: 1},
    ),
    Flow(
        "register a business",
        register_business,
        {"businesses": 1, "branches WHERE is_main": 1, "team_members WHERE role = 'owner'": 1},
        passes=("sends /businesses/new: commit, before", "sends /businesses/…/branches/new: commit, after"),
        given=an_owner,
    ),
    Flow(
        "fill the catalogue",
        fill_catalogue,
        {"products": 1, "team_invitations": 1, "team_invitations WHERE withdrawn_at IS NULL": 1},
        passes=("sends /businesses/…/products/new: commit, before", "the workers work: mail “"),
        given=a_shop,
        mails={"bob@shop.example": 1},
    ),
    Flow(
        "import products",
        import_products,
        {"products": 3, "product_imports": 1, "product_imports WHERE state = 'done'": 1},
        passes=("sends /businesses/…/products/import: commit, before", "commit of directory.import_products, after"),
        given=a_shop,
    ),
    Flow(
        "forget a password",
        forget_password,
        {"users": 1, "email_tokens WHERE used_at IS NOT NULL": 1},
        passes=("sends /reset/…: commit, after", "mail “"),
        given=an_owner,
        mails={ANN: 2},
    ),
    Flow(
        "start a subscription",
        start_subscription,
        ONE_ORDER | {"quotes": 1, "invoices WHERE status = 'draft'": 1},
        passes=("plan/quote: commit, before", "confirm: wake interactive, before"),
        given=a_shop,
    ),
    Flow(
        "open a session",
        open_session,
        ONE_ORDER | {"payment_sessions WHERE status = 'open'": 1},
        passes=("POST /v3/pay/transactions/native of payments.request_charge, before",),
        given=a_payment_begun,
    ),
    Flow(
        "pay",
        pay,
        PAID | {"payment_events WHERE status = 'applied'": 1},
        passes=("the provider notifies: commit, before", "commit of payments.apply_event, after", "mail “"),
        given=a_payment_begun,
        mails={ANN: 1},
    ),
    Flow(
        "pay without a notice",
        pay_unnoticed,
        PAID | {"payment_events": 0},
        passes=("GET /v3/pay/transactions/out-trade-no/… of payments.look, after", "mail “"),
        given=a_payment_begun,
        mails={ANN: 1},
    ),
    Flow(
        "expire",
        expire,
        ONE_ORDER
        | {
            "payment_sessions WHERE status = 'expired'": 1,
            "payment_attempts WHERE status = 'closed'": 1,
            "invoices WHERE status = 'void'": 1,
        },
        passes=("of payments.expire_session, before", "/close of payments.close", "commit of billing.lapse_draft"),
        given=a_payment_begun,
    ),
    Flow(
        "renew",
        renew,
        {
            "invoices WHERE kind = 'subscription_renewal' AND status = 'open' AND number LIKE 'INV-%-000002'": 1,
            "subscription_periods": 2,
            "period_holdings": 4,
            "domain_events WHERE name = 'billing.renewal_announced'": 1,
            "domain_events WHERE name = 'billing.renewal_invoiced'": 1,
        },
        passes=("commit of billing.renew, before", "commit of billing.renew_chunk, before", "mail “"),
        given=a_payment_begun,
        mails={ANN: 3},  # its start, the announcement and the invoice
    ),
    Flow(
        "cancel",
        cancel,
        ONE_ORDER | {"payment_sessions WHERE status = 'cancelled'": 1, "payment_attempts WHERE status = 'closed'": 1},
        passes=("/cancel: commit, before", "/close of payments.close, before"),
        given=a_payment_begun,
    ),
    Flow(
        "ask for more time",
        ask_for_more_time,
        ONE_ORDER | {"payment_sessions WHERE expires_at = created_at + interval '2 hours'": 1},
        passes=("/extend: commit, before", "POST /v3/pay/transactions/native of payments.request_charge, after"),
        given=a_payment_begun,
    ),
)
