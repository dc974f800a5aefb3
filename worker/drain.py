"""Draining a queue: lease what is due in batches and run it until nothing is. What RQ calls, with a queue's name only.

A forged or repeated call does nothing by itself: only rows that are due are run.
"""

import time

from portal.kit import edge, jobs, logging
from portal.kit.jobs import Queue
from worker import runner
from worker.registry import HANDLERS

_BATCH = 10
log = logging.logger()


def drain(queue: str, limit: int = 1000, seconds: float = 240, batch_size: int = _BATCH) -> int:
    """Run due jobs of ``queue`` until there are none, ``limit`` were run or ``seconds`` have passed.

    The time stays below what RQ allows, so that it never breaks into a job.

    :return: how many were run.
    """
    done = 0
    name = Queue(queue)
    end = time.monotonic() + seconds
    while done < limit and time.monotonic() < end:
        batch = edge.write(lambda: jobs.lease(name, batch_size))
        for job in batch:
            handler = HANDLERS.get(job.name)
            if handler is None:
                log.error("unknown_job", job=job.name)
                edge.write(lambda job=job: jobs.fail(job.id, job.attempts, "no such job"))  # type: ignore[misc]
            else:
                runner.run(job, handler)
            done += 1
        if not batch:
            break
    return done
