"""Every form that any page shows, found by opening all pages, and filled in so that it would be taken."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from tests.support.callers import client_of
from tests.support.everything import OWNER, World
from tests.support.forms import PageForm, forms_of
from tests.support.shop import PASSWORD
from tests.web import expected

FURNITURE = ("csrf_token", "form_key")
SETTLED = ("/businesses/<business>/products/import",)
"""Where a form is only taken while no payment waits and no import runs."""
LATER = {
    "running": (
        "/businesses/<business>/branches/<branch>/main",
        "/businesses/<business>/branches/<branch>/remove",
        "/businesses/<business>/hibernation/quote",
        "/businesses/<business>/plan/limit",
        "/businesses/<business>/plan/next",
        "/businesses/<business>/plan/next/cancel",
        "/businesses/<business>/plan/quote",
        "/businesses/<business>/prepayment/quote",
    ),
    "over": ("/businesses/<business>/products/fit/newest",),
    "owing": ("/businesses/<business>/history/invoices/<invoice_id>/pay",),
    "carrying": ("/businesses/<business>/plan/carried",),
    "turning": ("/businesses/<business>/plan/next/take-back",),
    "collecting": (
        "/businesses/<business>/branch-batch/settle",
        "/businesses/<business>/branches/<branch>/keep",
    ),
    "asleep": (
        "/businesses/<business>/hibernation/wake",
        "/businesses/<business>/hibernation/day",
        "/businesses/<business>/hibernation/tier",
    ),
}
"""Forms that only show in a later state of the plan, by that state."""
LATER_PAGES = (
    "/businesses/<business>/history/invoices/<invoice_id>/pay",
    "/businesses/<business>/branches",
    "/businesses/<business>/hibernation",
    "/businesses/<business>/plan",
    "/businesses/<business>/plan/next",
    "/businesses/<business>/products/fit",
    "/businesses/<business>/prepayment",
)
"""Where they do."""
BY_HAND = (
    "/account/verification",
    "/businesses/<business>/branches/<branch>/agree",
    "/businesses/<business>/logo/remove",
    "/businesses/<business>/products/<product>/unhide",
    "/console/clock/stop",
    "/invitations/<token>",
)
"""Forms without a field that show in some states only."""
AS_SENT = {
    "/businesses/<business>/products/new/_attributes": 200,
    "/console/login": 422,
    "/invitations/<token>": 403,
}
"""What is answered to a form that is sent as it should be, where that is not 303."""
TYPED = {
    "email": "fresh@shop.example",
    "password": PASSWORD,
    "current_password": PASSWORD,
    "code": "123456",
    "website": "https://shop.example",
    "phone": "+44 20 7946 0000",
    "price": "12.50",
    "position": "3",
    "latitude": "51.5",
    "longitude": "-0.12",
    "step": "1 hour",
    "wakes_on": str((datetime.now(UTC) + timedelta(days=30)).date()),
    "next": "/history",
}
"""What somebody types who means well, by the name of the field; any other text is ``A few words``."""
FILES = {"file": ("products.csv", b"name,price\nTea,2.50\n")}


@dataclass(frozen=True)
class Target:
    """A form of a page: where it goes, who sends it, and what they send."""

    rule: str
    address: str
    page: str
    caller: str
    fields: dict[str, str]
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def body(self, **changes: Any) -> dict[str, Any]:
        """The fields as one body, some of them changed; a field changed to None is left out."""
        files = {name: (io.BytesIO(content), file_name) for name, (file_name, content) in self.files.items()}
        return {name: value for name, value in (self.fields | files | changes).items() if value is not None}

    def send(self, client: FlaskClient, **changes: Any) -> TestResponse:
        """Post the form as it is, but for the changes."""
        return client.post(self.address, data=self.body(**changes), content_type="multipart/form-data")


def all_targets(app: Flask, world: World, cookies: dict[str, str]) -> dict[str, Target]:
    """The forms of all pages by the rule they are sent to; of several, the one with the most fields."""
    found: dict[str, Target] = {}
    for target in _seen(app, world, cookies):
        known = found.get(target.rule)
        if known is None or len(target.fields) > len(known.fields):
            found[target.rule] = target
    for rule in BY_HAND:
        caller = "admin" if rule.startswith("/console") else "own"
        found.setdefault(rule, Target(rule, world.address(rule), "/", caller, {}))
    found["/login"] = replace(found["/login"], fields=found["/login"].fields | {"email": OWNER})
    return found


def later_targets(app: Flask, world: World, cookies: dict[str, str], state: str) -> dict[str, Target]:
    """The forms that show now that the plan is in that state, by the rule they are sent to."""
    seen = [target for rule in LATER_PAGES for target in _on_page(app, world.address(rule), "own", cookies)]
    return {target.rule: target for target in seen if target.rule in LATER[state]}


def _seen(app: Flask, world: World, cookies: dict[str, str]) -> Iterator[Target]:
    for method, rule, right in expected.routes(app):
        if method == "GET" and not ("invoice_id" in rule and "invoice_id" not in world.ids):
            for caller in ["admin"] if right.startswith("console:") else ["own", "anonymous"]:
                yield from _on_page(app, world.address(rule), caller, cookies)


def _on_page(app: Flask, page: str, caller: str, cookies: dict[str, str]) -> Iterator[Target]:
    answer = client_of(app, cookies[caller]).get(page)
    forms = forms_of(answer.text) if answer.mimetype == "text/html" else []
    yield from _targets(app, forms, page, caller)


def _targets(app: Flask, forms: list[PageForm], page: str, caller: str) -> Iterator[Target]:
    for form in forms:
        for address in [form.action or page, *form.also] if form.method == "post" else []:
            rule = rule_of(app, address)
            if rule is not None:
                yield Target(rule, address, page, caller, _filled(form), _files(app, form))


def rule_of(app: Flask, address: str) -> str | None:
    """The rule that an address is posted to."""
    try:
        found = app.url_map.bind("localhost").match(address.partition("?")[0], method="POST", return_rule=True)[0]
    except HTTPException:
        return None
    return str(found.rule)


def _filled(form: PageForm) -> dict[str, str]:
    names = {**form.fields, **{name: "" for name in form.choices if name != "add_row"}}
    return {name: _typed(name, form) for name in names if name not in FURNITURE}


def _typed(name: str, form: PageForm) -> str:
    present, choices = form.fields.get(name, ""), [one for one in form.choices.get(name, []) if one]
    if name.startswith("attributes-"):
        return present or f"Fact {name}"
    return present.removeprefix("\r\n") or next(iter(choices), "") or TYPED.get(name, "A few words")


def _files(app: Flask, form: PageForm) -> dict[str, tuple[str, bytes]]:
    picture = next(app.config["UPLOADS"].glob("*.webp"))
    return {name: FILES.get(name, ("picture.webp", picture.read_bytes())) for name in form.files}
