"""Refusals about exchange rates."""

from portal.kit.errors import N_, Unavailable


class RatesStale(Unavailable):
    """The newest rate is older than a week: no new conversion is made (product.md, *Currency*)."""

    def __init__(self) -> None:
        super().__init__(
            "rates_stale",
            N_("Today's exchange rates have not arrived, so this amount cannot be converted yet. Nothing was charged."),
        )
