"""Records a page of the product: a real request, its statements with their parameters, and what filled its template.

The page is filled with the plain values already while it is recorded, so what the floor renders is what was recorded.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import flask_babel
from flask import Flask, before_render_template
from flask.testing import FlaskClient
from jinja2 import Template
from sqlalchemy import event
from wtforms import Field, Form

from portal.kit.db import db
from tests.benchmarks.plain import Noted, PlainField, PlainForm, Recording

_FLASKS_OWN = {"request", "session", "g", "config", "url_for", "get_flashed_messages"}
_JINJAS_OWN = {"range", "dict", "lipsum", "cycler", "joiner", "namespace"}
_AS_IS = (str, bytes, int, float, date, datetime, Decimal, UUID, type(None))


def record(app: Flask, client: FlaskClient, address: str) -> Recording:
    """Open ``address`` and return how it was made."""
    with _statements() as statements, _rendered(app) as rendered:
        answer = client.get(address)
    assert answer.status_code == 200, f"{address}: {answer.status}"
    [(template, values)] = rendered
    return Recording(address, tuple(statements), template, values, answer.text)


@contextmanager
def _statements() -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []
    bind = db.get_bind()

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        found.append((statement, plain(parameters)))

    event.listen(bind, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(bind, "before_cursor_execute", note)


@contextmanager
def _rendered(app: Flask) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    found: list[tuple[str, dict[str, Any]]] = []

    def replace(_: Flask, template: Template, context: dict[str, Any], **__: Any) -> None:
        values = {name: plain(value) for name, value in (_functions(app) | context).items() if name not in _FLASKS_OWN}
        context.update(values)
        found.append((str(template.name), values))

    with before_render_template.connected_to(replace, app):
        yield found


def _functions(app: Flask) -> dict[str, Any]:
    """The functions that templates know everywhere; Jinja's form of the translating ones wants a page to run in."""
    ours = {name: known for name, known in app.jinja_env.globals.items() if name not in _FLASKS_OWN | _JINJAS_OWN}
    return {
        name: getattr(flask_babel, name, known) if hasattr(known, "jinja_pass_arg") else known
        for name, known in ours.items()
    }


def plain(value: Any) -> Any:
    """Return the value without anything of ours: texts and numbers, and namespaces, tables and lists of them."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, _AS_IS):
        return value
    if isinstance(value, flask_babel.LazyString):
        return str(value)
    if isinstance(value, Mapping):
        return {key: plain(held) for key, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(plain(held) for held in value)
    if isinstance(value, Form):
        return _plain_form(value)
    return Noted(value, plain) if callable(value) else SimpleNamespace(**_public(value))


def _public(value: Any) -> dict[str, Any]:
    """The public attributes of an object of ours, its properties included, its methods not."""
    names = {name for name in dir(value) if not name.startswith("_")} - {"metadata", "registry"}
    held = {name: getattr(value, name) for name in names}
    return {name: plain(found) for name, found in held.items() if not callable(found)}


def _plain_form(form: Form) -> PlainForm:
    fields = {field.short_name: _plain_field(field) for field in form}
    told = {"errors": form.errors, "form_errors": form.form_errors, "data": form.data}
    return PlainForm(fields=list(fields.values()), **{name: plain(held) for name, held in told.items()}, **fields)


def _plain_field(field: Field) -> PlainField:
    return PlainField(
        id=field.id,
        name=field.name,
        type=field.type,
        description=plain(field.description),
        errors=plain(list(field.errors)),
        label=SimpleNamespace(text=plain(field.label.text)),
        flags=SimpleNamespace(optional=bool(field.flags.optional)),
        drawn=Noted(field, plain),
        options=[_plain_field(option) for option in field] if field.type == "RadioField" else [],
    )
