"""Background jobs: what waits in which queue, what failed and why, and another chance for what was given up."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext

from portal.console.access import operator, requires, writes
from portal.identity import audit
from portal.identity.permissions import operator_can
from portal.insights import job_lists
from portal.kit import edge, jobs, leases
from portal.kit.errors import N_, Conflict

bp = Blueprint("console_jobs", __name__, url_prefix="/console/jobs")


@bp.get("")
@requires("console:view")
def show() -> str:
    """Counts by queue, and the jobs in trouble."""
    counts = job_lists.counts()
    return render_template(
        "console/jobs/page.html",
        queues=[counts.get(queue) or job_lists.QueueCounts(queue, 0, 0, 0, 0) for queue in jobs.Queue],
        troubled=job_lists.troubled(),
        may_retry=operator_can(operator().operator_role or "", "console:jobs"),
    )


@bp.post("/<uuid:job_id>/retry")
@requires("console:jobs")
@writes
def retry(job_id: UUID) -> Any:
    """Let a job that was given up be tried again."""
    name = leases.revive(job_id)
    if name is None:
        raise Conflict("job_not_dead", N_("This job is not given up (any more). Nothing was changed."))
    audit.record(operator().public_id, "job.retried", str(job_id), {"name": name}, edge.now())
    flash(gettext("The job is being tried again."), "success")
    return redirect(url_for(".show"), 303)
