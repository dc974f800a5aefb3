"""Signs of life: fresh ones count, and what an earlier run left behind counts no more once a new one prepares."""

from portal.cli.prepare import prepare
from portal.kit import edge, heartbeat
from portal.kit.config import Settings
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
    assert edge.write(lambda: heartbeat.checks(own.redis_url))["worker"] == "no heartbeat for 30 seconds"
    edge.write(lambda: heartbeat.beat("scheduler"))
    assert edge.write(lambda: heartbeat.checks(own.redis_url))["worker"] == "ok"
