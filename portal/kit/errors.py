"""The families of refusals; each face translates them once into its own form.

A message is an English sentence that is also the key of its translation; its named parameters are filled in
after translating. Nothing here knows HTTP beyond the status that belongs to a family.
"""

from collections.abc import Mapping


def N_(message: str) -> str:  # noqa: N802 - the gettext convention for "translate later"
    """Mark ``message`` for translation without translating it."""
    return message


class DomainError(Exception):
    """A refusal with a stable ``code`` (snake_case), a ``message`` for a person and errors by ``fields``."""

    status = 500

    def __init__(self, code: str, message: str, *, fields: Mapping[str, str] | None = None, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.fields = dict(fields or {})
        self.params = params

    def __str__(self) -> str:
        return f"{self.code}: {self.message % self.params}" if self.params else f"{self.code}: {self.message}"


class Unauthenticated(DomainError):
    """Nobody is logged in, or the proof given is no good."""

    status = 401


class PaymentRequired(DomainError):
    """Something must be paid or bought first."""

    status = 402


class NotAllowed(DomainError):
    """The actor's role does not allow it."""

    status = 403


class NotFound(DomainError):
    """It does not exist, or it is somebody else's; the two are never told apart."""

    status = 404

    def __init__(self, code: str = "not_found", message: str = N_("This page does not exist.")) -> None:
        super().__init__(code, message)


class Conflict(DomainError):
    """It does not fit the present state."""

    status = 409


class Gone(DomainError):
    """It was there and has ended."""

    status = 410


class Invalid(DomainError):
    """The input is not acceptable; ``fields`` says where."""

    status = 422


class TooMany(DomainError):
    """A rate limit was reached."""

    status = 429


class Unavailable(DomainError):
    """Something the request needs is away; trying again later is right."""

    status = 503
