"""Jobs of collecting what was invoiced: from credit that came, from stored cards on the day, and in dunning."""

from datetime import datetime
from uuid import UUID

from portal.billing import automatic, dunning, dunning_cases, open_invoices
from worker.runner import Args, Handler, Plain


def _use_credit(args: Args, now: datetime) -> None:
    open_invoices.use_all_credit(UUID(args["customer_id"]), now)


def _charge_invoice(args: Args, now: datetime) -> None:
    dunning.collect(UUID(args["invoice_id"]), now)


def _take_step(args: Args, now: datetime) -> None:
    dunning.take_step(UUID(args["invoice_id"]), now)


HANDLERS: dict[str, Handler] = {
    open_invoices.USE_CREDIT: Plain(_use_credit),
    automatic.CHARGE_INVOICE: Plain(_charge_invoice),
    dunning_cases.TAKE_STEP: Plain(_take_step),
}
