"""What nobody may keep: a password, a token and a card number, typed wherever something can be typed (G14)."""

import io
import logging
from collections.abc import Callable, Iterator

import pytest
import redis
from flask.testing import FlaskClient
from sqlalchemy import text

from portal.kit import jobs
from portal.kit.db import db
from tests.support.everything import OWNER, World
from tests.support.forms import PageForm, forms_of
from tests.support.portal import Portal
from tests.support.proving import sample
from tests.support.settings import METRICS_TOKEN
from tests.support.shop import PASSWORD
from worker.drain import drain

SECRET = "canary-9d41f07c-secret"
CARDS = ("4111 1111 1111 1111", "4111111111111111", "5555-5555-5555-4444", "378282246310005", "6212 3456 7890 0000 003")
_TABLES = text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
_REFUSE = text("ALTER TABLE products ADD CONSTRAINT no_canaries CHECK (name NOT LIKE '%canary%') NOT VALID")
_KEEP = ("csrf_token", "idempotency_key", "next")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the product logs, formatted as in production."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(next(known.formatter for known in logging.getLogger().handlers if known.formatter))
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


def browser(portal: Portal, email: str = "") -> FlaskClient:
    """Somebody at the pages, logged in where an address is given."""
    client = portal.app.test_client()
    if email:
        [form] = [form for form in forms_of(client.get("/login").text) if "password" in form.fields]
        answer = client.post("/login", data=form.fields | {"email": email, "password": PASSWORD})
        assert answer.status_code == 303
    return client


def hand_in(client: FlaskClient, path: str, table: str) -> None:
    """Hand a table of products in."""
    [form] = [form for form in forms_of(client.get(path).text) if form.action.endswith("/import")]
    file = (io.BytesIO(table.encode()), "products.csv")
    assert client.post(path, data=form.fields | {"file": file}).status_code == 303


def kept(portal: Portal) -> str:
    """Everything that lies in the database and in Redis."""

    def rows() -> str:
        tables = db.scalars(_TABLES).all()
        return "\n".join(row for table in tables for row in db.scalars(text(f"SELECT t::text FROM {table} t")))  # noqa: S608

    shelf = redis.Redis.from_url(portal.settings.redis_url)
    found = [shelf.dump(key) or b"" for key in shelf.keys("*")]
    return portal.do(rows) + "\n".join([part.decode("latin-1") for part in (*found, *shelf.keys("*"))])


def pages(portal: Portal, world: World) -> list[str]:
    """Every page that has a form."""
    rules = [rule for rule in portal.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    return sorted(world.address(rule.rule) for rule in rules if rule.endpoint != "static")


def filled(form: PageForm, typed: str) -> dict[str, str]:
    """The fields of a form, all typed over."""
    return {name: value if name in _KEEP else typed for name, value in form.fields.items()}


def type_everywhere(client: FlaskClient, addresses: list[str], typed: str) -> list[int]:
    """Send every form of every page with this in each field; the answers' statuses."""
    statuses = []
    for address in addresses:
        page = client.get(address)
        for form in forms_of(page.text) if page.mimetype == "text/html" else []:
            if form.action in ("/logout", "/language") or form.method != "post":
                continue
            answer = client.post(form.action or address, data=filled(form, typed))
            statuses.append(answer.status_code)
            assert answer.status_code < 500, address
            assert answer.status_code == 422 or typed not in answer.text, address
    return statuses


@pytest.mark.parametrize("card", sample(CARDS, 1, "cards"))
def test_g14_a_card_number_is_kept_nowhere(
    portal: Portal, world: World, log: io.StringIO, card: str, saw: Callable[[str], None]
) -> None:
    owner, anybody = browser(portal, OWNER), browser(portal)
    addresses = pages(portal, world)
    statuses = type_everywhere(owner, addresses, card) + type_everywhere(anybody, ["/register", "/login"], card)
    table = f"name,description,milk\n{card},,\nTea,{card},\nCoffee,,{card}\n"
    hand_in(owner, f"/businesses/{world.ids['business']}/products/import", table)
    portal.settle()

    assert len(statuses) > 15
    for where in (kept(portal), log.getvalue()):
        assert card not in where
        assert "".join(filter(str.isdigit, card)) not in where
    saw(f"{len(statuses)} forms and a table of products: the number in no row, no log, no key of Redis")


def test_g14_secrets_are_kept_nowhere(
    portal: Portal, world: World, log: io.StringIO, saw: Callable[[str], None]
) -> None:
    client = browser(portal)
    typed = {"password": SECRET, "email": OWNER, "name": "Ann", "current": SECRET}
    for path in ("/login", "/register", "/console/login"):
        [form] = [form for form in forms_of(client.get(path).text) if "password" in form.fields]
        fields = {name: typed.get(name, value) for name, value in form.fields.items()}
        assert SECRET not in client.post(path, data=fields).text
    names = ("Cookie", "Authorization", "User-Agent", "Referer", "X-Request-Id", "Accept-Language", "Idempotency-Key")
    for address in (*pages(portal, world), f"/reset/{SECRET}", f"/verify/{SECRET}", f"/invitations/{SECRET}"):
        client.post(f"{address}?q={SECRET}&next=/{SECRET}", headers=dict.fromkeys(names, SECRET))
        client.get(f"{address}?token={SECRET}")
    signed = {f"Wechatpay-{name}": SECRET for name in ("Signature", "Serial", "Nonce", "Timestamp")}
    forged = client.post("/api/v1/webhooks/wechat_pay", data=f'{{"id": "{SECRET}"}}', headers=signed)
    assert forged.status_code == 401
    portal.settle()

    metrics = client.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).text
    assert "portal_requests_total" in metrics
    for where in (kept(portal), log.getvalue(), metrics):
        assert SECRET not in where
        assert shop_password_hash(portal) not in log.getvalue()
    saw("in passwords, addresses, queries and 7 headers: in no row, no log, no metric")


def shop_password_hash(portal: Portal) -> str:
    return str(portal.do(lambda: db.scalar(text("SELECT password_hash FROM users LIMIT 1"))))


def test_g14_a_fault_does_not_repeat_what_was_typed(
    portal: Portal, world: World, log: io.StringIO, saw: Callable[[str], None]
) -> None:
    """The database's own words hold the whole row; they are not for a log, and not for the row of a failed job."""
    portal.do(lambda: db.execute(_REFUSE))
    owner = browser(portal, OWNER)
    path = f"/businesses/{world.ids['business']}/products"
    [form] = [form for form in forms_of(owner.get(f"{path}/new").text) if "name" in form.fields]
    answer = owner.post(f"{path}/new", data=form.fields | {"name": SECRET, "price": "1.00"})
    assert answer.status_code == 500
    assert SECRET not in answer.text
    hand_in(owner, f"{path}/import", f"name\n{SECRET}\n")
    for queue in jobs.Queue:
        drain(queue)

    assert "no_canaries" in log.getvalue()
    assert SECRET not in log.getvalue()
    failed = portal.do(
        lambda: db.scalars(text("SELECT last_error FROM staged_jobs WHERE last_error IS NOT NULL")).all()
    )
    assert failed
    assert SECRET not in "".join(failed)
    portal.do(lambda: db.execute(text("UPDATE staged_jobs SET state = 'done', last_error = NULL")))
    saw("a refused row named by its constraint in the log, the answer and the job; what it held in none of them")
