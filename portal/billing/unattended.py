"""Paying for a change that was agreed to earlier, while nobody is there: by credit, else by the stored card."""

from datetime import datetime, timedelta

from portal.billing import checkout, ways
from portal.billing.models import Quote
from portal.invoicing.models import Customer

UNTIL_PAID = timedelta(hours=2)
"""For so long a payment under way may live: by then a card has paid or has not."""


def pay(customer: Customer, quote: Quote, now: datetime) -> str:
    """Carry out a quote of this moment where it can be paid without asking anybody.

    :return: ``settled`` where credit paid it, some came back, or it is carried; ``charging`` where the stored card has
        to answer first; ``no_card`` where nothing was done, since there is none.
    """
    if not quote.due:
        checkout.start_payment(customer, quote, ways.WALLET, now)
        return "settled"
    if ways.find_card(customer.id) is None:
        return "no_card"
    charge = checkout.start_payment(customer, quote, ways.CARD, now, is_automatic=True)
    return "charging" if charge is not None else "settled"
