"""Marks on view functions, shared by the faces: what a view needs, and whether it writes.

The face's own gate (``access.py`` of web, console) says who may enter; ``answer`` runs gate and view as one whole.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Response, make_response
from werkzeug.wrappers import Response as AnyResponse

from portal.kit import edge

View = Callable[..., Any]
V = TypeVar("V", bound=View)
Gate = Callable[[dict[str, Any]], dict[str, Any] | AnyResponse]
"""Takes the route's values; returns what the view is called with, or the answer to give instead."""


def writes(view: V) -> V:
    """Mark a view that changes something: it runs in one transaction, kept when the answer's status is below 400."""
    view.writes = True  # type: ignore[attr-defined]
    return view


def guarded(access: str, gate: Gate) -> Callable[[View], View]:
    """Decorate a view with its gate; a guard test reads the ``access`` it is marked with.

    The gate runs inside the transaction, so that what it loads is good for the view, also when it is run again.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def enter(**values: Any) -> Response:
            def work() -> Response:
                admitted = gate(dict(values))
                return make_response(admitted if isinstance(admitted, AnyResponse) else view(**admitted))

            return edge.write(work, keep=_is_kept) if getattr(view, "writes", False) else work()

        enter.access = access  # type: ignore[attr-defined]
        return enter

    return decorate


def public(view: View) -> View:
    """Decorate a view that anyone may open."""
    return guarded("public", lambda values: values)(view)


def _is_kept(answer: Response) -> bool:
    return answer.status_code < 400
