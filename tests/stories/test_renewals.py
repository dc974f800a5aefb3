"""Renewals with real workers that die in the middle of a chunk: nothing of it is left, and the next one does it all."""

from datetime import timedelta

import psycopg

from portal.billing.renewals import KIND
from tests.support.crash import workers
from tests.support.evidence import Saw
from tests.support.portal import Portal
from tests.support.races import somebody_waits

_SHOPS = 2
_RENEWED = f"kind = '{KIND}'"


def start(portal: Portal) -> None:
    """Shops whose next period is invoiced four weeks later."""
    sessions = [portal.begin_session(email=f"ann{number}@shop.example") for number in range(_SHOPS)]
    portal.settle()
    for session in sessions:
        portal.sandbox.pay(portal.order(session))
    portal.sandbox.settle()
    portal.settle()
    portal.advance(timedelta(days=28))


def what_there_is(portal: Portal) -> list[int]:
    """How many renewals, periods, holdings, postings of sales and events of renewals there are."""
    of = {
        "invoices": _RENEWED,
        "subscription_periods": "number = 1",
        "period_holdings": "true",
        "ledger_postings": "recipe = 'invoice_issued'",
        "domain_events": "name = 'billing.renewal_invoiced'",
    }
    return [portal.count(table, condition) for table, condition in of.items()]


def test_a1_a7_a_worker_is_killed_at_the_last_statement_of_a_chunk(portal: Portal, saw: Saw) -> None:
    start(portal)
    before = what_there_is(portal)
    with (
        psycopg.connect(portal.settings.database_url) as holder,
        psycopg.connect(portal.settings.database_url, autocommit=True) as watcher,
    ):
        holder.execute("SELECT FROM number_counters FOR UPDATE")
        with workers(portal) as first:
            assert somebody_waits(watcher)
            first.kill()
    assert what_there_is(portal) == before == [0, 0, 2 * _SHOPS, _SHOPS, 0]
    portal.rest()
    assert what_there_is(portal) == [_SHOPS, _SHOPS, 4 * _SHOPS, 2 * _SHOPS, _SHOPS]
    assert portal.count("invoices", f"{_RENEWED} AND number IS NULL") == 0
    saw(f"killed as it took the numbers of {_SHOPS} invoices: nothing of them was there, then all of them, once")
