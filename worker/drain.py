"""Draining a queue: lease what is due in batches and run it until nothing is. What RQ calls, with a queue's name only.

A forged or repeated call does nothing by itself: only rows that are due are run.
"""

from portal.kit import edge, jobs, logging
from portal.kit.jobs import Queue
from worker import runner
from worker.registry import HANDLERS

_BATCH = 10
log = logging.logger()


def drain(queue: str, limit: int = 1000) -> int:
    """Run due jobs of ``queue`` until there are none, or ``limit`` were run; return how many."""
    done = 0
    name = Queue(queue)
    while done < limit:
        batch = edge.write(lambda: jobs.lease(name, _BATCH))
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
