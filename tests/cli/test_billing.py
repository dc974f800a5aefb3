"""`portal billing` as a person types it: what is due is renewed and said, and what will be charged is listed."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from portal.app import main
from portal.billing import renewals
from portal.kit import clock, edge
from portal.kit.config import Settings
from tests.support import running, shop
from tests.support.settings import SECRET

Typed = Callable[..., Result]


@pytest.fixture
def typed(
    committing: None, fresh_database: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Typed:
    """What a command says that is typed beside five shops whose second month is to be invoiced."""
    given = {"DATABASE_URL": fresh_database, "REDIS_URL": settings.redis_url, "SECRET_KEY": SECRET}
    for name, value in (given | {"PORTAL_SANDBOX": "1", "PORTAL_STATE": str(tmp_path / "state")}).items():
        monkeypatch.setenv(name, value)

    def start(number: int) -> None:
        business = shop.make_business(shop.make_owner(f"ann{number}@shop.example"), f"Shop {number}")
        customer = shop.make_customer(business)
        running.paid(customer, shop.make_quote(customer, "starter"))

    for number in range(5):
        edge.write(lambda number=number: start(number))  # type: ignore[misc]
    edge.write(lambda: clock.advance(timedelta(days=28)))

    return lambda *words: CliRunner().invoke(main, ["billing", *words])


def test_run_renews_all_that_is_due_and_says_so(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewals.renew_chunk, "__defaults__", (2,))
    first, again = typed("run"), typed("run")
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert first.stderr.splitlines() == ["renewing: 2 of 5", "renewing: 4 of 5", "renewing: 5 of 5"]
    assert first.stdout.startswith("Looked at 5 due periods in ")
    assert first.stdout.endswith("nothing is due any more.\n")
    assert again.output == "Nothing is due.\n"


def test_run_leaves_to_others_what_they_hold(typed: Typed, fresh_database: str) -> None:
    with psycopg.connect(fresh_database) as other:
        other.execute("SELECT FROM subscriptions LIMIT 2 FOR UPDATE")
        held = json.loads(typed("run", "--json").stdout)
        other.rollback()
        other.execute("SELECT FROM subscriptions WHERE renews_at <= business_now() LIMIT 1 FOR UPDATE")
        one = typed("run")
    assert held == {"looked_at": 3, "left_to_others": 2, "seconds": held["seconds"]}
    assert one.exit_code == 1
    assert one.stdout.startswith("Looked at 1 due period in ")
    assert one.stdout.endswith("1 more is in the hands of other workers.\n")
    assert typed("run").exit_code == 0


def test_preview_lists_the_same_in_every_form(typed: Typed) -> None:
    table, told = typed("preview", "--days", "60"), json.loads(typed("preview", "--days", "60", "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(typed("preview", "--days", "60", "--csv").stdout)))
    lines = table.stdout.splitlines()
    assert table.stderr == "looking ahead: 5 of 5\n"
    assert len(told) == len(rows) == len(lines) - 1 == 10
    assert {row["amount"] for row in rows} == {"100"}
    assert {(row["kind"], row["paid_by"], row["currency"]) for row in told} == {
        ("subscription_renewal", "payment_link", "GBP")
    }
    explained = {"code": "starter", "quantity": 1, "unit_amount": 100, "amount": 100, "sum": "£1.00 × 1 month = £1.00"}
    assert told[0]["lines"] == [explained]
    assert all(word in lines[0] for word in ("Shop 0", "renewal", "Starter tier", "£1.00", "payment link"))
    assert lines[-1].startswith("10 charges until 20")
    assert lines[-1].endswith(": £10.00")
    assert typed("run").output.splitlines()[-1].startswith("Looked at 5 due periods")


@pytest.mark.parametrize("days", ["0", "-3", "367", "many"])
def test_preview_refuses_what_is_no_number_of_days(days: str) -> None:
    refused = CliRunner().invoke(main, ["billing", "preview", "--days", days])
    assert refused.exit_code == 2
    assert "--days" in refused.output
