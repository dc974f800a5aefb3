"""The quote of paying at once what was carried to the next payment (product.md, *Tiny amounts*).

The money is the customer's credit, which then pays what was carried; nothing is sold by it.
"""

from datetime import datetime

from portal.billing import quotes
from portal.billing.errors import NothingOwed
from portal.billing.models import Quote, Subscription
from portal.invoicing import carried_account
from portal.invoicing.invoices import Line
from portal.invoicing.models import Customer


def preview(subscription: Subscription, customer: Customer, settles_in: str, now: datetime) -> Quote:
    """Return the quote of all that was carried, not stored yet.

    :raises NothingOwed: nothing was.
    :raises RatesStale: a needed rate is older than seven days.
    """
    amount = carried_account.of(customer.id, customer.currency)
    if not amount:
        raise NothingOwed
    line = Line(quotes.CARRIED, 1, amount, amount, {"kind": "carried"})
    basis = {"price_version": str(subscription.price_version_id), "branches": []}
    return quotes.assemble(quotes.CARRIED, subscription, customer, [line], basis, settles_in, now)
