"""The background processes as a whole: they end when asked, whatever their children wait for."""

from tests.support.crash import workers
from tests.support.portal import Portal


def test_children_that_hang_do_not_keep_it_from_ending(portal: Portal) -> None:
    with workers(portal) as running:
        running.hang()
        running.stop()
