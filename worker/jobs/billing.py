"""Jobs of agreements and rates."""

from datetime import date, datetime
from uuid import UUID

from portal.billing import (
    at_period_end,
    batch_settling,
    branch_batches,
    checkout,
    due,
    hibernation,
    product_limits,
    renewals,
    wake_days,
)
from portal.billing.events import RECONCILE_PRODUCT_LIMITS
from portal.currency import feed, rates
from portal.directory.counting import PRODUCTS_COUNTED
from portal.invoicing.queries import subscription_of
from portal.kit import config, http, jobs, logging
from worker.runner import Args, Handler, Plain, ThreePhase

log = logging.logger()


def _lapse_draft(args: Args, now: datetime) -> None:
    invoice_id = UUID(args["invoice_id"])
    checkout.lapse_draft(invoice_id, subscription_of(invoice_id), now)


def _renew(_: Args, now: datetime) -> None:
    """Stage as many chunks as are due, so that all workers of the queue share them; they may be fewer by then."""
    waiting = min(-(-due.count_due(now) // renewals.CHUNK), _CHUNKS_AT_ONCE)
    for number in range(waiting):
        jobs.stage(RENEW_CHUNK, queue=jobs.Queue.BULK, due_at=now, key=f"{RENEW_CHUNK}:{number}")


def _renew_chunk(_: Args, now: datetime) -> None:
    log.info("renewed", subscriptions=renewals.renew_chunk(now))


def _announce_waking(args: Args, now: datetime) -> None:
    wake_days.announce(UUID(args["subscription_id"]), date.fromisoformat(args["wakes_on"]), now)


def _wake(args: Args, now: datetime) -> None:
    wake_days.wake(UUID(args["subscription_id"]), date.fromisoformat(args["wakes_on"]), now)


def _turn(args: Args, now: datetime) -> None:
    at_period_end.turn(UUID(args["subscription_id"]), date.fromisoformat(args["turns_on"]), now)


def _reconcile_product_limits(args: Args, now: datetime) -> None:
    product_limits.reconcile(UUID(args["business_id"]), now)


def _ask_to_wake(args: Args, now: datetime) -> None:
    wake_days.ask(UUID(args["subscription_id"]), date.fromisoformat(args["wakes_on"]), now)


def _settle_branches(args: Args, now: datetime) -> None:
    batch_settling.settle(UUID(args["subscription_id"]), now)


def _ask_for_branches(args: Args, now: datetime) -> None:
    batch_settling.ask(UUID(args["subscription_id"]), now)


def _withdraw_branch(args: Args, now: datetime) -> None:
    batch_settling.withdraw(UUID(args["subscription_id"]), args["branch"], now)


def _fetch_rates(url: str) -> feed.Rates:
    return feed.parse(http.fetch(url))


def _store_rates(_: Args, fetched: feed.Rates, now: datetime) -> None:
    log.info("rates_stored", new=rates.store(fetched, "ecb", now), newest=str(max(fetched)))
    if rates.is_old(now):
        log.error("rates_old", newest=str(rates.newest_day()))


RENEW_CHUNK = "billing.renew_chunk"
_CHUNKS_AT_ONCE = 100
"""How many chunks one look stages at most; what is left is found by the next look."""

HANDLERS: dict[str, Handler] = {
    checkout.LAPSE_DRAFT: Plain(_lapse_draft),
    at_period_end.TURN: Plain(_turn),
    renewals.RENEW: Plain(_renew),
    RENEW_CHUNK: Plain(_renew_chunk),
    branch_batches.SETTLE: Plain(_settle_branches),
    batch_settling.ASK: Plain(_ask_for_branches),
    branch_batches.WITHDRAW: Plain(_withdraw_branch),
    hibernation.ANNOUNCE: Plain(_announce_waking),
    hibernation.WAKE: Plain(_wake),
    wake_days.ASK: Plain(_ask_to_wake),
    PRODUCTS_COUNTED: Plain(_reconcile_product_limits),
    RECONCILE_PRODUCT_LIMITS: Plain(_reconcile_product_limits),
    feed.FETCH_RATES: ThreePhase(lambda _args, _now: config.current().ecb_url, _fetch_rates, _store_rates),
}
