"""Waiting for the world outside, but never longer than one means to: whoever feeds us a byte a minute is left alone."""

import contextvars
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """Do ``work``, which calls outside and touches nothing of ours, and wait for it so long at most.

    Time-outs of sockets begin anew with every byte, so they alone end nothing. What comes after the time is dropped.

    :raises TimeoutError: it took longer; nobody knows whether it had an effect.
    """
    results: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
    around = contextvars.copy_context()

    def run() -> None:
        try:
            results.put((around.run(work), None))
        except BaseException as error:
            results.put((None, error))

    threading.Thread(target=run, daemon=True, name="outside").start()
    try:
        result, error = results.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no whole answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]
