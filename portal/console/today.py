"""The first page of the desk: what waits for a person, and whether the books are sound."""

from flask import Blueprint, render_template

from portal.console import wording
from portal.console.access import requires
from portal.currency import rates
from portal.insights import invariants, today
from portal.kit import clock, edge
from portal.payments import key_expiry
from portal.payments.queries import list_quarantined

bp = Blueprint("console_today", __name__)
_SHOWN = 20


@bp.get("/console")
@requires("console:view")
def show() -> str:
    """What waits, counted, with the broken rules that the checks found in full: there should never be one."""
    waiting = today.waiting()
    return render_template(
        "console/today/page.html",
        waiting=waiting,
        are_rates_old=rates.is_old(edge.now()),
        expiring=key_expiry.expiring(clock.wall()),
        violations=invariants.findings(_SHOWN),
        quarantined=list_quarantined(_SHOWN),
        outcome=lambda code: wording.word(wording.OUTCOMES, code),
    )
