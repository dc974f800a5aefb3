"""What we embed lets nobody in without its password and is out of reach of the network (reliability.md G15)."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.cli import doctor, valkey
from portal.cli.ports import free_ports
from portal.cli.processes import Child
from tests.support.processes import eventually
from tests.support.servers import Servers


def stranger(url: str, password: str | None = None) -> redis.Redis:
    given = redis.connection.parse_url(url)
    return redis.Redis(host=given["host"], port=given["port"], password=password, retry=Retry(NoBackoff(), 0))


def test_g15_redis_asks_for_its_password_and_listens_here_only(servers: Servers, saw: Callable[[str], None]) -> None:
    for password in (None, "guess"):
        with stranger(servers.redis_url, password) as connection, pytest.raises(redis.AuthenticationError):
            connection.get("anything")
    with redis.Redis.from_url(servers.redis_url) as owner:
        assert owner.config_get("bind") == {"bind": "127.0.0.1"}
        assert len(str(owner.config_get("requirepass")["requirepass"])) >= 32
    saw("no password and a wrong one: refused; bound to 127.0.0.1 only")


def test_g15_postgres_asks_for_its_password_and_listens_here_only(servers: Servers, saw: Callable[[str], None]) -> None:
    with psycopg.connect(servers.postgres_url) as owner:
        ways = {row[0] for row in owner.execute("SELECT auth_method FROM pg_hba_file_rules")}
        assert owner.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert owner.execute("SHOW password_encryption").fetchone() == ("scram-sha-256",)
        password = str(owner.info.password)
    assert ways == {"scram-sha-256"}
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(servers.postgres_url.replace(f":{password}@", "@"))
    saw("every way in asks for scram-sha-256; listening on 127.0.0.1 only")


def test_g15_doctor_says_when_a_redis_is_open(servers: Servers, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    (tmp_path / "run").mkdir()
    server = valkey.prepare(tmp_path, None, port)
    server.config.write_text(f"bind 127.0.0.1\nport {port}\nprotected-mode no\n")
    child = Child(server.command(), tmp_path / "log", tmp_path / "run" / "redis")
    assert eventually(lambda: not any("not answer" in said for said in doctor.open_redis(f"redis://127.0.0.1:{port}")))

    assert [*doctor.open_redis(f"redis://:password@127.0.0.1:{port}/0")] == [
        "Redis asks for no password: set requirepass there and give REDIS_URL as redis://:password@host:port/0"
    ]
    assert [*doctor.open_redis(servers.redis_url)] == []
    assert "does not answer" in next(doctor.open_redis(f"redis://127.0.0.1:{free_ports(1)[0]}/0"))
    child.stop()
