"""Every page in a real browser: accessible (axe), no wider than the screen, quiet, and usable without scripts."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from portal.identity import operators
from portal.identity.permissions import OperatorRole
from portal.kit import edge
from portal.kit.clock import wall
from tests.support import proving
from tests.support.everything import OWNER, World
from tests.support.portal import Portal
from tests.support.shop import PASSWORD

DESK = "desk@stall.example"
AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text()
PUBLIC = ("/", "/register", "/login", "/forgot", "/directory", "/directory/{slug}", "/pay/{session}", "/nowhere")
VENDOR = (
    "/dashboard", "/businesses", "/businesses/new", "/account", "/history", "/history/invoices",
    "/businesses/{business}/history/payments/{transaction_id}", "/businesses/{business}/history/invoices/{invoice_id}",
    "/businesses/{business}/history/credit-notes/{credit_note_id}",
    "/businesses/{business}/profile",
    "/businesses/{business}/branches", "/businesses/{business}/branches/new", "/businesses/{business}/products",
    "/businesses/{business}/products/new", "/businesses/{business}/products/{product}", "/businesses/{business}/plan",
    "/businesses/{business}/plan/quote/{quote_id}", "/businesses/{business}/hibernation",
    "/businesses/{business}/products/fit",
    "/businesses/{business}/plan/next", "/businesses/{business}/prepayment",
    "/businesses/{business}/team", "/notices", "/account/notices",
)  # fmt: skip
SPILT = """() => [...document.querySelectorAll("a, button, summary")].filter(element => {
  const edge = element.getBoundingClientRect();
  if (!edge.width || getComputedStyle(element).display === "inline") return false;
  const words = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), range = document.createRange();
  while (words.nextNode()) {
    if (getComputedStyle(words.currentNode.parentElement).position === "absolute") continue;  // said, not shown
    range.selectNodeContents(words.currentNode);
    const ink = range.getBoundingClientRect();
    if (ink.width && (ink.left < edge.left - 1 || ink.right > edge.right + 1)) return true;
  }
}).map(element => element.textContent.trim())"""
"""The words of what can be pressed that are wider than the thing itself."""
CONSOLE = ("", "/customers", "/sessions", "/sessions/{session}", "/held", "/jobs", "/clock")


def open_context(browser: Browser, portal: Portal, **settings: object) -> BrowserContext:
    return browser.new_context(base_url=portal.settings.base_url, bypass_csp=True, **settings)  # type: ignore[arg-type]


def log_in(page: Page, email: str = OWNER) -> None:
    page.goto("/login")
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/dashboard")


def sit_down(page: Page, secret: str) -> None:
    """Log in at the operators' desk with a code of the second factor."""
    page.goto("/console/login")
    page.locator("input[name=email]").fill(DESK)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=code]").fill(pyotp.TOTP(secret).now())
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/console")


def faults(page: Page) -> list[str]:
    """What axe and a ruler find wrong."""
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run()).violations.map(v => v.id + ' ' + v.nodes[0].html)")
    width = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    spilt = [f"runs over its edge: {text}" for text in page.evaluate(SPILT)]
    return [*found, *spilt, *(["wider than the screen"] if width > 0 else [])]


LOOKS = [(360, "light", "zh-CN"), (1280, "dark", "en-GB"), (360, "dark", "en-GB")]
"""In a sample each page is looked at in one of these ways, in another one with another seed; in a proof in all."""


def seen_as(look: tuple[int, str, str], addresses: Sequence[str]) -> list[str]:
    turn = (LOOKS.index(look) + proving.seed()) % len(LOOKS)
    return list(addresses if proving.is_everything() else addresses[turn :: len(LOOKS)])


@pytest.mark.timeout(180)
@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_pages_are_for_everybody(browser: Browser, portal: Portal, world: World, look: tuple[int, str, str]) -> None:
    width, scheme, locale = look
    context = open_context(
        browser, portal, viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale
    )
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    wrong = {}
    for address in seen_as(look, PUBLIC):
        page.goto(address.format(**world.ids))
        wrong[address] = faults(page)
    log_in(page)
    for address in seen_as(look, VENDOR):
        page.goto(address.format(**world.ids))
        wrong[address] = faults(page)
    key = portal.settings.secret_key
    enrolled = portal.do(lambda: operators.create(DESK, PASSWORD, OperatorRole.ADMIN, key, edge.now(), wall()))
    sit_down(page, enrolled.secret)
    for address in seen_as(look, CONSOLE):
        page.goto(f"/console{address}".format(**world.ids))
        wrong[f"/console{address}"] = faults(page)
    context.close()
    assert {address: found for address, found in wrong.items() if found} == {}
    assert [text for text in said if "404" not in text] == []


@pytest.fixture
def plain(browser: Browser, portal: Portal) -> Iterator[Page]:
    """A browser that runs no scripts."""
    context = open_context(browser, portal, java_script_enabled=False, locale="en-GB")
    yield context.new_page()
    context.close()


def test_the_main_job_needs_no_script(portal: Portal, plain: Page) -> None:
    session = portal.open_session()
    log_in(plain)
    plain.goto(f"/pay/{session}")
    expect(plain.locator(".qr svg")).to_be_visible()
    portal.sandbox.pay(portal.order(session))
    portal.sandbox.settle()
    portal.settle()
    plain.get_by_role("link", name="Paid already? Look again").click()
    expect(plain.get_by_role("heading", name="Paid. Thank you!")).to_be_visible()
    plain.get_by_role("link", name="See the receipt").click()
    expect(plain.get_by_role("heading", name="Receipt")).to_be_visible()


def test_the_checker_finds_what_is_wrong(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.set_content(
        "<html><body><img src='x.png'><div style='width:900px'>.</div>"
        "<a href='/' style='display:block;width:9px'>Dashboard</a></body></html>"
    )
    found = faults(page)
    page.close()
    assert any(fault.startswith("image-alt") for fault in found)
    assert "wider than the screen" in found
    assert "runs over its edge: Dashboard" in found
