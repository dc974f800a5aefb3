"""What people type stays text in a real browser; and were it markup, our policy lets none of it run (G11)."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import text

from portal.identity import operators
from portal.identity.permissions import OperatorRole
from portal.kit import edge
from portal.kit.clock import wall
from portal.kit.db import db
from tests.browser.test_pages import CONSOLE, DESK, PUBLIC, VENDOR, log_in, sit_down
from tests.support.everything import World
from tests.support.portal import Portal
from tests.support.shop import PASSWORD

EVIL = (
    "<script>window.stolen = 1</script><img src=/stolen onerror='window.stolen = 1'>"
    "<b hx-get=/stolen hx-trigger=load hx-on:click='window.stolen = 1'>{{ 7 * 7 }}</b>\"' onfocus=stolen=1 autofocus x="
)
_SOWN = (
    "UPDATE businesses SET name = :short, description = :evil, phone = left(:short, 30), website = :link",
    "UPDATE branches SET name = :short, address_line1 = :short, city = :short, opening_hours = :evil",
    "UPDATE products SET name = :short, description = :evil, attributes = jsonb_build_object('note', left(:short, 97))",
    "UPDATE users SET name = :short",
    "UPDATE product_imports SET file_name = :short",
)
_FOREIGN = (
    "[hx-get*=stolen], [onerror], [onfocus], img[src*=stolen], script:not([src]):not([type='application/ld+json'])"
)
_AS_MARKUP = """async evil => {
    // Later, since what a debugger calls at once may do more than the page itself.
    await new Promise(done => setTimeout(done, 100));
    const place = document.querySelector("main");
    place.innerHTML = evil;
    htmx.process(place);
    const script = document.createElement("script");
    script.textContent = "window.stolen = 1";
    document.body.append(script);
    place.querySelector("b").click();
    let made = "made";
    try { new Function("window.stolen = 1")(); } catch (error) { made = error.name; }
    await new Promise(done => setTimeout(done, 300));
    return [window.stolen === undefined, made];
}"""


@pytest.fixture
def sown(portal: Portal, world: World) -> World:
    """One of everything, with hostile markup in each text that people type."""
    values = {"evil": EVIL, "short": EVIL[:97], "link": "https://shop.example/?q='><script>window.stolen=1</script>"}
    portal.do(lambda: [db.execute(text(statement), values) for statement in _SOWN])
    return world


@pytest.fixture
def page(browser: Browser, portal: Portal) -> Iterator[Page]:
    """A page under our policy, in English."""
    context = browser.new_context(base_url=portal.settings.base_url, locale="en-GB")
    yield context.new_page()
    context.close()


@pytest.mark.timeout(180)
def test_g11_hostile_text_is_only_text(portal: Portal, sown: World, page: Page, saw: Callable[[str], None]) -> None:
    wrong: dict[str, object] = {}
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "stolen" in request.url else None)
    shown = 0

    def look(addresses: tuple[str, ...]) -> None:
        nonlocal shown
        for address in addresses:
            page.goto(address.format(**sown.ids))
            found = page.evaluate(f"() => [window.stolen ?? null, document.querySelectorAll(`{_FOREIGN}`).length]")
            shown += "<script>window.stolen" in page.inner_text("body")
            if found != [None, 0]:
                wrong[address] = found

    look(PUBLIC)
    log_in(page)
    look(VENDOR)
    key = portal.settings.secret_key
    enrolled = portal.do(lambda: operators.create(DESK, PASSWORD, OperatorRole.ADMIN, key, edge.now(), wall()))
    sit_down(page, enrolled.secret)
    look(tuple(f"/console{address}" for address in CONSOLE))
    assert (wrong, asked) == ({}, [])
    assert shown >= 8
    saw(f"{len(PUBLIC + VENDOR + CONSOLE)} pages, on {shown} of them the markup to be read as text; nothing ran")


def test_g11_even_as_markup_nothing_of_it_runs(portal: Portal, page: Page, saw: Callable[[str], None]) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    page.goto("/login")

    assert page.evaluate(_AS_MARKUP, EVIL) == [True, "EvalError"]
    assert len(refused) >= 3
    saw(f"put in as markup: script, handlers, hx-on and eval refused by the policy {len(refused)} times")


def test_without_the_policy_it_would_run(browser: Browser, portal: Portal) -> None:
    context = browser.new_context(base_url=portal.settings.base_url, bypass_csp=True)
    page = context.new_page()
    page.goto("/login")

    assert page.evaluate(_AS_MARKUP, EVIL) == [False, "made"]
    context.close()
