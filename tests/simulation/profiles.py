"""How many lives are drawn: few in ``make test``, in a proof at least 500 together."""

from dataclasses import dataclass

from tests.support import proving


@dataclass(frozen=True)
class Profile:
    """So many lots, each by a seed of its own and shared out among the cores, of so many lives."""

    short: int
    lots: int
    lives: int

    @property
    def seeds(self) -> range:
        """What is added to the run's seed, a number for each lot of this run."""
        return range(proving.times(1, self.lots))

    @property
    def examples(self) -> int:
        """The lives of a lot."""
        return proving.times(self.short, self.lives)


DAYS = Profile(short=4, lots=8, lives=25)
MONTHS = Profile(short=2, lots=13, lives=25)
LEAST = 500
