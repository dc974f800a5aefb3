"""Dockerfile, compose.yaml and docs/deployment.md name only what exists. No Docker runs here: the rest is linted."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal import app
from portal.cli import doctor
from portal.kit import config
from portal.kit.config import load_settings
from portal.sandbox import settings as sandbox_settings
from tests.support.processes import ROOT, bare_environ
from tests.support.settings import make_environ

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
DEPLOYMENT = (ROOT / "docs" / "deployment.md").read_text()
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
_NAME = re.compile(r"^([A-Z][A-Z_0-9]+)=", re.MULTILINE)
_SNIPPETS = re.findall(r"```sh\n(mkdir.*?|token=.*?)```", DEPLOYMENT, re.DOTALL)


def known() -> set[str]:
    """Every setting of the product and of the sandbox."""
    sources = (Path(str(module.__file__)).read_text() for module in (config, sandbox_settings))
    return {name for source in sources for name in re.findall(r'"([A-Z][A-Z_0-9]{4,})"', source)} | set(doctor.KNOWN)


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return found


def test_two_of_everything_are_there() -> None:
    commands = [service["command"][0] for service in OURS.values()]
    assert sorted(commands) == ["migrate", "sandbox", "web", "web", "worker", "worker"]
    assert set(commands) <= set(app.main.list_commands(None))  # type: ignore[arg-type]


def test_every_setting_that_is_named_is_known() -> None:
    in_image = re.findall(r"(PORTAL_[A-Z_]+)=", DOCKERFILE)
    in_compose = [name for service in OURS.values() for name in service["environment"]]
    in_docs = [name for snippet in _SNIPPETS for name in _NAME.findall(snippet)]
    assert len(in_docs) > 10
    assert {*in_image, *in_compose, *in_docs} - known() == set()


def test_our_containers_may_do_nothing_that_they_need_not() -> None:
    for service in OURS.values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert "ports" not in service or service["command"] == ["sandbox"]
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE) == ["10001:10001"]


def test_what_belongs_to_the_owner_reaches_nobody_else() -> None:
    with_owner = [name for name, service in OURS.items() if "secrets/owner.env" in service["env_file"]]
    assert with_owner == ["migrate"]
    assert "secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_balancer_gets_what_its_file_asks_for() -> None:
    asked = set(re.findall(r'"\$([A-Z_0-9]+)"', (ROOT / "docs/haproxy/haproxy.cfg").read_text()))
    balancer = COMPOSE["services"]["balancer"]
    assert asked == set(balancer["environment"])
    for name in ("WEB_1", "WEB_2"):
        host, port = balancer["environment"][name].split(":")
        assert COMPOSE["services"][host]["command"] == ["web"]
        assert f"PORTAL_PORT={port}" in DOCKERFILE
    for volume in balancer["volumes"]:
        assert (ROOT / volume.split(":")[0]).is_dir()


def test_versions_are_those_of_the_lock() -> None:
    pythons = re.findall(r"^FROM python:([0-9.]+)-slim-", DOCKERFILE, re.MULTILINE)
    lowest = str(tomllib.loads((ROOT / "uv.lock").read_text())["requires-python"]).removeprefix(">=")
    assert pythons == [lowest] * 2 == [project()["tool"]["mypy"]["python_version"]] * 2
    uv = re.findall(r"astral-sh/uv:([0-9.]+)", DOCKERFILE)
    assert f'VERSION = "{uv[0]}"' in (ROOT / ".ci" / "bootstrap.py").read_text()
    assert {service["image"] for service in OURS.values()} == {f"stallholder:{project()['project']['version']}"}


def test_every_image_has_a_version() -> None:
    images = [service["image"] for service in COMPOSE["services"].values()]
    images += re.findall(r"^(?:FROM|COPY --from=)\s*(\S+:\S+|\S+/\S+)", DOCKERFILE, re.MULTILINE)
    assert [image for image in images if not re.search(r":[0-9]", image)] == []


def copied() -> list[tuple[list[str], str]]:
    """What the Dockerfile copies out of the repository, and where to."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [(words[:-1], words[-1]) for words in map(str.split, lines)]


def test_what_is_copied_passes_dockerignore() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {name for names, _ in copied() for name in names} == let_in
    assert [name for name in let_in if not (ROOT / name).exists()] == []


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The product's folder as the image has it."""
    tree = tmp_path / "opt"
    tree.mkdir()
    for names, target in copied():
        for name in names:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, tree / target, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
            else:
                shutil.copy(ROOT / name, tree / target)
    return tree


_SERVE = (
    "import portal; from portal.app import create_app, main; assert portal.__file__.startswith({tree!r}); "
    "main(['migrate'], standalone_mode=False); page = create_app().test_client().get('/'); "
    "assert page.status_code == 200 and 'Plain prices' in page.text, page.status"
)


def test_what_is_copied_is_enough_to_migrate_and_to_serve(
    image: Path, empty_database: str, worker_redis: str, tmp_path: Path
) -> None:
    environ = bare_environ() | make_environ(empty_database, worker_redis, tmp_path / "state", {"PORTAL_SANDBOX": "0"})
    command = [sys.executable, "-c", _SERVE.format(tree=str(image))]
    done = subprocess.run(command, cwd=image, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_secrets_of_the_docs_make_settings(tmp_path: Path) -> None:
    """The first snippet as it stands; of the second what comes before Docker is asked."""
    making, pretending = _SNIPPETS
    script = f"set -eu\n{making}\n{pretending.partition('docker compose')[0]}"
    subprocess.run(["sh", "-c", script], cwd=tmp_path, check=True)
    files = {file.name: file.read_text() for file in (tmp_path / "secrets").glob("*.env")}
    environ = dict(line.split("=", 1) for text in files.values() for line in text.splitlines())
    settings = load_settings(environ | {"PORTAL_STATE": str(tmp_path)})
    assert settings.is_sandbox
    assert settings.database_owner_url != settings.database_url
    needed = {str(name).removeprefix("secrets/") for service in OURS.values() for name in _files(service)}
    needed |= {secret["file"].removeprefix("secrets/") for secret in COMPOSE["secrets"].values()}
    assert needed <= {file.name for file in (tmp_path / "secrets").iterdir()}
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0


def _files(service: dict[str, Any]) -> list[str]:
    given = service["env_file"]
    return [given] if isinstance(given, str) else [one if isinstance(one, str) else one["path"] for one in given]
