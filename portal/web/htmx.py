"""What htmx needs of every answer: redirects it can follow, and caches that keep pages and fragments apart."""

from flask import Response, request


def is_fragment() -> bool:
    """Whether htmx asked for a part of a page (boosted links ask for whole pages)."""
    return "HX-Request" in request.headers and request.headers.get("HX-Request-Type") != "full"


def finish(answer: Response) -> Response:
    """Turn a redirect of a fragment request into ``HX-Redirect`` and mark what answers vary by."""
    answer.headers.add("Vary", "HX-Request")
    if is_fragment() and answer.status_code in (302, 303):
        answer.headers["HX-Redirect"] = answer.headers.pop("Location")
        answer.status_code = 204
        answer.set_data(b"")
    return answer
