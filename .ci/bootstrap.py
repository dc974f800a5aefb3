"""Makes virtual environments from lock files with nothing but a bare Python; knows nothing of the product.

The product's is .venv; that of ``--tool NAME`` is .venv/tools/NAME, from the locked project .ci/tools/NAME. uv of the
pinned version is taken from PATH, else fetched into .uv/ as a wheel, checked by its hash, from the index that pip is
configured for. Where pip has an index of its own, or the lock's hosts are out of reach, it serves all packages.
"""

# ruff: noqa: S310, T201 (this program talks to a person, and an index may be a file: address)

import argparse
import base64
import configparser
import hashlib
import io
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parent.parent
VERSION = "0.13.8"
PUBLIC_INDEX = "https://pypi.org/simple"
# Platform tag of the wheel (as its file name ends) and its SHA-256, per system and processor.
WHEELS = {
    ("Linux", "x86_64", "glibc"): (
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984",
    ),
    ("Linux", "x86_64", "musl"): (
        "musllinux_1_1_x86_64",
        "29451c60f5e8b07403e0a175d5229efc36b0289b34143ff4aaa499a5dd52553a",
    ),
    ("Linux", "aarch64", "glibc"): (
        "manylinux_2_28_aarch64",
        "5337c30bb893b4f9ce0ceb921ba2da0d13f649da644f40ad3bef84083bef0203",
    ),
    ("Darwin", "x86_64", ""): (
        "macosx_10_12_x86_64",
        "b7124ca1956ec2e476a1003ea5715a15f0266afaec37f4dc9c6972ba8183e6d1",
    ),
    ("Darwin", "arm64", ""): (
        "macosx_11_0_arm64",
        "62b6943c7fd64fac6854f780bea6e0359e5a5bc3241f83ee357bb38276afac49",
    ),
}


class BootstrapError(Exception):
    """Why the environment cannot be made, and what to do about it."""


@dataclass(frozen=True)
class Project:
    """What is installed: a folder with pyproject.toml and uv.lock, and the environment that is made from it."""

    folder: Path
    environment: Path
    groups: tuple[str, ...] = ("--no-default-groups",)
    is_tool: bool = False

    @property
    def python(self) -> Path:
        """The environment's own Python, which need not be there yet."""
        return self.environment / "bin" / "python"


def main() -> None:
    """Bring an environment to the state of its lock; nothing that is already there beyond it is removed."""
    options = argparse.ArgumentParser(description=__doc__)
    which = options.add_mutually_exclusive_group()
    which.add_argument("--dev", action="store_true", help="also what `make test` and `make check` need")
    which.add_argument("--tool", metavar="NAME", help="the environment of the locked project .ci/tools/NAME instead")
    try:
        given = options.parse_args()
        sync(find_uv(), project_of(given.tool, is_dev=given.dev))
    except BootstrapError as error:
        sys.exit(f"bootstrap: {error}")


def project_of(tool: str | None, *, is_dev: bool) -> Project:
    """The product's project, or that of a tool whose needs do not go together with the product's."""
    environment = ROOT / ".venv"
    if tool is None:
        return Project(ROOT, environment, ("--all-groups",) if is_dev else ("--no-default-groups",))
    folder = ROOT / ".ci" / "tools" / tool
    if not (folder / "uv.lock").is_file():
        raise BootstrapError(f"there is no locked project .ci/tools/{tool}")
    return Project(folder, environment / "tools" / tool, is_tool=True)


def find_uv() -> str:
    """The path of uv in the pinned version, fetched when neither PATH nor .uv/ has it."""
    fetched = ROOT / ".uv" / f"uv-{VERSION}"
    for candidate in (shutil.which("uv"), fetched if fetched.exists() else None):
        if candidate and said_version(str(candidate)) == VERSION:
            return str(candidate)
    fetched.parent.mkdir(exist_ok=True)
    draft = fetched.with_suffix(".new")
    draft.write_bytes(program_of(fetch_wheel()))
    draft.chmod(0o755)
    draft.rename(fetched)
    return str(fetched)


def said_version(uv: str) -> str:
    """The version a uv program reports; empty when it does not run here."""
    try:
        said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return ""
    return said[1] if len(said) > 1 else ""


def fetch_wheel() -> bytes:
    """The pinned wheel for this machine, its hash checked."""
    libc = "" if platform.system() == "Darwin" else ("glibc" if platform.libc_ver()[0] == "glibc" else "musl")
    machine = (platform.system(), platform.machine(), libc)
    if machine not in WHEELS:
        raise BootstrapError(f"no pinned uv for {' '.join(machine)}: install uv {VERSION} yourself and put it on PATH")
    tag, digest = WHEELS[machine]
    name = f"uv-{VERSION}-py3-none-{tag}.whl"
    print(f"bootstrap: fetching {name}", flush=True)
    troubles = []
    for index in indexes():
        try:
            wheel = download(wheel_address(index, name))
        except (OSError, ValueError) as error:
            troubles.append(f"{without_password(index)}: {error}")
            continue
        if hashlib.sha256(wheel).hexdigest() != digest:
            raise BootstrapError(f"{name} from {without_password(index)} does not have the pinned SHA-256; not used")
        return wheel
    raise BootstrapError(
        f"uv {VERSION} could not be fetched:\n  " + "\n  ".join(troubles) + f"\n"
        f"Put uv {VERSION} on PATH, or name an index that has it by PIP_INDEX_URL."
    )


def wheel_address(index: str, name: str) -> str:
    """The address of a file on the project's page of an HTML index (PEP 503)."""
    page = index.rstrip("/") + "/uv/"
    for link in re.findall(r'href\s*=\s*["\']([^"\']+)["\']', download(page).decode()):
        address = urljoin(page, link.replace("&amp;", "&")).partition("#")[0]
        if unquote(address).endswith("/" + name):
            return address
    raise ValueError(f"has no {name}")


def program_of(wheel: bytes) -> bytes:
    """The program inside the wheel."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        return archive.read(next(path for path in archive.namelist() if path.endswith("/scripts/uv")))


def download(address: str) -> bytes:
    """The content behind an address, with pip's certificate bundle and the address's own user and password."""
    parts = urlsplit(address)
    request = urllib.request.Request(urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])))
    if parts.username:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_header("Authorization", "Basic " + base64.b64encode(user.encode()).decode())
    request.add_header("Accept", "text/html, */*;q=0.5")
    context = ssl.create_default_context(cafile=pip_setting("cert"))
    with urllib.request.urlopen(request, timeout=60, context=context) as answer:
        content: bytes = answer.read()
        return content


def without_password(index: str) -> str:
    """The index's address as it may be shown."""
    parts = urlsplit(index)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def indexes() -> list[str]:
    """Where pip would look, in its order."""
    return [pip_setting("index-url") or PUBLIC_INDEX, *(pip_setting("extra-index-url") or "").split()]


def pip_setting(name: str) -> str | None:
    """A global setting of pip: from the environment, else from the configuration file read last."""
    given = os.environ.get("PIP_" + name.upper().replace("-", "_"))
    if given:
        return given
    home = Path.home()
    files = ["/etc/pip.conf", home / ".pip/pip.conf", home / ".config/pip/pip.conf", os.environ.get("PIP_CONFIG_FILE")]
    if platform.system() == "Darwin":
        files.insert(1, "/Library/Application Support/pip/pip.conf")
        files.insert(2, home / "Library/Application Support/pip/pip.conf")
    config = configparser.RawConfigParser()
    config.read([file for file in files if file])
    return config.get("global", name, fallback=None)


def sync(uv: str, project: Project) -> None:
    """Install what the lock file says, from the lock's hosts or from pip's index, hashes checked either way."""
    environ = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(project.environment)}
    # A tool may not run on our Python yet: uv looks for one that its project allows, ours first.
    environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)])
    python = [] if project.is_tool else ["--python", interpreter(project)]
    has_own_index = (pip_setting("index-url") or PUBLIC_INDEX).rstrip("/") != PUBLIC_INDEX
    if not has_own_index:
        locked = ["sync", "--frozen", "--inexact", "--compile-bytecode", *python, *project.groups]
        if run(uv, locked, project, environ):
            return
        print("bootstrap: the lock's hosts did not serve; trying the index that pip is configured for", flush=True)
    if not install_from_index(uv, project, environ):
        raise BootstrapError("the packages could not be installed; the lines above say why")


def interpreter(project: Project) -> str:
    """The environment's own Python while it runs, lest a mere change of PATH make everything anew; else ours."""
    try:
        subprocess.run([project.python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=True)
    except (OSError, subprocess.CalledProcessError):
        return sys.executable
    return str(project.python)


def install_from_index(uv: str, project: Project, environ: dict[str, str]) -> bool:
    """Install the exported requirements from pip's index; says whether it worked."""
    python = str(project.python)
    exported = ROOT / ".uv" / f"requirements-{project.folder.name if project.is_tool else 'product'}.txt"
    exported.parent.mkdir(exist_ok=True)
    first, *more = indexes()
    # With every hash pinned it does not matter which index serves a package.
    where = ["--index-strategy", "unsafe-best-match", "--index-url", first]
    where += [part for index in more for part in ("--extra-index-url", index)]
    links = [part for folder in (pip_setting("find-links") or "").split() for part in ("--find-links", folder)]
    if pip_setting("cert"):
        environ = environ | {"SSL_CERT_FILE": str(pip_setting("cert"))}
    make = ["venv", *([] if project.is_tool else ["--python", sys.executable]), str(project.environment)]
    install = ["pip", "install", "--python", python]
    locked = ["--compile-bytecode", *where, *links, "--require-hashes", "--requirements", str(exported)]
    export = ["export", "--frozen", "--no-emit-project", "--no-emit-local", "--quiet", *project.groups]
    return (
        (project.python.exists() or run(uv, make, project, environ))
        and run(uv, [*export, "--output-file", str(exported)], project, environ)
        and run(uv, [*install, *locked], project, environ)
        and (project.is_tool or run(uv, [*install, "--no-deps", "--editable", "."], project, environ))
    )


def run(uv: str, arguments: list[str], project: Project, environ: dict[str, str]) -> bool:
    """Run uv in the project's folder; says whether it succeeded."""
    return subprocess.run([uv, *arguments], cwd=project.folder, env=environ, check=False).returncode == 0


if __name__ == "__main__":
    main()
