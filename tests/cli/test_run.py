"""`portal run` as a person uses it: an empty state, a ready product, a clean end, and all of it again."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from portal.cli import environment
from portal.cli.start import answers_200
from tests.support.processes import Instance, eventually, processes_of, start_portal, status

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    instance = Instance(tmp_path_factory.mktemp("state"))
    instance.start()
    yield instance
    instance.stop()


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Another one beside it, on the network; which test stops it, starts it again."""
    instance = Instance(tmp_path_factory.mktemp("second"), PORTAL_LAN="1")
    instance.start()
    yield instance
    instance.stop()


def database_url(instance: Instance) -> str:
    return environment.of_instance(instance.environ)["DATABASE_OWNER_URL"]


def test_a_first_start_serves_and_says_how_to_get_in(product: Instance) -> None:
    assert product.status("/healthz") == 200
    assert product.status("/readyz") == 200
    assert f"ready: http://127.0.0.1:{product.port}" in product.output
    assert "/register" in product.output
    assert f"http://127.0.0.1:{product.sandbox_port}/outbox" in product.output
    assert "portal operator create" in product.output


def test_its_secrets_are_for_its_owner_alone(product: Instance) -> None:
    secrets = [
        *(product.state / "secrets").iterdir(),
        *product.state.glob("*.password"),
        *product.state.glob("run/*.json"),
    ]

    assert len(secrets) >= 6
    assert {file.stat().st_mode & 0o077 for file in secrets} == {0}


def test_a_second_one_on_the_network_needs_only_ports_and_a_state(product: Instance, second: Instance) -> None:
    link = next(line.split()[-1] for line in second.lines if "/outbox" in line)

    assert (product.status("/readyz"), second.status("/readyz")) == (200, 200)
    assert status(second.sandbox_port, "/outbox") == 403
    assert status(second.sandbox_port, f"/outbox?{urlsplit(link).query}") == 303


def test_a_taken_port_is_named_with_its_setting(product: Instance, tmp_path: Path) -> None:
    other = Instance(tmp_path / "other", PORTAL_PORT=str(product.port))

    refused = start_portal(["run"], other.environ)
    told, _ = refused.communicate(timeout=30)

    assert refused.returncode == 1
    assert f"port {product.port} is in use; choose another by PORTAL_PORT" in told


def test_the_product_works_as_a_role_that_owns_nothing(product: Instance) -> None:
    with psycopg.connect(environment.of_instance(product.environ)["DATABASE_URL"]) as connection:
        role, owns = connection.execute(
            "SELECT current_user, (SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole)"
        ).fetchone() or (None, None)
        is_super = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    assert (role, owns, is_super) == ("stallholder_app", 0, (False,))


def test_doctor_finds_nothing_wrong_and_a_typing_error(product: Instance) -> None:
    well = start_portal(["doctor"], product.environ)
    unwell = start_portal(["doctor"], product.environ | {"PORTAL_PROT": "1"})

    assert well.communicate(timeout=30)[0] == "all is well\n"
    assert "PORTAL_PROT is not a setting; did you mean PORTAL_PORT?" in unwell.communicate(timeout=30)[0]
    assert (well.returncode, unwell.returncode) == (0, 1)


def test_wrong_settings_are_told_before_anything_starts(tmp_path: Path) -> None:
    wrong = Instance(tmp_path / "never", PORTAL_LAN="maybe", LOG_LEVEL="loud")

    refused = start_portal(["run"], wrong.environ)
    told, _ = refused.communicate(timeout=30)

    assert refused.returncode == 1
    assert "PORTAL_LAN must be 0 or 1" in told
    assert "LOG_LEVEL must be one of" in told
    assert "Traceback" not in told
    assert not wrong.state.exists()


def test_data_survive_a_kill_and_a_stop_and_nothing_stands_in_the_way_of_the_next_start(
    product: Instance, second: Instance
) -> None:
    with psycopg.connect(database_url(second)) as connection:
        connection.execute("CREATE TABLE kept (note text)")

    second.stop(signal.SIGKILL)
    second.start()
    assert second.stop(signal.SIGINT) == 0
    assert processes_of(second.state) == []
    assert product.status("/readyz") == 200

    second.start()
    assert "the database has its tables" not in second.output
    with psycopg.connect(database_url(second)) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_killed_web_server_comes_back(product: Instance) -> None:
    os.kill(json.loads((product.state / "run" / "web.json").read_text())["pid"], signal.SIGKILL)

    assert eventually(lambda: "web ended unexpectedly (-9)" in product.output)
    assert eventually(lambda: answers_200(product.port, "/readyz"), 30)
