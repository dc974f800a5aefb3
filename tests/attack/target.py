"""A whole product of its own with one of everything in it, and somebody of each kind who is logged in."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyotp

from portal.app import create_app, wire
from portal.cli import environment
from portal.identity import operators
from portal.identity.permissions import OperatorRole
from portal.identity.queries import find_member, get_user_of
from portal.kit import clock, edge
from portal.kit.config import Settings, load_settings
from portal.payments.queries import attempt_of, get_session
from tests.support import everything, shop
from tests.support.oracle import Oracle
from tests.support.processes import Instance, eventually
from tests.support.sandbox import Sandbox
from tests.support.visitor import Visitor

_DESK = "desk@stall.example"


@dataclass(frozen=True)
class Attacked:
    """The running product: its port, whose cookies open it, and where each of them begins.

    ``own_place`` is the vendor's own in the team: who gave it up would have nothing left to attack.
    """

    port: int
    own_place: str
    cookies: Mapping[str, str]
    pages: Mapping[str, list[str]]
    oracle: Oracle


@contextmanager
def attacked(state: Path) -> Iterator[Attacked]:
    """Start the product, fill it and log in; all of it is gone when the block ends."""
    instance = Instance(state, PORTAL_PROXIES="1")
    instance.start()
    try:
        environ = environment.of_instance(instance.environ)
        settings = load_settings(environ)
        wire(settings, "attack", pool_size=2)
        world = edge.write(everything.make_everything)
        mail, keys = int(environ["PORTAL_SANDBOX_SMTP_PORT"]), Path(environ["PORTAL_SANDBOX_KEYS"])
        sandbox = Sandbox.beside(instance.sandbox_port, mail, keys, environ["PORTAL_SANDBOX_TOKEN"])
        _pay(world, sandbox)
        edge.write(lambda: everything.furnish_beside(world, settings.state / "uploads"))
        pages = _pages(settings, world)
        own_place = edge.write(lambda: _own_place(world))
        yield Attacked(instance.port, own_place, _cookies(settings), pages, Oracle(settings.database_url, sandbox))
    finally:
        edge.disconnect()
        instance.stop()


def _pay(world: everything.World, sandbox: Sandbox) -> None:
    """Pay the open session like a payer, so that there are receipts and a listing to attack too."""
    session = world.ids["session"]
    assert eventually(lambda: edge.write(lambda: get_session(session).status) == "open", 60)
    sandbox.pay(edge.write(lambda: attempt_of(get_session(session).id).order_number))
    assert eventually(lambda: edge.write(lambda: get_session(session).status) == "paid", 60)
    edge.write(lambda: everything.note_documents(world))


def _own_place(world: everything.World) -> str:
    owner = find_member(world.business.id, get_user_of(everything.OWNER).id)
    assert owner is not None
    return f"/businesses/{world.business.public_id}/team/{owner.public_id}"


def _pages(settings: Settings, world: everything.World) -> dict[str, list[str]]:
    """The addresses of all pages, each with whoever may open it."""
    rules = [rule for rule in create_app(settings).url_map.iter_rules() if "GET" in (rule.methods or ())]
    addresses = sorted(world.address(rule.rule) for rule in rules if rule.endpoint != "static")
    console = [address for address in addresses if address.startswith("/console")]
    public = ("/directory", "/pay", "/register", "/login", "/forgot", "/reset", "/verify", "/invitations", "/api")
    return {
        "anonymous": ["/", *(address for address in addresses if address.startswith(public))],
        "vendor": [address for address in addresses if not address.startswith(("/console", *public))],
        "operator": console,
    }


def _cookies(settings: Settings) -> dict[str, str]:
    anonymous, vendor, operator = (Visitor(settings.base_url) for _ in range(3))
    anonymous.get("/login")
    assert vendor.log_in(everything.OWNER).status_code == 303
    create = lambda: operators.create(  # noqa: E731
        _DESK, shop.PASSWORD, OperatorRole.ADMIN, settings.secret_key, edge.now(), clock.wall()
    )
    code = pyotp.TOTP(edge.write(create).secret).now()
    operator.get("/console/login")
    assert operator.post("/console/login", email=_DESK, password=shop.PASSWORD, code=code).status_code == 303
    operator.get("/console")  # the log-in ends the token of the forms; a page gives the cookie a new one
    return {"anonymous": anonymous.cookie, "vendor": vendor.cookie, "operator": operator.cookie}
