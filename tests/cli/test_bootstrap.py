"""The bootstrap takes uv from the index that pip is configured for, and only with the pinned hash."""

import hashlib
import importlib.util
import io
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
