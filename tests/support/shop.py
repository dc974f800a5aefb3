"""A shop for tests: an owner, a business and a chosen tier, made by the product's own functions."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from portal.billing import checkout, quotes, renewals
from portal.billing.models import Quote
from portal.directory import branches, businesses
from portal.directory.branches import BranchDetails
from portal.directory.models import Business
from portal.identity import passwords, queries, registration, team
from portal.identity.models import User
from portal.identity.permissions import Role
from portal.invoicing import credit_notes, customers, invoices
from portal.invoicing.invoices import Line
from portal.invoicing.models import Customer
from portal.invoicing.queries import get_by_id
from portal.kit import config, edge
from portal.kit.money import Money
from portal.payments.models import PaymentAttempt, PaymentSession
from portal.payments.providers.base import PaymentEvidence
from portal.payments.queries import attempt_of, get_session

PASSWORD = "correct horse battery"
_HASH = passwords.hashed(PASSWORD)
METHOD = "wechat_pay"


def make_owner(email: str = "ann@shop.example") -> User:
    """Store a verified user called Ann."""
    registration.create_user("Ann", email, _HASH, "en", edge.now())
    user = queries.get_user_of(email)
    user.verified_at = edge.now()
    return user


def make_business(owner: User, name: str = "Lantern Coffee", **changes: str) -> Business:
    """Register a business with its main branch."""
    given: dict[str, Any] = {
        "name": name, "category": "cafe", "description": "Coffee and cake.", "email": "shop@shop.example", "phone": "",
        "website": "", "country": "GB", "currency": "GBP", "time_zone": "Europe/London",
    }  # fmt: skip
    business = businesses.register(owner.id, now=edge.now(), **(given | changes))
    make_branch(business, "Main")
    return business


def make_branch(business: Business, name: str) -> UUID:
    """Add a branch; the first one is the main branch."""
    return branches.add(business.id, now=edge.now(), **place(name)).id


def place(name: str) -> BranchDetails:
    """Return what is said of a branch."""
    return BranchDetails(
        name=name, address_line1=f"{name} Street 1", address_line2="", city="London", postcode="N1 1AA",
        country="GB", latitude=None, longitude=None, phone="", opening_hours="",
    )  # fmt: skip


def make_member(business: Business, email: str, role: Role, *, may_spend: bool = False) -> User:
    """Store a verified user who belongs to the business's team."""
    user = make_owner(email)
    team._add(business.id, user, role, may_spend, edge.now())
    return user


def make_customer(business: Business) -> Customer:
    """Make the business a customer."""
    return customers.of_business(business, edge.now())


def make_quote(customer: Customer, tier: str = "pro") -> Quote:
    """Quote the start with a tier."""
    return checkout.quote_tier(customer, tier, METHOD, edge.now())


def open_session(customer: Customer, quote: Quote) -> PaymentSession:
    """Confirm a quote that leaves something to pay."""
    opened = checkout.start_payment(customer, quote, METHOD, edge.now())
    assert opened is not None
    return get_session(opened.public_id)


def quote_of(session: PaymentSession) -> Quote:
    """Return the quote that a session is about."""
    quote_id = get_by_id(session.invoice_id).quote_id
    assert quote_id is not None
    return quotes.get_by_id(quote_id)


def give_credit(invoice_id: UUID, amount: int) -> None:
    """Give back ``amount`` of an invoice, out of goodwill."""
    invoice = invoices.lock(invoice_id)
    back = Money(amount, invoice.currency)
    line = Line("starter", 1, back, back, {})
    credit_notes.issue(invoice, [line], "goodwill", config.current().seller, edge.now())


def renew_all() -> None:
    """Do what is due about next periods, as the workers do while time goes by."""
    while renewals.renew_chunk(edge.now()):
        pass


def evidence_for(session: PaymentSession, **changes: Any) -> PaymentEvidence:
    """Return what the provider would say had the session been paid this moment."""
    attempt: PaymentAttempt = attempt_of(session.id)
    said: dict[str, Any] = {
        "provider": METHOD, "order_number": attempt.order_number, "transaction_id": f"T{attempt.order_number}",
        "amount": attempt.amount, "currency": attempt.currency, "paid_at": edge.now().astimezone(UTC),
    }  # fmt: skip
    return PaymentEvidence(**(said | changes))


def day(year: int, month: int, day_: int, hour: int = 12) -> datetime:
    """Return an instant in UTC."""
    return datetime(year, month, day_, hour, tzinfo=UTC)
