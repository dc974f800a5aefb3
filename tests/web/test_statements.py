"""What every page asks of the database: a number of statements that is fixed here and does not grow with what it lists.

A page of the URL map without a number fails, and so does one that asks more or fewer than its number.
"""

from collections.abc import Callable

from flask import Flask

from portal.billing import checkout
from portal.directory import products
from portal.identity.permissions import Role
from portal.invoicing import customers
from portal.kit import edge
from portal.kit.money import Money
from portal.payments import sessions
from tests.support import shop
from tests.support.callers import client_of
from tests.support.everything import World, pay_here, store_card, tell_owner
from tests.support.rows import undone
from tests.support.statements import counted
from tests.web import expected

PAGES: dict[str, int] = {
    "/healthz": 0,
    "/readyz": 4,
    "/metrics": 3,
    "/": 5,
    "/register": 3,
    "/register/done": 3,
    "/verify/<token>": 4,
    "/login": 3,
    "/forgot": 3,
    "/forgot/sent": 3,
    "/reset/<token>": 4,
    "/account": 4,
    "/account/password": 4,
    "/dashboard": 6,
    "/businesses": 7,
    "/businesses/new": 4,
    "/business": 4,
    "/businesses/<business>/profile": 4,
    "/branches": 4,
    "/businesses/<business>/branches": 9,
    "/businesses/<business>/branches/new": 5,
    "/businesses/<business>/branches/<branch>": 5,
    "/directory": 8,
    "/directory/_results": 7,
    "/directory/<slug>": 7,
    "/media/<name>": 0,
    "/products": 4,
    "/businesses/<business>/products": 8,
    "/businesses/<business>/products/fit": 7,
    "/businesses/<business>/products/new": 4,
    "/businesses/<business>/products/<product>": 6,
    "/businesses/<business>/products/import": 5,
    "/businesses/<business>/products/import/template.csv": 4,
    "/businesses/<business>/products/imports/<product_import_id>": 6,
    "/businesses/<business>/products/imports/<product_import_id>/_progress": 5,
    "/businesses/<business>/products/imports/<product_import_id>/errors.csv": 6,
    "/businesses/<business>/plan": 12,
    "/businesses/<business>/plan/quote/<quote_id>": 6,
    "/businesses/<business>/plan/next": 11,
    "/businesses/<business>/prepayment": 10,
    "/businesses/<business>/hibernation": 9,
    "/businesses/<business>/methods": 6,
    "/businesses/<business>/methods/<method>": 6,
    "/businesses/<business>/methods/<method>/_state": 6,
    "/pay/<session>": 11,
    "/pay/<session>/status": 11,
    "/history": 6,
    "/history/invoices": 6,
    "/history/payments.csv": 6,
    "/history/invoices.csv": 6,
    "/businesses/<business>/history/payments/<transaction_id>": 8,
    "/businesses/<business>/history/payments/<transaction_id>.pdf": 10,
    "/businesses/<business>/history/invoices/<invoice_id>": 10,
    "/businesses/<business>/history/invoices/<invoice_id>.pdf": 10,
    "/businesses/<business>/history/invoices/<invoice_id>/why": 12,
    "/businesses/<business>/history/invoices/<invoice_id>/pay": 6,
    "/businesses/<business>/history/credit-notes/<credit_note_id>": 9,
    "/businesses/<business>/history/credit-notes/<credit_note_id>.pdf": 9,
    "/team": 4,
    "/businesses/<business>/team": 6,
    "/businesses/<business>/team/<member>": 5,
    "/invitations/<token>": 4,
    "/notices": 6,
    "/account/notices": 5,
    "/unsubscribe/<token>": 5,
    "/api/v1/unsubscribe/<token>": 0,
    "/console/login": 0,
    "/console": 8,
    "/console/customers": 4,
    "/console/customers/<business>": 13,
    "/console/sessions": 6,
    "/console/sessions/<session>": 9,
    "/console/held": 6,
    "/console/jobs": 5,
    "/console/clock": 6,
    "/console/clock/state": 6,
}
"""Statements of each page of the URL map, log-in and access included, asked by the shop's owner or an operator."""
PAID = {
    "/businesses/<business>/hibernation",
    "/businesses/<business>/prepayment",
    "/businesses/<business>/plan/next",
    "/directory/<slug>",
    "/businesses/<business>/history/payments/<transaction_id>.pdf",
    "/businesses/<business>/history/invoices/<invoice_id>",
    "/businesses/<business>/history/invoices/<invoice_id>.pdf",
    "/businesses/<business>/history/invoices/<invoice_id>/why",
    "/businesses/<business>/history/invoices/<invoice_id>/pay",
    "/businesses/<business>/history/credit-notes/<credit_note_id>",
    "/businesses/<business>/history/credit-notes/<credit_note_id>.pdf",
}
"""Pages that show something only once it is paid."""
STATUS = {
    "/readyz": 503,
    "/metrics": 404,
    "/businesses/<business>/history/invoices/<invoice_id>/pay": 409,
} | dict.fromkeys(
    ("/register", "/login", "/business", "/branches", "/products", "/team", "/api/v1/unsubscribe/<token>"), 302
)
"""Pages that lead on or that are not for people."""


def more(world: World) -> None:
    """Three more of whatever is listed: payments that came to nothing, branches, products, members, invitations."""
    business = world.business
    customer = customers.of_business(business, edge.now())
    for number in range(3):
        quote = checkout.quote_tier(customer, "pro", shop.METHOD, edge.now())
        sessions.cancel(shop.open_session(customer, quote).public_id, edge.now())
        shop.make_branch(business, f"Further {number}")
        store_card(customer)
        shop.make_member(business, f"further{number}@shop.example", Role.VIEWER)
        shop.make_business(shop.make_owner(f"far{number}@shop.example"), f"Far {number}")
        tell_owner(world)
    more_products(world)


def more_products(world: World) -> None:
    for number in range(3):
        products.add(world.business.id, now=edge.now(), name=f"Cake {number}", description="", attributes={"size": "s"},
                     price=Money(320, world.business.currency), position=0, is_hidden=False)  # fmt: skip


def test_every_page_has_its_number(app: Flask) -> None:
    assert set(PAGES) == {rule for method, rule, _ in expected.routes(app) if method == "GET"}


def test_a_page_asks_the_same_however_much_it_shows(
    app: Flask, whole_world: World, cookies: dict[str, str], saw: Callable[[str], None]
) -> None:
    """Each page is opened once before it is counted, so that nothing is counted that is only done the first time."""
    browsers = {who: client_of(app, cookies[who]) for who in ("own", "admin")}

    def asked(rule: str) -> int:
        client = browsers["admin" if rule.startswith("/console") else "own"]
        assert b"&lt;" not in client.get(whole_world.address(rule)).data, "markup shown as text"
        with counted() as statements:
            assert client.get(whole_world.address(rule)).status_code == STATUS.get(rule, 200)
        return len(statements)

    with undone():
        edge.write(lambda: pay_here(whole_world))
        few = {rule: asked(rule) for rule in PAID}
        edge.write(lambda: more_products(whole_world))
        many = {rule: asked(rule) for rule in PAID}
    edge.write(lambda: sessions.cancel(whole_world.ids["session"], edge.now()))
    few |= {rule: asked(rule) for rule in PAGES if rule not in PAID}
    edge.write(lambda: more(whole_world))
    many |= {rule: asked(rule) for rule in PAGES if rule not in PAID}
    assert few == PAGES
    assert many == PAGES
    saw(f"{len(PAGES)} pages: the fixed number of statements each, at most {max(PAGES.values())}, few rows or many")
