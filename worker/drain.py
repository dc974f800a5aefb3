"""Draining a queue: lease what is due in batches and run it until nothing is. What RQ calls, with a queue's name only.

A forged or repeated call does nothing by itself: only rows that are due are run.
"""

import threading
import time
from collections.abc import Sequence

from portal.kit import edge, leases, logging
from portal.kit.jobs import Queue, StagedJob
from worker import runner
from worker.registry import HANDLERS

_BATCH = 10
"""Jobs leased at once; in the queue of codes only one, so that nobody's code waits behind another's stalled call."""
stopping = threading.Event()
"""Set when this process was asked to end: what is under way is finished, and nothing else is begun."""
log = logging.logger()


def drain(queue: str, limit: int = 1000, seconds: float = 240, batch_size: int = _BATCH) -> int:
    """Run due jobs of ``queue`` until there are none, ``limit`` were run or ``seconds`` have passed.

    The time stays below what RQ allows, so that it never breaks into a job.

    :return: how many were run.
    """
    done = 0
    name = Queue(queue)
    size = 1 if name is Queue.INTERACTIVE else batch_size
    end = time.monotonic() + seconds
    while done < limit and time.monotonic() < end and not stopping.is_set():
        batch = edge.write(lambda: leases.lease(name, size))
        ran = _run(batch)
        done += ran
        if not batch:
            break
        if ran < len(batch):
            edge.write(lambda: leases.give_back(batch[ran:]))  # noqa: B023 - called at once
    return done


def _run(batch: Sequence[StagedJob]) -> int:
    """Run leased jobs one after the other, until told to stop; return how many were run."""
    for number, job in enumerate(batch):
        if stopping.is_set():
            return number
        handler = HANDLERS.get(job.name)
        if handler is None:
            log.error("unknown_job", job=job.name)
            edge.write(lambda job=job: leases.fail(job.id, job.attempts, "no such job"))  # type: ignore[misc]
        else:
            runner.run(job, handler)
    return len(batch)
