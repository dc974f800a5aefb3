"""A form that creates something, sent twice, creates it once; and a view that is run again starts anew."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import text

from portal.billing import branch_batches, checkout
from portal.directory import branches
from portal.directory.models import Business
from portal.identity.permissions import Role
from portal.kit import edge, repeated_forms
from portal.kit.db import db as session
from tests.directory.shops import make_product
from tests.support import shop
from tests.support.everything import World, furnish, make_everything, pay_here
from tests.support.forms import PageForm, form_to, forms_of
from tests.support.pages import log_in

ANN = "ann@shop.example"
PLACE = {"name": "Second", "address_line1": "2 Quay Street", "city": "London", "postcode": "N1 1AA"}


class Creating(NamedTuple):
    """A form that creates a row of ``table``: the page it is on, what its action ends with and what is typed."""

    page: str
    action: str
    typed: dict[str, Any]
    table: str
    differently: dict[str, Any]


def upload(colour: str) -> dict[str, Any]:
    out = io.BytesIO()
    Image.new("RGB", (90, 60), colour).save(out, "PNG")
    return {"picture": (io.BytesIO(out.getvalue()), "picture.png")}


def csv(name: str) -> dict[str, Any]:
    return {"file": (io.BytesIO(f"name\n{name}\n".encode()), "products.csv")}


CASES = {
    "a business": Creating("/businesses/new", "/businesses/new", {"name": "Two", "category": "cafe"}, "businesses",
                           {"name": "Three"}),
    "a branch": Creating("{shop}/branches/new", "/branches/new", PLACE, "branches", {"name": "Third"}),
    "a product": Creating("{shop}/products/new", "/products/new", {"name": "Tea", "attributes-0-name": "Size",
                          "attributes-0-value": "250"}, "products", {"name": "Cake"}),
    "a quote": Creating("{shop}/plan", "/plan/quote", {"tier": "pro"}, "quotes", {"tier": "starter"}),
    "an invitation": Creating("{shop}/team", "/team", {"email": "bob@shop.example"}, "team_invitations",
                              {"email": "eve@shop.example"}),
}  # fmt: skip
NEWEST = {name: f"SELECT public_id FROM {table} ORDER BY id DESC LIMIT 1" for name, table in  # noqa: S608 - ours
          {"product": "products", "branch": "branches", "member": "team_members"}.items()}  # fmt: skip
CREATED = "SELECT count(*) FROM {}"


def rows(table: str) -> int:
    return edge.write(lambda: int(session.execute(text(CREATED.format(table))).scalar_one()))


@pytest.fixture
def business(db: None) -> Business:
    return edge.write(lambda: shop.make_business(shop.make_owner(ANN)))


def shown(owner: FlaskClient, case: Creating, business: Business) -> tuple[str, dict[str, str]]:
    page = owner.get(case.page.format(shop=f"/businesses/{business.public_id}"))
    form = form_to(page.text, case.action)
    return form.action, form.fields | case.typed


@pytest.mark.parametrize("name", CASES)
def test_e11_sent_twice_it_creates_one_and_answers_alike(owner: FlaskClient, business: Business, name: str) -> None:
    case = CASES[name]
    action, fields = shown(owner, case, business)
    before = rows(case.table)
    first, second = owner.post(action, data=fields), owner.post(action, data=fields)
    assert (first.status_code, second.status_code, second.location) == (303, 303, first.location)
    assert rows(case.table) == before + 1


@pytest.mark.parametrize("name", CASES)
def test_another_wish_from_the_same_page_is_another(owner: FlaskClient, business: Business, name: str) -> None:
    case = CASES[name]
    action, fields = shown(owner, case, business)
    before = rows(case.table)
    answers = [owner.post(action, data=fields | changed).location for changed in ({}, case.differently, {})]
    assert (answers[0], rows(case.table)) == (answers[2], before + 2)


@pytest.mark.parametrize("name", ["a product", "a quote"])
def test_the_form_shown_anew_or_without_a_key_creates_another(
    owner: FlaskClient, business: Business, name: str
) -> None:
    case = CASES[name]
    before = rows(case.table)
    for _ in range(2):
        action, fields = shown(owner, case, business)
        assert owner.post(action, data=fields).status_code == 303
    owner.post(action, data={name: value for name, value in fields.items() if name != repeated_forms.FIELD})
    assert rows(case.table) == before + 3


def test_an_import_sent_twice_is_one_and_another_file_waits_its_turn(owner: FlaskClient, business: Business) -> None:
    address = f"/businesses/{business.public_id}/products/import"
    form = form_to(owner.get(address).text, "/products/import")
    answers = [owner.post(address, data=form.fields | csv(name)) for name in ("Tea", "Tea", "Cake")]
    assert [answer.status_code for answer in answers] == [303, 303, 422]
    assert (answers[0].location, rows("product_imports")) == (answers[1].location, 1)


def test_registering_twice_tells_nobody_that_they_are_known(client: FlaskClient) -> None:
    form = form_to(client.get("/register").text, "/register")
    typed = {"name": "Ann", "email": ANN, "password": shop.PASSWORD}
    assert {client.post("/register", data=form.fields | typed).location for _ in range(2)} == {"/register/done"}
    events = edge.write(lambda: session.scalars(text("SELECT name FROM domain_events")).all())
    assert events == ["identity.email_verification_wanted"]


def test_a_link_whose_answer_got_lost_is_not_called_used(client: FlaskClient, state: Path) -> None:
    world = edge.write(make_everything)
    edge.write(lambda: furnish(world, state / "uploads"))
    for word, typed in (("verify", {}), ("reset", {"password": "another battery"})):
        address = f"/{word}/{world.ids[word]}"
        form = form_to(client.get(address).text, "")
        cookie = client.get_cookie("stallholder")
        assert cookie is not None
        answers = []
        for _ in range(2):
            client.set_cookie("stallholder", cookie.value)  # the first answer never came
            answers.append(client.post(address, data=form.fields | typed))
        assert [(answer.status_code, answer.location) for answer in answers] == [(303, "/login")] * 2
        assert client.get(address).status_code == 410


@pytest.mark.parametrize("thing", ["products/{product}", "branches/{branch}", "team/{member}"])
def test_what_is_removed_twice_is_not_called_unknown(owner: FlaskClient, business: Business, thing: str) -> None:
    edge.write(lambda: shop.make_branch(business, "Second"))
    edge.write(lambda: shop.make_member(business, "viewer@shop.example", Role.VIEWER))
    edge.write(lambda: make_product(business, "Tea", edge.now()))
    ids = {name: edge.write(lambda question=question: session.scalars(text(question)).one())
           for name, question in NEWEST.items()}  # fmt: skip
    address = f"/businesses/{business.public_id}/{thing.format_map(ids)}"
    page = address.rsplit("/", 1)[0] if "branches" in thing else address
    form = form_to(owner.get(page).text, f"{address}/remove")
    answers = [owner.post(form.action, data=form.fields) for _ in range(2)]
    assert (answers[0].status_code, answers[1].status_code) == (303, 303)
    assert owner.get(address).status_code == 404


def test_somebody_else_with_the_same_key_gets_their_own(app: Flask, owner: FlaskClient, business: Business) -> None:
    edge.write(lambda: shop.make_owner("bob@shop.example"))
    bob = app.test_client()
    log_in(bob, "bob@shop.example")
    action, fields = shown(owner, CASES["a business"], business)
    assert owner.post(action, data=fields).location != bob.post(action, data=fields).location


def test_a_refused_form_keeps_its_key_for_the_mended_one(owner: FlaskClient, business: Business) -> None:
    action, fields = shown(owner, CASES["a product"], business)
    assert owner.post(action, data=fields | {"price": "a lot"}).status_code == 422
    assert owner.post(action, data=fields | {"add_row": "1"}).status_code == 200
    assert [rows("idempotency_keys"), owner.post(action, data=fields).status_code] == [0, 303]


@pytest.mark.parametrize("key", ["", "x", "x" * 23, "é" * 22, "' OR 1=1 -- xxxxxxxxxxx", ["a" * 22, "b" * 22]])
def test_a_key_that_is_none_of_ours_is_refused(owner: FlaskClient, business: Business, key: str | list[str]) -> None:
    action, fields = shown(owner, CASES["a product"], business)
    assert owner.post(action, data={**fields, repeated_forms.FIELD: key}).status_code == 422
    assert rows("products") == 0


def test_every_form_to_a_view_that_answers_once_carries_a_key(app: Flask, state: Path) -> None:
    world = edge.write(make_everything)
    edge.write(lambda: furnish(world, state / "uploads"))
    edge.write(lambda: shop.make_owner("new@shop.example"))
    world.ids.setdefault("invoice_id", "none")
    adapter = app.url_map.bind("127.0.0.1")
    carried: dict[str, set[bool]] = {}
    for come, emails in ((lambda _: None, (None, ANN, "new@shop.example")), (run, (ANN,)), (fall_asleep, (ANN,))):
        edge.write(lambda come=come: come(world))  # type: ignore[misc]
        for email in emails:
            browser = app.test_client()
            if email:
                log_in(browser, email)
            for path, form in posting_forms(app, browser, world):
                endpoint, _ = adapter.match(form.action or path, "POST")
                carried.setdefault(endpoint, set()).add(repeated_forms.FIELD in form.fields)
    once = {endpoint for endpoint, view in app.view_functions.items() if hasattr(view, "sender")}
    assert {endpoint: carried.get(endpoint) for endpoint in once} == {endpoint: {True} for endpoint in once}


def run(world: World) -> None:
    """The plan has begun, one of its branches is to go, and another one waits."""
    pay_here(world)
    shop.make_branch(world.business, "Third")
    branch_batches.remove(shop.make_customer(world.business), branches.list_live(world.business.id)[1], edge.now())


def fall_asleep(world: World) -> None:
    """The plan hibernates."""
    customer = shop.make_customer(world.business)
    quote = checkout.quote_hibernation(customer, None, shop.METHOD, edge.now())
    checkout.start_payment(customer, quote, shop.METHOD, edge.now())


def posting_forms(app: Flask, browser: FlaskClient, world: World) -> Iterator[tuple[str, PageForm]]:
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint != "static" and "/_" not in rule.rule:
            path = world.address(rule.rule)
            answer = browser.get(path)
            if answer.mimetype == "text/html":
                yield from ((path, form) for form in forms_of(answer.text) if form.method == "post")


_STUMBLE = """
CREATE SEQUENCE stumbles;
CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('stumbles') <= {times} THEN RAISE EXCEPTION 'as ordered' USING ERRCODE = '40001'; END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER stumbling AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION stumble();
"""


@pytest.fixture
def stumbling(db: None) -> Callable[..., object]:
    """Let the first commits that touch a table fail as the database fails under load: only at the very end."""
    return lambda table, times=2: edge.write(lambda: session.execute(text(_STUMBLE.format(table=table, times=times))))


def test_a13_a_photo_is_read_whole_by_each_try(owner: FlaskClient, business: Business, stumbling: Any) -> None:
    product = edge.write(lambda: make_product(business, "Tea", edge.now()).public_id)
    stumbling("product_photos")
    address = f"/businesses/{business.public_id}/products/{product}"
    assert owner.post(f"{address}/photos", data=upload("red")).status_code == 303
    assert rows("product_photos") == 1


def test_a13_a_logo_is_read_whole_by_each_try(owner: FlaskClient, business: Business, stumbling: Any) -> None:
    stumbling("businesses")
    assert owner.post(f"/businesses/{business.public_id}/logo", data=upload("red")).status_code == 303


def test_a13_an_import_is_read_whole_by_each_try(owner: FlaskClient, business: Business, stumbling: Any) -> None:
    stumbling("product_imports")
    address = f"/businesses/{business.public_id}/products/import"
    form = form_to(owner.get(address).text, "/products/import")
    assert owner.post(address, data=form.fields | csv("Tea")).status_code == 303
    content = edge.write(lambda: session.scalars(text("SELECT content FROM product_imports")).one())
    assert bytes(content) == b"name\nTea\n"


def test_a13_what_is_said_is_said_once(owner: FlaskClient, business: Business, stumbling: Any) -> None:
    stumbling("products")
    action, fields = shown(owner, CASES["a product"], business)
    page = owner.post(action, data=fields, follow_redirects=True)
    assert page.text.count("Tea is in your catalogue.") == 1


def test_a13_what_came_to_nothing_is_not_said(owner: FlaskClient, business: Business, stumbling: Any) -> None:
    stumbling("products", times=9)
    action, fields = shown(owner, CASES["a product"], business)
    answers = owner.post(action, data=fields), owner.get("/dashboard")
    assert [answer.status_code for answer in answers] == [503, 200]
    assert not any("Tea is in your catalogue" in answer.text for answer in answers)
    assert rows("products") == 0


def test_a13_logging_out_ends_the_log_in_at_any_try(owner: FlaskClient, stumbling: Any) -> None:
    stumbling("login_sessions")
    assert owner.post("/logout").status_code == 303
    assert edge.write(lambda: session.scalars(text("SELECT revoked_at IS NULL FROM login_sessions")).all()) == [False]
