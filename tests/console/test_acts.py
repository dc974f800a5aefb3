"""What operators do at the desk: another chance for a job, and the sandbox's clock. Each act is in the audit log."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from portal.identity.models import AuditEntry
from portal.identity.permissions import OperatorRole
from portal.identity.queries import get_user_of
from portal.kit import clock_target, config, edge
from portal.kit.db import db
from portal.kit.jobs import StagedJob
from tests.console import desk


def audited(action: str) -> list[AuditEntry]:
    return edge.write(lambda: list(db.scalars(select(AuditEntry).where(AuditEntry.action == action))))


def job(job_id: object) -> StagedJob:
    return edge.write(lambda: db.get_one(StagedJob, job_id))


def test_a_job_that_was_given_up_gets_another_chance_once(app: Flask) -> None:
    finance = desk.operator(app, OperatorRole.FINANCE)
    job_id = edge.write(lambda: desk.make_job("dead", "ValueError: boom")).id
    page = finance.get("/console/jobs").text
    assert "ValueError: boom" in page
    assert "Try again" in page

    assert finance.post(f"/console/jobs/{job_id}/retry").status_code == 303
    assert finance.post(f"/console/jobs/{job_id}/retry").status_code == 409

    revived = job(job_id)
    assert (revived.state, revived.attempts, revived.retry_at) == ("pending", 0, None)
    entries = audited("job.retried")
    actor = edge.write(lambda: get_user_of("finance@desk.example")).public_id
    assert [(entry.actor, entry.subject, entry.facts) for entry in entries] == [
        (actor, str(job_id), {"name": "tests.nothing"})
    ]


def test_a_job_whose_twin_waits_is_done_with_it(app: Flask) -> None:
    def build() -> object:
        dead, waiting = desk.make_job("dead", "boom"), desk.make_job("pending")
        dead.key = waiting.key = "the same"
        db.flush()
        return dead.id

    job_id = edge.write(build)

    assert desk.operator(app, OperatorRole.ADMIN).post(f"/console/jobs/{job_id}/retry").status_code == 303
    assert job(job_id).state == "done"


@pytest.mark.parametrize(("job_id", "status"), [(uuid4(), 409), ("none", 404)])
def test_an_unknown_job_is_refused(app: Flask, job_id: object, status: int) -> None:
    assert desk.operator(app, OperatorRole.ADMIN).post(f"/console/jobs/{job_id}/retry").status_code == status


def test_support_sees_failing_jobs_and_no_button(app: Flask) -> None:
    edge.write(lambda: desk.make_job("pending", "OSError: away"))
    edge.write(lambda: desk.make_job("dead", "boom"))
    page = desk.operator(app, OperatorRole.SUPPORT).get("/console/jobs").text

    assert "OSError: away" in page
    assert "Try again" not in page


def test_the_clock_is_sent_on_its_way_and_stopped(app: Flask) -> None:
    admin = desk.operator(app, OperatorRole.ADMIN)
    before = edge.write(edge.now)

    assert admin.post("/console/clock", data={"step": "2 days"}).status_code == 303

    target = edge.write(clock_target.find)
    assert target is not None
    assert timedelta(days=2) <= target - before < timedelta(days=2, minutes=1)
    page = admin.get("/console/clock").text
    assert 'hx-trigger="every 1s"' in page
    assert "Stop here" in page
    assert admin.post("/console/clock", data={"step": "1 hour"}).status_code == 409

    assert admin.post("/console/clock/stop").status_code == 303
    assert edge.write(clock_target.find) is None
    assert "hx-trigger" not in admin.get("/console/clock/state").text
    assert [entry.facts["step"] for entry in audited("clock.advanced")] == ["2 days"]
    assert len(audited("clock.stopped")) == 1


@pytest.mark.parametrize("step", ["", "soon", "2 years", "-1 day", "1 hour\x00", "x" * 300])
def test_a_bad_step_is_refused_and_kept(app: Flask, step: str) -> None:
    answer = desk.operator(app, OperatorRole.ADMIN).post("/console/clock", data={"step": step})

    assert answer.status_code == 422
    assert 'id="step-error"' in answer.text
    assert edge.write(clock_target.find) is None


def test_others_see_the_clock_and_no_form(app: Flask) -> None:
    page = desk.operator(app, OperatorRole.FINANCE).get("/console/clock").text

    assert "Business time" in page
    assert 'name="step"' not in page


def test_beside_real_money_there_is_no_clock(app: Flask, settings: config.Settings) -> None:
    admin = desk.operator(app, OperatorRole.ADMIN)
    config.use(replace(settings, is_sandbox=False))

    answers = [admin.get("/console/clock"), admin.get("/console/clock/state"), admin.post("/console/clock/stop")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert admin.post("/console/clock", data={"step": "1 day"}).status_code in (403, 404)
    assert "/console/clock" not in admin.get("/console").text
