"""Addresses that nobody links to: a friendly 404 whatever stands in them, never a fault of ours."""

import pytest
from flask import Flask

from portal.kit import edge
from tests.support import shop
from tests.support.pages import log_in

STRANGE = ["a%00b", "%FF%E2%80%AE", "x" * 3000, "%27%20OR%201%3D1--..%2F%0d%0aX: y💥"]


@pytest.fixture
def client(app: Flask):
    """Ann with her shop, logged in."""
    edge.write(lambda: shop.make_business(shop.make_owner()).public_id)
    browser = app.test_client()
    log_in(browser, "ann@shop.example")
    return browser


@pytest.mark.parametrize("strange", STRANGE, ids=range(len(STRANGE)))
def test_nothing_in_an_address_is_a_fault(app, client, strange):
    business = client.get("/business").location.split("/")[2]
    faults = {}
    for rule in app.url_map.iter_rules():
        parts = rule.rule.split("/")
        known = business if len([part for part in parts if part.startswith("<")]) > 1 else strange
        path = "/".join(known if part == "<business>" else strange if "<" in part else part for part in parts)
        if "<" in rule.rule and rule.endpoint != "static":
            method = "POST" if "POST" in (rule.methods or ()) else "GET"
            status = client.open(path, method=method).status_code
            if status >= 500:
                faults[method, path[:120]] = status
    assert faults == {}
