"""Carrying out what was agreed to: for money, by an invoice that is issued and settled, or for what comes back, by
credit notes."""

from datetime import date, datetime
from uuid import UUID

from portal.billing import advance, kinds, period_credit, quotes
from portal.billing.kinds import KINDS
from portal.billing.models import Quote, Subscription
from portal.billing.queries import Deal, deal, named
from portal.directory import branches
from portal.invoicing import credit_balance, invoices
from portal.invoicing.invoices import Settlement
from portal.invoicing.models import Invoice
from portal.kit import config


def stands(invoice: Invoice, subscription: Subscription, deal: Deal, now: datetime) -> bool:
    """Whether a locked draft can still be paid: same version, and what it is for, its branches and the credit it
    counts on are there."""
    if invoice.status != "draft" or invoice.subscription_version != subscription.version:
        return False
    if not KINDS[invoice.kind].stands(subscription, deal, now):
        return False
    credit = deal.credit
    has_credit = not credit or credit <= credit_balance.of(invoice.customer_id, invoice.currency)
    return has_credit and _sells_what_is_there(deal)


def _sells_what_is_there(deal: Deal) -> bool:
    """Whether every branch that is charged still is a further branch; more of them may have come since."""
    charged = set(deal.terms["branches"])
    if not charged or deal.buyer is None:
        return not charged
    return charged <= {str(branch_id) for branch_id in branches.list_extra(deal.buyer.id)}


def fulfil(
    subscription: Subscription, deal: Deal, invoice: Invoice, settlement: Settlement, starts_on: date, now: datetime
) -> None:
    """Issue a locked draft with what settles it, and do what it is for.

    The caller books the payment itself; credit and payment must come to the total (the database checks).

    :param starts_on: the first day of a subscription that starts; a change keeps the day of its quote.
    """
    credit_balance.settle(invoice, settlement.credit, now)
    span = kinds.carry_out(invoice.kind, subscription, deal, invoice.id, starts_on, now)
    invoices.issue(invoice, span, config.current().seller, named(deal.buyer, deal.customer), now, settlement)
    _follow(subscription, deal, now)


def give_back(subscription: Subscription, quote: Quote, now: datetime) -> None:
    """Do at once what a quote below zero says, and credit what that leaves over (*Proration*)."""
    agreed = deal(quote.id)
    starts_on, _ = kinds.carry_out(quote.kind, subscription, agreed, None, quote.quoted_on, now)
    _follow(subscription, agreed, now)
    credited = period_credit.Credited(subscription.id, UUID(agreed.terms["period"]["id"]), starts_on)
    period_credit.credit_change(credited, quotes.lines_of(quote), -quote.total, now)


def _follow(subscription: Subscription, deal: Deal, now: datetime) -> None:
    """Have what is invoiced of the next period follow a change of the running one: of an invoice of its own it may be,
    so the change's own is no draft any more by then."""
    if "period" in deal.terms:
        advance.adjust(subscription, now)
