"""Signs of life: fresh ones count, and what an earlier run left behind counts no more once a new one prepares.

Ready is also who works on tables that a later release has brought on already.
"""

import pytest
from sqlalchemy import text

from portal.cli.prepare import prepare
from portal.kit import edge, heartbeat
from portal.kit.config import Settings
from portal.kit.db import db
from tests.support.settings import make_settings, provider_keys


def test_what_an_earlier_run_left_says_nothing_of_this_one(
    committing: None, fresh_database: str, settings: Settings, tmp_path_factory: object
) -> None:
    state = tmp_path_factory.mktemp("run")  # type: ignore[attr-defined]
    own = make_settings(fresh_database, settings.redis_url, state, provider_keys(state / "keys"))
    edge.write(lambda: heartbeat.beat("scheduler"))
    assert edge.write(lambda: heartbeat.checks(own.redis_url))["worker"] == "ok"
    prepare(own)
    edge.connect(fresh_database, pool_size=2, application="kit")
    assert edge.write(lambda: heartbeat.checks(own.redis_url))["worker"] == "ok", "beside a release that works"
    prepare(own, is_start=True)
    edge.connect(fresh_database, pool_size=2, application="kit")
    assert edge.write(lambda: heartbeat.checks(own.redis_url))["worker"] == "no heartbeat for 30 seconds"
    edge.write(lambda: heartbeat.beat("scheduler"))
    assert edge.write(lambda: heartbeat.checks(own.redis_url))["worker"] == "ok"


@pytest.mark.parametrize(("at", "is_ready"), [("9001", True), ("0001", False), ("0000", False), (None, False)])
def test_a_database_may_be_ahead_of_the_code_and_never_behind(
    committing: None, settings: Settings, at: str | None, is_ready: bool
) -> None:
    move = text("UPDATE alembic_version SET version_num = :at" if at else "DELETE FROM alembic_version")
    assert edge.write(lambda: heartbeat.checks(settings.redis_url))["migrations"] == "ok"
    edge.write(lambda: db.execute(move, {"at": at} if at else {}))
    found = edge.write(lambda: heartbeat.checks(settings.redis_url))["migrations"]
    assert (found == "ok") == is_ready, found
