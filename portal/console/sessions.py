"""Payment sessions: all of them by state, and one with everything that was said between us and its provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import flask_babel
from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext

from portal.console import wording
from portal.console.access import requires
from portal.console.forms import SessionSearchForm
from portal.insights.payers import payers
from portal.kit.pagination import Page, page_number
from portal.payments import queries

if TYPE_CHECKING:
    from portal.payments.models import PaymentEvent, PaymentSession, ProviderCall

bp = Blueprint("console_sessions", __name__, url_prefix="/console/sessions")


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said about a session, in wall time; ``tone`` is good, wait, bad or calm."""

    at: datetime
    is_ours: bool
    title: str
    note: str
    detail: str
    tone: str

    @property
    def clock(self) -> str:
        """The time of day to the second, in the reader's zone."""
        return _clock(self.at)


@bp.get("")
@requires("console:view")
def show() -> tuple[str, int]:
    """A page of sessions, newest first."""
    form = SessionSearchForm(request.args)
    number = page_number(request.args.get("page"))
    is_good = form.is_good()
    page: Page[PaymentSession] = Page([], number, 0)
    if is_good:
        page = queries.list_sessions(form.q.data, form.status.data or None, number)
    shown = render_template(
        "console/sessions/page.html",
        form=form,
        page=page,
        payers=payers({session.customer_id for session in page.items}),
        page_url=lambda number: url_for(".show", page=number, q=form.q.data or None, status=form.status.data or None),
    )
    return shown, 200 if is_good else 422


@bp.get("/<session>")
@requires("console:view")
def show_one(session: str) -> str:
    """One session with its conversation."""
    found = queries.get_session(session)
    attempt = queries.attempt_of(found.id)
    calls = [_from_call(call) for call in queries.conversation(found.id)]
    events = [_from_event(event) for event in queries.events_of(attempt.provider, attempt.order_number)]
    return render_template(
        "console/sessions/session.html",
        session=found,
        attempt=attempt,
        provider=wording.word(wording.PROVIDERS, attempt.provider),
        payer=payers([found.customer_id])[found.customer_id],
        disposition=wording.word(wording.DISPOSITIONS, attempt.disposition),
        conversation=sorted(calls + events, key=lambda said: said.at),
        refunds=queries.refunds_of(found.id),
        reason=lambda code: wording.word(wording.REASONS, code) or None,
    )


def _clock(at: datetime) -> str:
    return f"{flask_babel.to_user_timezone(at):%H:%M:%S}"


def _from_call(call: ProviderCall) -> Said:
    status = "" if call.http_status is None else f"HTTP {call.http_status}, "
    note = f"{wording.word(wording.RESULTS, call.result)} ({status}{call.milliseconds} ms)"
    if call.times > 1:
        note += gettext("; %(count)s times, the last at %(time)s", count=call.times, time=_clock(call.last_called_at))
    return Said(
        at=call.called_at,
        is_ours=True,
        title=wording.word(wording.OPERATIONS, call.operation),
        note=note,
        detail=call.detail,
        tone={"done": "good", "refused": "bad"}.get(call.result, "wait"),
    )


def _from_event(event: PaymentEvent) -> Said:
    return Said(
        at=event.received_at,
        is_ours=False,
        title=gettext("The provider told us: %(kind)s", kind=event.kind),
        note=wording.word(wording.EVENT_STATES, event.status),
        detail=wording.word(wording.OUTCOMES, event.outcome),
        tone={"applied": "good", "quarantined": "bad", "received": "wait"}.get(event.status, "calm"),
    )
