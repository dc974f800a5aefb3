"""Flows that are wrong on purpose: the sweep must find each of them, or it finds nothing."""

import re
from datetime import datetime

from sqlalchemy import text

from portal.kit import edge, jobs
from portal.kit.db import db
from tests.sweep.flow import Flow
from tests.sweep.flows import a_shop
from tests.sweep.play import Play
from worker import registry
from worker.runner import Args, Plain

_EFFECT = text("INSERT INTO heartbeats (process) VALUES (gen_random_uuid()::text)")
_JOB = "tests.unsafe"


def _act_apart(_: Args, __: datetime) -> None:
    """Do what the job is for in a transaction of its own, so that the job may come back without knowing of it."""
    edge.apart(lambda: db.execute(_EFFECT))


def job_apart(play: Play) -> None:
    """A job whose effect is committed before it is."""
    registry.HANDLERS[_JOB] = Plain(_act_apart)

    def stage() -> None:
        edge.write(lambda: jobs.stage(_JOB, queue=jobs.Queue.DEFAULT, due_at=edge.now()))

    play.step("somebody stages the job", stage)
    play.work()


def form_without_key(play: Play) -> None:
    """A form whose key was lost: pressed again after no answer came, it does again what it had done."""
    ann = play.owner()
    ann.open(f"{play.shop()}/products/new")
    ann.page = re.sub(r'<input[^>]*name="form_key"[^>]*>', "", ann.page)
    ann.press("/products/new", name="Tea")


ALL = (
    Flow("a job that acts apart", job_apart, {"heartbeats WHERE length(process) = 36": 1}, passes=("of tests.unsafe",)),
    Flow("a form without its key", form_without_key, {"products": 1}, passes=("new: commit, after",), given=a_shop),
)
