"""A grace of more products than the tier holds, rolled forward as the products are now (``rolling``)."""

from datetime import datetime

from portal.billing import overage, overage_offers, quote_change, tier_change
from portal.billing.graces import clock_of
from portal.billing.holdings import Current
from portal.billing.planned import Planned
from portal.billing.quote_change import Change, kept_version
from portal.catalogue import price_book
from portal.directory.queries import count_shown
from portal.kit.money import Money


class GraceAhead:
    """An open grace of a copy of a subscription, which others move meanwhile."""

    def __init__(self, planned: Planned, now: datetime) -> None:
        grace, business_id = planned.grace, planned.customer.business_id
        if grace is None or business_id is None:
            raise ValueError("there is no grace")
        self._agreement, self._customer, self._now = planned.subscription, planned.customer, now
        self._clock, self._is_warned = clock_of(grace), grace.warned_at is not None
        self._told, self._was_charged = grace.told_amount, grace.charged_at is not None
        self._tiers = price_book.list_tiers(kept_version(self._agreement, now), now)
        self._count = count_shown(business_id)
        self.is_open = True

    @property
    def looks_at(self) -> datetime | None:
        """When something is to be done about it; None while it rests."""
        return overage.next_look(self._clock, self._is_warned, is_hidden=False)

    def wake(self, at: datetime) -> None:
        """Have its clock run again, where it has rested."""
        self._clock = overage.seen(self._clock, self._is_over(), False, at)

    def look(self, running: Current, carried: Money, at: datetime) -> Change | None:
        """Do what is due of it; return the move to the tier that fits, where that is what its end may come to.

        :param carried: what is paid along.
        """
        tier = overage.smallest_that_fits(self._tiers, self._count)
        if not self._is_over() or tier is None or not self._agreement.can_grow:
            self.is_open = False
            return None
        if not overage.is_at_end(self._clock, at):
            whose = (self._agreement, self._customer, tier, running)
            told = overage_offers.priced(*whose, carried, self._clock.ends_at, at)
            self._told, self._is_warned = told.most.amount, True
            return None
        self.is_open = False
        day = quote_change.day_of(running, self._customer, at)
        return tier_change.moving(self._agreement, tier.code, running, day, self._now)

    def may_cost(self, due: Money, carried: Money, paid_by: str) -> bool:
        """Whether its end may be charged: never more than was told, by nobody who has to be asked, by a card once."""
        can_be_paid = paid_by == "credit" or (paid_by != "payment_link" and not self._was_charged)
        in_all = due if paid_by == "credit" else due + carried
        return can_be_paid and self._told is not None and in_all.amount <= self._told

    def _is_over(self) -> bool:
        held = next(tier for tier in self._tiers if tier.code == self._agreement.tier_code)
        return not overage.holds(held, self._count)
