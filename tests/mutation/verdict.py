"""What mutmut found, held against the reasons that are written down: each survivor needs one, and each its survivor."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_FOUND = re.compile(r"^ {4}(?P<name>\S+): (?P<status>[\w ]+)$", re.MULTILINE)
_NOTICED = ("killed", "timeout", "segfault", "caught by type check")
"""A mutant that never ends or takes the process with it did not pass unnoticed."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A small change of a rule that no test notices: in which function, and what became of which lines."""

    function: str
    was: str
    became: str


def survivors(results: str, show: Callable[[str], str]) -> tuple[int, list[Survivor]]:
    """Return how many mutants were tried, and those that nobody noticed, by what ``mutmut results --all`` says.

    :param show: gives the difference that a mutant of this name makes.
    """
    found = [(match["name"], match["status"]) for match in _FOUND.finditer(results)]
    unnoticed = [name for name, status in found if status not in _NOTICED]
    return len(found), [_survivor(name, show(name)) for name in unnoticed]


def complaints(tried: int, found: Sequence[Survivor], reasons: Sequence[dict[str, str]]) -> list[str]:
    """Return what is to be done before the tests may be called strong; nothing is best."""
    explained = {Survivor(one["function"], one["was"], one["became"]) for one in reasons}
    unnoticed = [
        f"no test notices in {one.function}:\n  - {one.was}\n  + {one.became}" for one in found if one not in explained
    ]
    gone = explained - {*found}
    stale = [f"the reason for a mutant of {one.function} has no mutant any more: {one.became}" for one in gone]
    empty = [f"a reason is missing for {one['function']}" for one in reasons if not one["reason"].strip()]
    return unnoticed + stale + empty + ([] if tried else ["no mutant was tried"])


def _survivor(name: str, difference: str) -> Survivor:
    return Survivor(_function(name), _lines(difference, "-"), _lines(difference, "+"))


def _function(name: str) -> str:
    """Return a function's own name: mutmut says ``file.x_function__mutmut_1`` or ``file.xǁClassǁmethod__mutmut_1``."""
    module, _, mangled = name.rpartition("__mutmut_")[0].rpartition(".")
    return f"{module}.{mangled.removeprefix('x_').removeprefix('xǁ').replace('ǁ', '.')}"


def _lines(difference: str, sign: str) -> str:
    lines = [line[1:].strip() for line in difference.splitlines() if line.startswith(sign) and line[:3] != sign * 3]
    return " ".join(lines)
