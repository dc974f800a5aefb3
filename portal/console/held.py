"""Money that came and could not be counted: paid twice, or not what was asked for, with the refunds asked for.

Approving and sending refunds is not here yet; it needs a second operator.
"""

from flask import Blueprint, render_template

from portal.console import wording
from portal.console.access import requires
from portal.insights.payers import payers
from portal.payments import queries

bp = Blueprint("console_held", __name__, url_prefix="/console/held")


@bp.get("")
@requires("console:view")
def show() -> str:
    """All held money, oldest first."""
    held = queries.list_held()
    refunds = queries.refunds_of(*(session.id for session, _ in held))
    return render_template(
        "console/held/page.html",
        held=held,
        payers=payers({session.customer_id for session, _ in held}),
        refunds={refund.attempt_id: refund for refund in refunds},
        disposition=lambda code: wording.word(wording.DISPOSITIONS, code),
    )
