"""Refusals of billing, each with what can be done instead."""

from portal.kit.errors import N_, Conflict


class ChangeInProgress(Conflict):
    """A payment for a change is under way; nothing else moves until it ends (product.md, *Quotes bind*)."""

    def __init__(self) -> None:
        super().__init__("change_in_progress", N_("A payment is under way. Finish it or cancel it, then try again."))


class QuoteChanged(Conflict):
    """Something the quote rests on moved; the new quote is shown instead of a charge."""

    def __init__(self) -> None:
        super().__init__("quote_changed", N_("Something has changed since this price was shown. Here is the new one."))


class AlreadyStarted(Conflict):
    """The subscription runs; a first payment makes no sense."""

    def __init__(self) -> None:
        super().__init__("already_started", N_("Your plan is already running. You do not need to pay again."))
