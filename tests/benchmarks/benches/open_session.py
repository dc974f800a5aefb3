"""Sessions opened through the page: the confirmed quote's form, until its intent is committed."""

from collections.abc import Callable
from itertools import count

from portal.app import create_app
from portal.kit import config
from tests.benchmarks import stock
from tests.benchmarks.harness import Bench, at_least
from tests.benchmarks.place import Place
from tests.benchmarks.replay import Work, beside_replay
from tests.support.pages import log_in

_SESSIONS = 150


def _prepared() -> Callable[[str], object]:
    app = create_app(config.current())
    app.config.update(WTF_CSRF_ENABLED=False)
    client = app.test_client()
    log_in(client, stock.OWNER)
    callers = count(1)

    def confirm(path: str) -> None:
        caller = {"REMOTE_ADDR": f"127.2.0.{next(callers)}"}  # so many of one address would meet the limit
        assert client.post(f"{path}/confirm", environ_overrides=caller).status_code == 303

    return confirm


BENCH: Bench[Place] = Bench(
    name="open_session",
    work="sessions opened, to the committed intent",
    unit="sessions/s",
    goal=at_least(0.4),
    sides=lambda place: beside_replay(
        place,
        Work(
            stock=lambda: stock.quoted(_SESSIONS),
            prepared=_prepared,
            done="SELECT count(*) FROM payment_sessions WHERE status = 'created' OR status = 'open'",
        ),
    ),
)
