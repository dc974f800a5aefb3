"""Outgoing HTTP for the few things that are called directly rather than through a provider's SDK."""

from collections.abc import Mapping
from typing import Any

import requests

_LIMIT = 5 * 1024 * 1024


class FetchFailed(Exception):
    """The answer did not come, came too large, or was not 200; worth trying again later."""


def fetch(url: str, *, timeout: tuple[float, float] = (3, 10)) -> bytes:
    """Return the body at ``url`` (at most 5 MiB).

    :param timeout: seconds to connect and to wait for the next bytes.
    :raises FetchFailed: for whatever reason there is no good answer.
    """
    try:
        with requests.get(url, timeout=timeout, stream=True, allow_redirects=False) as answer:
            body = answer.raw.read(_LIMIT + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:
        raise FetchFailed(f"{type(error).__name__} at {url}") from error
    if answer.status_code != 200 or len(body) > _LIMIT:
        raise FetchFailed(f"status {answer.status_code}, {len(body)} bytes at {url}")
    return bytes(body)


def post(
    url: str, body: Mapping[str, Any], headers: Mapping[str, str], *, timeout: tuple[float, float] = (3, 20)
) -> dict[str, Any]:
    """Send ``body`` as JSON and return the JSON object that comes back.

    :param timeout: seconds to connect and to wait for the next bytes.
    :raises FetchFailed: for whatever reason there is no good answer.
    """
    try:
        with requests.post(url, json=body, headers=dict(headers), timeout=timeout, allow_redirects=False) as answer:
            found = answer.json() if answer.status_code == 200 else None
    except (requests.RequestException, OSError, ValueError) as error:
        raise FetchFailed(f"{type(error).__name__} at {url}") from error
    if not isinstance(found, dict):
        raise FetchFailed(f"status {answer.status_code} at {url}")
    return found
