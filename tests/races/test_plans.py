"""Two tabs that change one plan, and a plan that is ended while it renews: one of them counts, and nothing is charged
for what the other one wanted."""

from collections.abc import Callable
from typing import Any

from portal.billing import at_period_end, checkout, queries, renewals
from portal.billing.models import Quote
from portal.invoicing.models import Customer
from portal.kit import edge
from portal.kit.errors import Conflict
from tests.races.test_renewals import PASSED_OVER, RENEWED, pay, wait
from tests.support import shop
from tests.support.races import Race, count, dropped, unlocked

Prove = Callable[[Race[Any]], list[object]]
Saw = Callable[[str], None]
GOES_ON = dropped("ALTER TABLE subscriptions DROP CONSTRAINT subscriptions_check")
"""What is to end is not looked at any more; the database would refuse to plan it."""


def start(tier: str) -> Customer:
    """A shop that has just paid for its first month."""
    customer = shop.make_customer(shop.make_business(shop.make_owner()))
    pay(shop.open_session(customer, shop.make_quote(customer, tier)))
    return customer


def test_d1_an_upgrade_and_a_downgrade_are_confirmed_in_two_tabs(prove: Prove, saw: Saw) -> None:
    def prepare() -> tuple[Customer, list[Quote]]:
        customer = start("pro")
        now = edge.now()
        return customer, [checkout.quote_tier(customer, tier, shop.METHOD, now) for tier in ("enterprise", "starter")]

    def confirm(customer: Customer, quote: Quote) -> object:
        return checkout.start_payment(customer, quote, shop.METHOD, edge.now())

    race = Race(
        prepare=prepare,
        works=lambda shown: [lambda quote=quote: confirm(shown[0], quote) for quote in shown[1]],  # type: ignore[misc]
        act="INSERT INTO period_holdings|INSERT INTO payment_sessions",
        guards=[unlocked("subscriptions")],
        holds=lambda _, outcomes: (
            sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
            and count("payment_sessions WHERE status IN ('created', 'open')") + count("credit_notes") == 1
            and count("subscription_periods") == 1
        ),
    )
    outcomes = prove(race)
    refused = [outcome.code for outcome in outcomes if isinstance(outcome, Conflict)]
    saw(f"larger and smaller tier confirmed at once: one is carried out, the other told {refused[0]}; one plan")


def test_d5_a_plan_is_ended_while_its_next_month_is_invoiced(prove: Prove, saw: Saw) -> None:
    def prepare() -> Customer:
        customer = start("starter")
        due_at = queries.find_live(customer.id).renews_at  # type: ignore[union-attr]
        wait((due_at - edge.now()).days + 5)  # two days before the next period
        return customer

    race = Race(
        prepare=prepare,
        works=lambda customer: [
            lambda: at_period_end.cancel(customer, edge.now()).turns_on is not None,
            lambda: renewals.renew_chunk(edge.now(), 10),
        ],
        act="INSERT INTO invoices|UPDATE subscriptions",
        guards=[PASSED_OVER, unlocked("subscriptions"), GOES_ON],
        holds=lambda _, outcomes: (
            outcomes[0] is True
            and outcomes[1] in (0, 1)
            and count(f"{RENEWED} AND credited_amount < total_amount") == 0
            and count("subscriptions WHERE cancels_at_end AND renews_at IS NULL") == 1
        ),
    )
    prove(race)
    saw("ended while its next month is invoiced: whoever comes first, nothing is left to pay for it")
