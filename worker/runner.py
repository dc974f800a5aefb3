"""Running one leased job: plain ones in one transaction, those that call outside in three steps.

Whatever fails is rolled back and noted on the job's row; the job comes back later or is given up as dead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from portal.kit import edge, leases, logging
from portal.kit.jobs import StagedJob
from portal.kit.patience import within

SEND_SECONDS = 45.0
"""What a call outside may take before it counts as failed; its lease still holds then, so nobody else makes it too."""
log = logging.logger()
Args = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plain:
    """A job whose whole effect is one transaction, committed together with the job being done."""

    work: Callable[[Args, datetime], None]


@dataclass(frozen=True, slots=True)
class ThreePhase:
    """A job that calls outside: ``prepare`` commits, ``send`` has no transaction open, ``record`` commits.

    ``prepare`` returns what to send, or None where there is nothing left to do.
    """

    prepare: Callable[[Args, datetime], Any]
    send: Callable[[Any], Any]
    record: Callable[[Args, Any, datetime], None]


Handler = Plain | ThreePhase


class LeaseLost(Exception):
    """The job took longer than its lease and belongs to somebody else now; its effect is not kept."""


def run(job: StagedJob, handler: Handler) -> bool:
    """Run a leased job and say whether it is done."""
    structlog.contextvars.bind_contextvars(job_id=str(job.id), job=job.name, request_id=job.request_id)
    try:
        if isinstance(handler, Plain):
            edge.write(lambda: _finish(job, lambda: handler.work(job.args, edge.now())))
        else:
            _run_in_three(job, handler)
        return True
    except LeaseLost:
        log.warning("lease_lost")
        return False
    except Exception as error:
        reason = logging.told(error)
        log.error("job_failed", attempt=job.attempts, exc_info=error)
        edge.write(lambda: leases.fail(job.id, job.attempts, reason))
        return False
    finally:
        structlog.contextvars.unbind_contextvars("job_id", "job", "request_id")


def _run_in_three(job: StagedJob, handler: ThreePhase) -> None:
    message = edge.write(lambda: _prepare(job, handler))
    if message is None:
        edge.write(lambda: _finish(job, lambda: None))
        return
    answer = within(SEND_SECONDS, lambda: handler.send(message))
    edge.write(lambda: _finish(job, lambda: handler.record(job.args, answer, edge.now())))


def _prepare(job: StagedJob, handler: ThreePhase) -> Any:
    """Prepare with a full lease ahead: jobs leased together wait for each other's calls."""
    if not leases.extend(job.id, job.attempts):
        raise LeaseLost
    return handler.prepare(job.args, edge.now())


def _finish(job: StagedJob, work: Callable[[], None]) -> None:
    if not leases.still_leased(job.id, job.attempts):
        raise LeaseLost
    work()
    leases.finish(job.id)
