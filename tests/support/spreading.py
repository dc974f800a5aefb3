"""Which tests a core is given, and when: the tests of a file stay together, and who may take longest begins first.

A few files are so long that their tests are shared out one by one; each of these stands alone.
"""

from itertools import groupby

import pytest
from xdist.scheduler import LoadFileScheduling

SHARED = ("tests/simulation/test_lives.py", "tests/simulation/test_mutations.py", "tests/sweep/test_crash_sweep.py")


class Spreading(LoadFileScheduling):
    """Hands out files, and of the shared ones single tests."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return nodeid if file in SHARED else file


def longest_first(items: list[pytest.Item]) -> None:
    """Put files in the order of the time that their tests are given, the default's last; within a file nothing moves.

    A long file that is begun last would keep one core busy while the others have nothing left to do.
    """
    files = [list(tests) for _, tests in groupby(items, key=lambda item: item.path)]
    files.sort(key=lambda tests: -max(_seconds(test) for test in tests))
    items[:] = [test for tests in files for test in tests]


def _seconds(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0
