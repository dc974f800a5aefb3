"""How much is tried: a sample that rotates in ``make test``, everything in ``make prove``.

The seed is the run's: the same in each of its processes, told in its header, and repeated by ``PROVING_SEED``.
"""

import os
import random
import re
import subprocess
import zlib
from collections.abc import Sequence
from typing import NoReturn, TypeVar

import pytest

from tests.support.processes import ROOT

T = TypeVar("T")
_ROWS = re.compile(r"test((?:_[a-g][0-9]{1,2}(?=_))+)_")


def is_everything() -> bool:
    """Whether this run leaves nothing out."""
    return os.environ.get("PROVE") == "1"


def do_without(why: str) -> NoReturn:
    """Leave out a test that cannot be made on this machine: at a desk it is skipped, in CI and in a proof it fails."""
    is_owed = is_everything() or os.environ.get("CI") == "true"
    (pytest.fail if is_owed else pytest.skip)(why)


def seed() -> int:
    """What chooses this run's samples: given, or made from the commit, so that one commit always gives one verdict."""
    given = os.environ.get("PROVING_SEED")
    if given is None:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, check=False).stdout
        given = os.environ["PROVING_SEED"] = str(zlib.crc32(head))
    return int(given)


def sample(cases: Sequence[T], size: int, name: str) -> list[T]:
    """Choose ``size`` of ``cases``, in their order, by the seed and the ``name`` of what is tried; in a proof, all."""
    if is_everything() or len(cases) <= size:
        return list(cases)
    chosen = random.Random(f"{seed()}:{name}").sample(range(len(cases)), size)
    return [cases[index] for index in sorted(chosen)]


def times(short: int, everything: int) -> int:
    """How often something is tried, in ``make test`` and in a proof."""
    return everything if is_everything() else short


def rows(test_name: str) -> list[str]:
    """The rows of the fault matrix that a test shows, from its name: ``test_a1_a7_lease…`` shows A1 and A7."""
    found = _ROWS.match(test_name)
    return found.group(1).upper().strip("_").split("_") if found else []
