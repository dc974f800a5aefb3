"""How far long work has come, told on standard error, so that its result can be passed on from standard output."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def counted(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """Show a bar with counts, or without a terminal a line at each step.

    :param length: how much there seems to be; it may come to more.
    :return: to be called with how much is done by now.
    """
    has_terminal = sys.stderr.isatty()
    with click.progressbar(length=length, label=label, show_pos=True, file=sys.stderr, hidden=not has_terminal) as bar:

        def tell(done: int) -> None:
            bar.update(min(done, length) - bar.pos)
            if not has_terminal:
                click.echo(f"{label.lower()}: {done} of {max(done, length)}", err=True)

        yield tell
