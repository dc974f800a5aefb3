"""Pages of a list, by number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
PAGE_SIZE = 20
MAX_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """``items`` of page ``number`` (from 1) of a list of ``total``; ``is_capped``: counting stopped early."""

    items: Sequence[T]
    number: int
    total: int
    size: int = PAGE_SIZE
    is_capped: bool = False

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def has_prev(self) -> bool:
        """Whether an earlier page exists."""
        return self.number > 1

    @property
    def has_next(self) -> bool:
        """Whether a later page exists."""
        return self.number < self.pages


def page_number(given: str | None) -> int:
    """Read a page number from an address: 1 to 10,000, anything else is the first page."""
    if given and given.isascii() and given.isdigit() and len(given) <= 5:
        return min(max(1, int(given)), MAX_PAGE)
    return 1
