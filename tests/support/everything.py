"""One of everything that belongs to a business, by the names that routes use for it."""

import io
import re
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from PIL import Image
from sqlalchemy import select

from portal.billing.apply_payment import apply_payment
from portal.directory import branches, businesses, product_import, products, uploads
from portal.directory.models import Business
from portal.identity import links, queries, registration, team
from portal.identity.links import Purpose
from portal.identity.models import TeamInvitation, User
from portal.identity.permissions import Role
from portal.identity.queries import find_member
from portal.invoicing import credit_notes, invoices
from portal.invoicing import queries as invoice_queries
from portal.invoicing.invoices import Line
from portal.invoicing.models import CreditNote, Customer, Invoice
from portal.kit import clock, config, edge
from portal.kit.db import db
from portal.kit.jobs import Queue, StagedJob
from portal.kit.money import Money
from portal.notifications import in_app
from portal.notifications.kinds import Category
from portal.notifications.unsubscribing import token_of
from portal.payments import charges, methods, setups
from portal.payments.models import PaymentMethod
from portal.payments.providers.base import Answer, Result, Setup, SetupState, StoredCard
from portal.payments.queries import attempt_of, get_session
from portal.payments.transactions import of_session
from tests.support import shop

OWNER, VIEWER, OTHER = "ann@shop.example", "viewer@shop.example", "other@shop.example"
MANAGER, SPENDER = "manager@shop.example", "spender@shop.example"
GIVEN_UP = "tests.nothing"
"""The job that was given up, which no worker knows."""
_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class World:
    """A shop with one of everything, and a stranger's."""

    business: Business
    ids: dict[str, str]

    def address(self, rule: str) -> str:
        """The address of a route of the URL map; the token is the one that its first word stands for."""
        given = self.ids | {"token": self.ids.get(rule.split("/")[1], "none")}
        return _ARGUMENT.sub(lambda found: given[found[1]], rule)


def make_everything() -> World:
    """Store it all, the payment still open; commit it before opening pages."""
    owner = shop.make_owner(OWNER)
    business = shop.make_business(owner)
    viewer = shop.make_member(business, VIEWER, Role.VIEWER)
    shop.make_business(shop.make_owner(OTHER), "Other")
    ids = {"business": business.public_id, "slug": business.slug}
    ids |= dict.fromkeys(("name", "token", "credit_note_id"), "none")
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
        "method": [store_card(customer) for _ in range(2)][1].public_id,
        "quote_id": quote.public_id,
        "session": session.public_id,
        "transaction_id": of_session(session.id).public_id,
        "provider": "wechat_pay",
    }


def store_card(customer: Customer) -> PaymentMethod:
    """Store a card as if its keeper had told of it; it is the default where it is the first."""
    begun = methods.begin(customer.id, edge.now())
    setup = Setup(
        f"cs_{begun.public_id}", begun.public_id, f"cus_{customer.public_id}", SetupState.OPEN, "http://a.example"
    )
    setups.record_setup(begun.id, Answer("begin_setup", Result.DONE, 200, "", 40, setup=setup), edge.now())
    card = StoredCard(f"pm_{begun.public_id}", "visa", "4242", 12, 2040)
    done = replace(setup, state=SetupState.DONE, url=None, card=card)
    setups.record_look(begun.id, Answer("query_setup", Result.DONE, 200, "", 40, setup=done), edge.now())
    return begun


def pay_here(world: World) -> None:
    """Apply the payment as if the provider had told of it."""
    session = get_session(world.ids["session"])
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"
    note_documents(world)


def note_documents(world: World) -> None:
    """Learn the invoice of the payment that has been applied, and its credit note."""
    invoice, note = credit_branch(world.ids["session"])
    world.ids.update(invoice_id=invoice.public_id, credit_note_id=note.public_id)


def credit_branch(session: str) -> tuple[Invoice, CreditNote]:
    """Credit the last branch of the invoice that a session has paid; give the invoice and its credit note."""
    invoice = invoices.lock(get_session(session).invoice_id)
    branch = invoice_queries.lines_of(invoice.id)[-1]
    price = Money(branch.amount, invoice.currency)
    line = Line(branch.code, branch.quantity, price, price, branch.derivation)
    return invoice, credit_notes.issue(invoice, [line], "goodwill", config.current().seller, edge.now())


def furnish(world: World, uploads_folder: Path) -> None:
    """Add what only a few routes need: a code to scan, and the rest."""
    _show_code(world)
    furnish_beside(world, uploads_folder)


def furnish_beside(world: World, uploads_folder: Path) -> None:
    """Add what needs no provider: managers, links of mails, pictures, a notice, a job that was given up."""
    business = world.business
    shop.make_member(business, MANAGER, Role.MANAGER)
    shop.make_member(business, SPENDER, Role.MANAGER, may_spend=True)
    picture = _picture()
    photo = uploads.store_photo(picture, uploads_folder)
    products.add_photo(products.get(business.id, world.ids["product"], is_locked=True), photo)
    businesses.set_logo(business, uploads.store_logo(picture, uploads_folder))
    given_up = StagedJob(queue=Queue.BULK, name=GIVEN_UP, args={}, state="dead", due_at=edge.now(), attempts=12)
    db.add(given_up)
    db.flush()
    tell_owner(world)
    notice = in_app.list_notices(queries.get_user_of(OWNER).id, None).items[0]
    world.ids.update(_links(world), name=photo.name, job_id=str(given_up.id), notice=notice.public_id)


def tell_owner(world: World) -> None:
    """Tell the owner what became of the payment, as if it had become credit; each time once more."""
    facts = {
        "business": world.business.public_id,
        "business_name": world.business.name,
        "transaction": world.ids["transaction_id"],
        "amount": 500,
        "currency": "GBP",
        "settled_amount": 4500,
        "settled_currency": "CNY",
        "number": None,
    }
    owner = queries.get_user_of(OWNER)
    in_app.write([owner.id], "payment_credited", world.business.id, facts, edge.now(), about=uuid4())


def _show_code(world: World) -> None:
    attempt_id = attempt_of(get_session(world.ids["session"]).id).id
    charges.prepare_charge(attempt_id, edge.now())
    answer = Answer("create_charge", Result.DONE, 200, "", 40, code_url="weixin://wxpay/bizpayurl?pr=abc")
    charges.record_charge(attempt_id, answer, edge.now())


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(out, "PNG")
    return out.getvalue()


def _links(world: World) -> dict[str, str]:
    """The secrets of four mails, by the first word of their addresses."""
    registration.create_user("Late", "late@shop.example", "", "en", edge.now())
    late = queries.get_user_of("late@shop.example")
    wished = {
        "verify": links.want(late, Purpose.VERIFY_EMAIL, edge.now()),
        "reset": links.want(late, Purpose.RESET_PASSWORD, edge.now()),
        "invitations": db.scalars(
            select(TeamInvitation.id).where(TeamInvitation.public_id == world.ids["invitation"])
        ).one(),
    }
    tokens = {word: links.mint_link_token(link_id, clock.wall()) for word, link_id in wished.items() if link_id}
    return tokens | {"unsubscribe": token_of(late.public_id, Category.TEAM)}
