"""Refusals of the catalogue."""

from portal.kit.errors import N_, NotFound


class UnknownOffer(NotFound):
    """No offer of that code is for sale."""

    def __init__(self) -> None:
        super().__init__("unknown_offer", N_("This tier does not exist or is no longer sold."))
