"""A card stored in a real browser: by a link to the provider's page, past the bank's question, and back."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_pages import faults, log_in, open_context
from tests.support import proving, shop
from tests.support.portal import Portal

ALWAYS_ASKS = "4000 0027 6000 3184"
OWNER = "ann@shop.example"


def type_card(page: Page, number: str) -> None:
    for label, typed in (("Card number", number), ("Expiry (MM / YY)", "12 / 40"), ("Security code", "123")):
        page.get_by_label(label).fill(typed)
    page.get_by_role("button", name="Save card").click()


@pytest.mark.parametrize("scheme", proving.sample(["light", "dark"], 1, "a stored card"))
def test_a_card_is_stored_on_a_phone(browser: Browser, portal: Portal, scheme: str) -> None:
    portal.sandbox.switch(stripe_webhook_url=f"{portal.settings.base_url}/api/v1/webhooks/stripe")
    business = portal.do(lambda: shop.make_business(shop.make_owner(OWNER)).public_id)
    phone = {"width": 360, "height": 800}
    context = open_context(browser, portal, viewport=phone, color_scheme=scheme, locale="en-GB")
    page = context.new_page()
    log_in(page, OWNER)
    page.goto(f"/businesses/{business}/methods")
    assert faults(page) == []
    page.get_by_role("button", name="Store a card").click()
    expect(page.get_by_text("is being prepared")).to_be_visible()
    portal.settle()
    expect(page.get_by_role("link", name="Go to the page for your card")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("link", name="Go to the page for your card").click()
    expect(page.get_by_role("heading", name="Save a card")).to_be_visible()
    assert faults(page) == []
    type_card(page, "4000 0000 0000 0002")
    expect(page.get_by_text("Its bank declined it")).to_be_visible()
    assert faults(page) == []
    type_card(page, ALWAYS_ASKS)
    expect(page.get_by_role("heading", name="Your bank asks")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("button", name="Yes, it is me").click()
    page.get_by_role("link", name="Back to the shop").click()
    portal.sandbox.settle()
    portal.settle()
    expect(page.get_by_text("Visa •••• 3184 is stored")).to_be_visible()
    page.get_by_role("link", name="All your ways to pay").click()
    expect(page.get_by_role("cell", name="Visa •••• 3184")).to_be_visible()
    assert faults(page) == []
    context.close()
