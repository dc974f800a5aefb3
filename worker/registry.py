"""Every job by its name. A job that is staged and not here is a fault that a guard test finds."""

from worker.jobs import billing, collecting, directory, housekeeping, notifications, payments
from worker.runner import Handler

HANDLERS: dict[str, Handler] = {
    **payments.HANDLERS,
    **billing.HANDLERS,
    **collecting.HANDLERS,
    **directory.HANDLERS,
    **notifications.HANDLERS,
    **housekeeping.HANDLERS,
}
