"""Restoring what is suspended: one payment of what it owes and of a whole new period (product.md, *Failed payments*).

The money is the customer's credit first: that pays what is owed, and then the start of a subscription which takes the
place of the suspended one, with its terms and its prices.
"""

from datetime import datetime

from portal.billing import dunning_cases, hibernation, open_invoices, quotes, settling, subscriptions
from portal.billing.models import Subscription
from portal.billing.queries import Deal
from portal.invoicing import customers, invoices
from portal.kit.money import Money


def restore(suspended: Subscription, deal: Deal, now: datetime) -> None:
    """Restore a locked, suspended subscription whose deal was paid and is the customer's credit by now.

    :raises CreditSpent: there is less of it; nothing happened.
    """
    customer = customers.get(suspended.customer_id)
    successor = subscriptions.succeed(suspended, deal.terms["tier"], now)
    dunning_cases.clear_all(suspended, now)
    open_invoices.use_all_credit(customer.id, now)
    basis = {name: deal.terms[name] for name in ("price_version", "branches")} | {"is_restored": True}
    lines = quotes.lines_in(deal.terms, deal.credit.currency)
    quote = quotes.store(quotes.assemble(quotes.START, successor, customer, lines, basis, customer.currency, now))
    draft = invoices.Basis(customer.id, successor.id, successor.version, quote.id, quote.kind, quote.currency)
    invoice = invoices.lock(invoices.draft(draft, lines, now))
    hibernation.stage_waking(successor, customer.time_zone, now)
    settling.settle(successor, customer, invoice, quote, Money.zero(quote.currency), now)
