"""Jobs of agreements and rates."""

from datetime import datetime
from uuid import UUID

from portal.billing import checkout
from portal.currency import feed, rates
from portal.invoicing.queries import subscription_of
from portal.kit import config, http, logging
from worker.runner import Args, Handler, Plain, ThreePhase

log = logging.logger()


def _lapse_draft(args: Args, now: datetime) -> None:
    invoice_id = UUID(args["invoice_id"])
    checkout.lapse_draft(invoice_id, subscription_of(invoice_id), now)


def _fetch_rates(url: str) -> feed.Rates:
    return feed.parse(http.fetch(url))


def _store_rates(_: Args, fetched: feed.Rates, now: datetime) -> None:
    log.info("rates_stored", new=rates.store(fetched, "ecb", now), newest=str(max(fetched)))
    if rates.is_old(now):
        log.error("rates_old", newest=str(rates.newest_day()))


HANDLERS: dict[str, Handler] = {
    checkout.LAPSE_DRAFT: Plain(_lapse_draft),
    feed.FETCH_RATES: ThreePhase(lambda _args, _now: config.current().ecb_url, _fetch_rates, _store_rates),
}
