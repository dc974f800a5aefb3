"""Each conflict says what it is, not that something changed, and leads to a page that is there."""

import inspect
from collections.abc import Iterator

from flask import Flask

from portal.kit.errors import Conflict
from portal.web import conflicts

MENDED_WHERE_THEY_ARE = {
    "already_member",
    "clock_is_moving",
    "credit_too_large",
    "email_taken",
    "idempotency_key_reused",
    "invoice_not_issued",
    "last_owner",
}
"""Told at a form's field or at the desk."""


def refusals(family: type[Conflict]) -> Iterator[Conflict]:
    for refusal in family.__subclasses__():
        wanted = list(inspect.signature(refusal).parameters)
        if not wanted or "code" not in wanted:
            yield refusal(**dict.fromkeys(wanted, 1))
        yield from refusals(refusal)


def test_every_conflict_of_the_product_is_known(app: Flask) -> None:
    codes = {refusal.code for refusal in refusals(Conflict)}
    assert "pay_first" in codes
    assert codes <= set(conflicts.KNOWN) | MENDED_WHERE_THEY_ARE


def test_the_pages_that_they_lead_to_are_there(app: Flask) -> None:
    pages = app.url_map.bind("shop.example")
    with app.test_request_context():
        for code in conflicts.KNOWN:
            found = conflicts.shown(code, {"business": "biz_1", "session": "ps_1"})
            assert found.href is None or pages.match(found.href, method="GET"), code
        assert conflicts.shown("pay_first", {}).href is None, "the address named no business"
        assert conflicts.shown("change_in_progress", {"business": "biz_1"}).href == "/businesses/biz_1/plan"
        assert conflicts.shown("last_owner", {"business": "biz_1"}).heading == conflicts.NOT_NOW
