"""The main job as a vendor does it: register, set up, pick a tier, scan, pay on the phone, and see it everywhere.

A real product under its supervisor, a real browser; the code on the screen is read from its picture.
"""

import io
import json
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.processes import Instance, eventually

pytestmark = pytest.mark.timeout(240)
EMAIL = "mei@lantern.example"
PASSWORD = "seven quiet lanterns"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    instance = Instance(tmp_path_factory.mktemp("state"))
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture
def context(browser: Browser, product: Instance) -> Iterator[BrowserContext]:
    """A desktop browser that stays on this machine, in English."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{product.port}", locale="en-GB")
    foreign: list[str] = []
    context.on("request", lambda request: foreign.append(request.url) if "://127.0.0.1:" not in request.url else None)
    yield context
    context.close()
    assert [url for url in foreign if not url.startswith("data:")] == []


def mails(product: Instance, to: str) -> list[dict[str, object]]:
    token = (product.state / "secrets" / "sandbox-token").read_text().strip()
    address = f"http://127.0.0.1:{product.sandbox_port}/_ctl/outbox?to={to}"
    with urlopen(Request(address, headers={"X-Sandbox-Token": token}), timeout=10) as answer:
        found: list[dict[str, object]] = json.load(answer)["mails"]
    return found


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def register(page: Page, product: Instance) -> None:
    page.goto("/register")
    page.get_by_label("Your name").fill("Mei")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Register")
    assert eventually(lambda: bool(mails(product, EMAIL)), 20)
    link = next(str(link) for link in mails(product, EMAIL)[0]["links"] if "/verify/" in str(link))  # type: ignore[attr-defined]
    page.goto(link)
    press(page, "Yes, confirm it")
    page.goto("/login")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Log in")


def set_up(page: Page) -> None:
    page.goto("/businesses/new")
    page.get_by_label("Name of the business").fill("Lantern Coffee 灯笼咖啡")
    page.get_by_label("Category").select_option(index=3)
    page.get_by_label("Description").fill("Slow coffee by the harbour.")
    press(page, "Register")
    for name in ("Harbour", "Market Square", "Old Mill"):
        page.wait_for_url("**/branches*" if name != "Harbour" else "**/branches/new")
        if not page.url.endswith("/new"):
            page.get_by_role("link", name="Add a branch").click()
        page.get_by_label("Name of the branch").fill(name)
        page.get_by_label("Address", exact=True).fill(f"1 {name}")
        page.get_by_label("Town or city").fill("Bristol")
        press(page, "Save")


def scan(page: Page) -> str:
    """Read the code from the picture of the screen, as a phone would."""
    code = page.locator(".qr svg")
    expect(code).to_be_visible(timeout=15_000)
    picture = Image.open(io.BytesIO(page.locator(".qr").screenshot()))
    found = zxingcpp.read_barcode(picture)
    assert found is not None
    return found.text


def test_register_pick_a_tier_scan_pay_and_be_listed(
    browser: Browser, context: BrowserContext, product: Instance
) -> None:
    page = context.new_page()
    register(page, product)
    set_up(page)

    page.get_by_role("link", name="Go on to the tiers").click()
    press(page, "See the quote for Pro")
    expect(page.get_by_text("£1.00 × 2 × 1 month = £2.00")).to_be_visible()
    press(page, "Pay £5.00 by QR")
    page.wait_for_url("**/pay/ps_*")

    phone = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    wallet = phone.new_page()
    wallet.goto(scan(page))
    wallet.get_by_role("button", name="Pay").first.click()
    phone.close()

    expect(page.get_by_role("heading", name="Paid. Thank you!")).to_be_visible(timeout=15_000)
    page.get_by_role("link", name="See the receipt").click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    expect(page.get_by_text("INV-")).to_be_visible()
    page.goto("/history")
    expect(page.get_by_role("link", name="Start of the plan")).to_be_visible()
    assert eventually(lambda: any("listing is live" in str(mail["subject"]) for mail in mails(product, EMAIL)), 20)

    visitor = context.new_page()
    visitor.goto("/directory?q=lantrn")
    visitor.get_by_role("link", name="Lantern Coffee").click()
    expect(visitor.get_by_text("Old Mill").first).to_be_visible()
