"""Starting: the key ceremony, the refusals, what a restart keeps, and the locked outbox of a shared network."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine, text

from tests.sandbox.account import Account
from tests.sandbox.conftest import Merchant, Shop
from tests.support.sandbox import Sandbox, SandboxError, ceremony, clean_environ

GOOD = {
    "PORTAL_SANDBOX_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "PORTAL_SANDBOX_TOKEN": "t" * 32,
}
REFUSED = {
    "PORTAL_SANDBOX=0": {"PORTAL_SANDBOX": "0"},
    "real WeChat Pay": {"WECHAT_PAY_BASE_URL": "https://api.mch.weixin.qq.com"},
    "its other host": {"WECHAT_PAY_BASE_URL": "https://apihk.mch.weixin.qq.com:443/v3"},
    "live key": {"STRIPE_SECRET_KEY": "sk_live_123"},
    "PORTAL_SANDBOX_PORT": {"PORTAL_SANDBOX_PORT": "70000"},
    "must differ": {"PORTAL_SANDBOX_PORT": "20001", "PORTAL_SANDBOX_SMTP_PORT": "20001"},
    "PORTAL_SANDBOX_DATABASE_URL": {"PORTAL_SANDBOX_DATABASE_URL": "sqlite:///x"},
    "PORTAL_SANDBOX_TOKEN": {"PORTAL_SANDBOX_TOKEN": "short"},
    "PORTAL_SANDBOX_KEYS": {"PORTAL_SANDBOX_KEYS": ""},
    "ceremony": {"PORTAL_SANDBOX_KEYS": "/nonexistent"},
}


def run(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "portal.sandbox"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses_to_start_and_says_why(tmp_path: Path, name: str) -> None:
    ours = clean_environ() | GOOD | {"PORTAL_SANDBOX_KEYS": str(tmp_path)}
    ended = run(ours | REFUSED[name])
    assert ended.returncode == 2
    said = ended.stderr.casefold()
    assert name.casefold() in said or "live keys" in said
    assert "traceback" not in said


def test_without_a_database_it_says_so(tmp_path: Path) -> None:
    ceremony(tmp_path)
    ended = run(clean_environ() | GOOD | {"PORTAL_SANDBOX_KEYS": str(tmp_path)})
    assert ended.returncode == 1
    assert "database" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_ceremony_writes_for_the_owner_only_and_once(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    ceremony(keys)
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    ceremony(keys)
    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before
    assert {oct(path.stat().st_mode & 0o777) for path in keys.iterdir()} == {"0o600"}
    env = dict(line.split("=", 1) for line in (keys / "product.env").read_text().splitlines())
    assert len(env["WECHAT_PAY_APIV3_KEY"]) == 32
    for name in ("WECHAT_PAY_PRIVATE_KEY_FILE", "WECHAT_PAY_PUBLIC_KEY_FILE"):
        assert Path(env[name]).is_absolute()
        assert Path(env[name]).exists()


def test_a_folder_and_a_database_of_an_earlier_version_are_completed(empty_database: str, tmp_path: Path) -> None:
    keys, engine = tmp_path / "keys", create_engine(empty_database.replace("postgresql:", "postgresql+psycopg:", 1))
    ceremony(keys)
    lines = (keys / "product.env").read_text().splitlines(keepends=True)
    (keys / "product.env").write_text("".join(line for line in lines if not line.startswith("STRIPE_")))
    with Sandbox.start(empty_database, keys):
        pass
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE notices DROP COLUMN provider"))
    engine.dispose()
    with Sandbox.start(empty_database, keys) as sandbox:
        env = sandbox.product_env()
        assert env["STRIPE_SECRET_KEY"].startswith("sk_test_")
        assert env["STRIPE_WEBHOOK_SECRET"].startswith("whsec_")
        assert [line for line in lines if line.startswith("WECHAT_PAY_MCHID")] == [
            f"WECHAT_PAY_MCHID={env['WECHAT_PAY_MCHID']}\n"
        ]
        Account(sandbox).stored()


def test_a_restart_forgets_nothing(empty_database: str, tmp_path: Path, shop: Shop) -> None:
    log_file = tmp_path / "sandbox.log"
    with Sandbox.start(empty_database, tmp_path / "keys", log_file=log_file) as sandbox:
        Merchant(sandbox, shop).order()
        sandbox.pay("order-0001", delay=5000)
        sandbox.advance(4000)
        sandbox.rotate()
    with Sandbox.start(empty_database, tmp_path / "keys", log_file=log_file) as sandbox:
        assert sandbox.clock()["offset"] == 4000
        assert sandbox.book()["wechat_pay"]["totals"] == {"CNY": 888}
        assert Merchant(sandbox, shop).query()[1]["trade_state"] == "SUCCESS"
        sandbox.advance(1000)
    assert len(shop.received) == 1
    lines = [json.loads(line) for line in log_file.read_text().splitlines()]
    assert {"ready", "request", "delivery"} <= {line["event"] for line in lines}
    for secret in (sandbox.token, sandbox.product_env()["WECHAT_PAY_APIV3_KEY"], "PRIVATE"):
        assert secret not in log_file.read_text()


def test_on_a_shared_network_the_outbox_is_locked(empty_database: str, tmp_path: Path) -> None:
    lan = {"PORTAL_LAN": "1", "PORTAL_SANDBOX_PUBLIC_URL": "http://192.168.1.20:8001"}
    with Sandbox.start(empty_database, tmp_path / "keys", environ=lan) as sandbox:
        browser = requests.Session()
        for query in ("", "?token=", "?token=wrong", "?token=%ff"):
            assert browser.get(f"{sandbox.url}/outbox{query}", timeout=5).status_code == 403
        opened = browser.get(f"{sandbox.url}/outbox?token={sandbox.token}", timeout=5)
        assert (opened.status_code, opened.url) == (200, f"{sandbox.url}/outbox")
        assert sandbox.token not in str(browser.cookies.get_dict())
        assert browser.get(f"{sandbox.url}/outbox", timeout=5).status_code == 200


def test_it_dies_with_who_started_it(empty_database: str, tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from tests.support.sandbox import Sandbox; "
        "s = Sandbox.start(sys.argv[1], pathlib.Path(sys.argv[2])); print(s.process.pid, flush=True); "
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", program, empty_database, str(tmp_path / "keys")]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    with pytest.raises((ProcessLookupError, SandboxError)):
        wait_until_gone(int(ended.stdout))


def wait_until_gone(pid: int) -> None:
    """Raises ProcessLookupError as soon as there is no such process, SandboxError when only its entry is left."""
    for _ in range(100):
        os.kill(pid, 0)
        if "Z" in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1][:3]:
            raise SandboxError("ended, not yet buried")
        time.sleep(0.05)
