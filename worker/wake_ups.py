"""What a worker believes of a message in Redis: which queue to drain, and nothing else.

RQ would import and call whatever function, callback or web address a message names. Whoever could write to Redis would
then run code of theirs in our workers; here such a message is passed over as if it did not exist.
"""

from typing import Any

from redis import Redis
from rq import Queue, SimpleWorker
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from portal.kit import jobs, logging, wake
from worker import drain

_BELIEVED = {"data", "created_at", "enqueued_at", "origin", "status", "timeout", "result_ttl", "failure_ttl"}
log = logging.logger()


class WakeUp(Job):
    """A message that may only ask for one of our queues to be drained."""

    def restore(self, raw_data: Any) -> None:
        """Take over what is believed; anything else is no message.

        :raises NoSuchJobError: it asks for something else or cannot be read.
        """
        try:
            super().restore({name: value for name, value in raw_data.items() if name.decode() in _BELIEVED})
            call = [self.func_name, self.instance, list(self.args), self.kwargs]
            is_ours = call in [[wake.DRAIN, None, [queue], {}] for queue in jobs.Queue]
        except Exception as error:
            log.error("forged_message", error=type(error).__name__)
            raise NoSuchJobError("not readable") from error
        if not is_ours:
            log.error("forged_message", error="it names something else to do")
            raise NoSuchJobError("not ours")


class Listener(SimpleWorker):
    """An RQ worker that, asked to end, ends between two jobs and not after the last one of its queue."""

    def handle_warm_shutdown_request(self) -> None:
        """Let the job that is under way be the last one."""
        drain.stopping.set()


def listener(queue: str, connection: Redis) -> SimpleWorker:
    """Return the RQ worker of one queue."""
    return Listener(
        [Queue(queue, connection=connection, serializer=JSONSerializer, job_class=WakeUp)],
        connection=connection,
        serializer=JSONSerializer,
        job_class=WakeUp,
        worker_ttl=60,
        maintenance_interval=30,
    )
