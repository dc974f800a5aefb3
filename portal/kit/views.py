"""Marks on view functions, shared by the faces: what a view needs, and whether it writes.

The face's own gate (``access.py`` of web, console) says who may enter; ``guarded`` runs gate and view as one whole.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any, TypeVar

from flask import Response, g, make_response, session
from werkzeug.wrappers import Response as AnyResponse

from portal.kit import edge, repeated_forms, sent_fields

View = Callable[..., Any]
V = TypeVar("V", bound=View)
Gate = Callable[[dict[str, Any]], dict[str, Any] | AnyResponse]
"""Takes the route's values; returns what the view is called with, or the answer to give instead."""


def writes(view: V) -> V:
    """Mark a view that changes something: it runs in one transaction, kept when the answer's status is below 400."""
    view.writes = True  # type: ignore[attr-defined]
    return view


def writes_once(sender: Callable[[], str]) -> Callable[[V], V]:
    """Mark a view that changes something only once for each form, however often that is sent.

    :param sender: says who sends it, once the gate has let them in.
    """

    def mark(view: V) -> V:
        view.sender = sender  # type: ignore[attr-defined]
        return writes(view)

    return mark


def guarded(access: str, gate: Gate) -> Callable[[View], View]:
    """Decorate a view with its gate; a guard test reads the ``access`` it is marked with.

    The gate runs inside the transaction, so that what it loads is good for the view, also when it is run again.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def enter(**values: Any) -> Response:
            def work() -> Response:
                admitted = gate(dict(values))
                return make_response(admitted if isinstance(admitted, AnyResponse) else _open(view, admitted))

            return _write(work) if getattr(view, "writes", False) else work()

        enter.access = access  # type: ignore[attr-defined]
        return enter

    return decorate


def public(view: View) -> View:
    """Decorate a view that anyone may open."""
    return guarded("public", lambda values: values)(view)


def _open(view: View, values: dict[str, Any]) -> Any:
    sender = getattr(view, "sender", None)
    if sender is None:
        return _judged(view, values)
    return repeated_forms.answer(sender, lambda: _judged(view, values))


def _judged(view: View, values: dict[str, Any]) -> Response:
    """Run a view; what it did is not kept where the form held fields that the view did not ask for."""
    given = make_response(view(**values))
    if getattr(view, "writes", False) and given.status_code in (302, 303):
        sent_fields.refuse_others()
    return given


def _write(work: Callable[[], Response]) -> Response:
    """Run a view as one transaction; cookie and request forget what a try that came to nothing put there.

    Otherwise a second try finds nobody logged in whom the first one logged out, and what it says would be said twice.
    """
    cookie, around = deepcopy(dict(session)), dict(vars(g))

    def again() -> Response:
        _restore_cookie(cookie)
        vars(g).clear()
        vars(g).update(around)
        return work()

    try:
        return edge.write(again, keep=_is_kept)
    except BaseException:
        _restore_cookie(cookie)
        raise


def _restore_cookie(cookie: dict[str, Any]) -> None:
    if dict(session) != cookie:
        session.clear()
        session.update(deepcopy(cookie))


def _is_kept(answer: Response) -> bool:
    return answer.status_code < 400
