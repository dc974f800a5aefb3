"""The sandbox's clock: how late it is, and where it shall go. Beside real money this page does not exist."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext

from portal.console.access import operator, requires, writes
from portal.console.forms import AdvanceForm
from portal.identity import audit
from portal.identity.permissions import operator_can
from portal.kit import clock, clock_target, config, edge
from portal.kit.clock_target import StepUnclear
from portal.kit.errors import NotFound

bp = Blueprint("console_clock", __name__, url_prefix="/console/clock")


@dataclass(frozen=True, slots=True)
class ShownClock:
    """The two times, and the target of business time while it is on its way."""

    now: datetime
    wall: datetime
    ahead: timedelta
    target: datetime | None


@bp.get("")
@requires("console:view")
def show() -> str:
    """The two times, and the form that moves one of them."""
    return _page(AdvanceForm(formdata=None))


@bp.get("/state")
@requires("console:view")
def show_state() -> str:
    """The two times alone: the page asks for them while they move."""
    return render_template("console/clock/_state.html", times=_times(), may_move=_may_move())


@bp.post("")
@requires("console:clock")
@writes
def advance() -> Any:
    """Send business time on its way."""
    form = AdvanceForm()
    if not form.validate():
        return _page(form), 422
    now = edge.now()
    try:
        until = clock_target.read_step(form.step.data or "", now)
    except StepUnclear as refused:
        form.step.errors = [gettext(refused.message)]
        return _page(form), refused.status
    clock_target.head_for(until)
    facts = {"step": form.step.data, "until": until.isoformat()}
    audit.record(operator().public_id, "clock.advanced", "clock", facts, now)
    return redirect(url_for(".show"), 303)


@bp.post("/stop")
@requires("console:clock")
@writes
def stop() -> Any:
    """Stay at the present business time."""
    _times()
    clock_target.stop()
    audit.record(operator().public_id, "clock.stopped", "clock", {}, edge.now())
    flash(gettext("The clock stays where it is."), "success")
    return redirect(url_for(".show"), 303)


def _page(form: AdvanceForm) -> str:
    return render_template("console/clock/page.html", times=_times(), may_move=_may_move(), form=form)


def _times() -> ShownClock:
    if not config.current().is_sandbox:
        raise NotFound
    return ShownClock(edge.now(), clock.wall(), clock.offset(), clock_target.find())


def _may_move() -> bool:
    return operator_can(operator().operator_role or "", "console:clock")
