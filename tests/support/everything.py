"""One of everything that belongs to a business, by the names that routes use for it."""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import select

from portal.billing.apply_payment import apply_payment
from portal.directory import branches, product_import, products
from portal.directory.models import Business
from portal.identity import team
from portal.identity.models import TeamInvitation, User
from portal.identity.permissions import Role
from portal.identity.queries import find_member
from portal.invoicing.queries import InvoiceFilter, all_invoices
from portal.kit import edge
from portal.kit.db import db
from portal.kit.money import Money
from portal.payments.queries import get_session
from portal.payments.transactions import of_session
from tests.support import shop

OWNER, VIEWER, OTHER = "ann@shop.example", "viewer@shop.example", "other@shop.example"


@dataclass(frozen=True)
class World:
    """A shop with one of everything, and a stranger's."""

    business: Business
    ids: dict[str, str]


def make_everything() -> World:
    """Store it all, the payment still open; commit it before opening pages."""
    owner = shop.make_owner(OWNER)
    business = shop.make_business(owner)
    viewer = shop.make_member(business, VIEWER, Role.VIEWER)
    shop.make_business(shop.make_owner(OTHER), "Other")
    ids = {"business": business.public_id, "slug": business.slug, "name": "none", "token": "none"}
    ids["job_id"] = str(uuid4())
    return World(business, ids | _catalogue(business) | _team(business, owner, viewer) | _money(business))


def _catalogue(business: Business) -> dict[str, str]:
    second = shop.make_branch(business, "Second")
    branch = next(branch for branch in branches.list_live(business.id) if branch.id == second)
    product = products.add(
        business.id,
        now=edge.now(),
        name="Flat white",
        description="",
        price=Money(320, business.currency),
        attributes={"milk": "oat"},
        position=0,
        is_hidden=False,
    )
    handed_in = product_import.start(business, "products.csv", b"name\nEspresso\n", edge.now())
    return {
        "branch": branch.public_id,
        "product": product.public_id,
        "product_import_id": handed_in.public_id,
        "position": "1",
    }


def _team(business: Business, owner: User, viewer: User) -> dict[str, str]:
    team.invite(business.id, business.name, "new@shop.example", Role.MANAGER, False, owner, edge.now())
    invitation = db.scalars(select(TeamInvitation).where(TeamInvitation.business_id == business.id)).one()
    member = find_member(business.id, viewer.id)
    assert member is not None
    return {"invitation": invitation.public_id, "member": member.public_id}


def _money(business: Business) -> dict[str, str]:
    customer = shop.make_customer(business)
    quote = shop.make_quote(customer)
    session = shop.open_session(customer, quote)
    return {
        "quote_id": quote.public_id,
        "session": session.public_id,
        "transaction_id": of_session(session.id).public_id,
        "provider": "wechat_pay",
    }


def pay_here(world: World) -> None:
    """Apply the payment as if the provider had told of it."""
    session = get_session(world.ids["session"])
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"
    note_invoice(world)


def note_invoice(world: World) -> None:
    """Learn the invoice of the payment that has been applied."""
    session = get_session(world.ids["session"])
    world.ids["invoice_id"] = all_invoices(session.customer_id, InvoiceFilter(), 1)[0].public_id
