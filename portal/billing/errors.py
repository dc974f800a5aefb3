"""Refusals of billing, each with what can be done instead."""

from portal.kit.errors import N_, Conflict, Invalid


class ChangeInProgress(Conflict):
    """A payment for a change is under way; nothing else moves until it ends (product.md, *Quotes bind*).

    :param session: the public id of that payment's session, to lead to it.
    """

    def __init__(self, session: str) -> None:
        said = N_("A payment is under way. Finish it or cancel it, then try again.")
        super().__init__("change_in_progress", said, session=session)


class QuoteChanged(Conflict):
    """Something the quote rests on moved; the new quote is shown instead of a charge."""

    def __init__(self) -> None:
        super().__init__("quote_changed", N_("Something has changed since this price was shown. Here is the new one."))


class AlreadyStarted(Conflict):
    """The subscription runs; a first payment makes no sense."""

    def __init__(self) -> None:
        super().__init__("already_started", N_("Your plan is already running. You do not need to pay again."))


class NotRunning(Conflict):
    """Only what is running and paid for is changed (product.md, *Changes*)."""

    def __init__(self, message: str = N_("Your plan has to be running and paid before it can be changed.")) -> None:
        super().__init__("not_running", message)


class NoPlan(NotRunning):
    """There is nothing to change yet, or not any more."""

    def __init__(self) -> None:
        super().__init__(N_("No plan is running. Choose a tier to start one."))


class BetweenPeriods(NotRunning):
    """The next period has begun and is not invoiced yet: workers are behind."""

    def __init__(self) -> None:
        super().__init__(N_("Your new month is being prepared. Nothing was changed; try again in a few minutes."))


class PayFirst(Conflict):
    """What adds to the cost waits until what is owed is paid (product.md, *Changes*)."""

    def __init__(self) -> None:
        super().__init__("pay_first", N_("Pay what is still owed first. Then you can add to your plan."))


class SameTier(Conflict):
    """The tier asked for is the one there is."""

    def __init__(self) -> None:
        super().__init__("same_tier", N_("This is your tier already. Nothing was changed."))


class Hibernating(Conflict):
    """What only an awake listing can become."""

    def __init__(self) -> None:
        super().__init__("hibernating", N_("Your listing is hibernating. Wake it first, or choose what it wakes as."))


class NotHibernating(Conflict):
    """Only what hibernates can wake."""

    def __init__(self) -> None:
        super().__init__("not_hibernating", N_("Your listing is awake already. Nothing was changed."))


class NoWakeDay(Invalid):
    """A day on which nothing can be woken."""

    def __init__(self) -> None:
        said = N_("Choose a day from tomorrow on, at most two years ahead.")
        super().__init__("no_wake_day", said, fields={"wakes_on": said})


class NothingPending(Conflict):
    """Only what has been chosen for a period's end, and has not come yet, can be taken back."""

    def __init__(self) -> None:
        super().__init__("nothing_pending", N_("There is nothing to take back: your plan goes on as it is."))


class NothingOwed(Conflict):
    """Only what is issued and still owed is paid."""

    def __init__(self) -> None:
        super().__init__("nothing_owed", N_("Nothing is owed of this invoice any more. You do not need to pay."))


class NoSuchPrepayment(Invalid):
    """A number of months that cannot be paid ahead."""

    def __init__(self) -> None:
        super().__init__("no_such_prepayment", N_("Choose one of the numbers of months on offer."))


class NothingToSettle(Conflict):
    """No branch was added, and none is to go."""

    def __init__(self) -> None:
        super().__init__("nothing_to_settle", N_("Nothing waits to be settled: no branch was added or is to go."))
