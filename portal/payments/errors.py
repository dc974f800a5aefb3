"""Refusals about payments."""

from portal.kit.errors import N_, Conflict, Gone, Unavailable


class SessionClosed(Gone):
    """The session no longer takes changes."""

    def __init__(self) -> None:
        super().__init__("session_closed", N_("This payment page has ended. Money that still arrives is not lost."))


class SessionAtItsLimit(Conflict):
    """Two hours are the most a code can live."""

    def __init__(self) -> None:
        super().__init__(
            "session_limit", N_("This code already has its longest time. Please start again when it ends.")
        )


class AttemptUnresolved(Conflict):
    """Another attempt for the same invoice is live or its fate is not known yet."""

    def __init__(self) -> None:
        super().__init__(
            "payment_unresolved",
            N_("A payment for this is already under way. Finish or cancel it first; you will not pay twice."),
        )


class MethodNotStored(Conflict):
    """The card is not stored yet, or not any more."""

    def __init__(self) -> None:
        super().__init__("method_not_stored", N_("This card is not stored. Look at the list of your ways to pay."))


class TooLittleForCard(Conflict):
    """It is less than cards are charged, and cannot be carried to another payment."""

    def __init__(self) -> None:
        super().__init__("too_little_for_card", N_("A card cannot be charged so little. Pay it by QR code instead."))


class TooManyMethods(Conflict):
    """A customer keeps only so many cards."""

    def __init__(self) -> None:
        super().__init__("too_many_methods", N_("There is no room for another card. Remove one first."))


class ProviderNotConfigured(Unavailable):
    """The operator has not set up this way to pay."""

    def __init__(self) -> None:
        super().__init__("provider_unavailable", N_("This way to pay is not available at the moment."))
