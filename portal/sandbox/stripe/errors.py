"""The refusals of Stripe: HTTP status and the error object (providers.md §3.1), in Stripe's own English."""

from typing import Any


class Refusal(Exception):
    """An answer that is not what the merchant hoped for; nothing of the request is kept."""

    def __init__(
        self, status: int, message: str, *, kind: str = "invalid_request_error", code: str = "", param: str = ""
    ) -> None:
        super().__init__(f"{code or kind} {param}".strip())
        self.status = status
        self.error = {"type": kind, "message": message}
        self.error |= {name: value for name, value in (("code", code), ("param", param)) if value}

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        return {"error": self.error}


def no_key() -> Refusal:
    """401: nobody says who asks."""
    return Refusal(401, "You did not provide an API key. Provide it in the Authorization header, using Bearer auth.")


def wrong_key(given: str) -> Refusal:
    """401: no account has this key; only its end is repeated."""
    return Refusal(401, f"Invalid API Key provided: {given[:8]}****{given[-4:]}")


def wrong_version(given: str) -> Refusal:
    """400: the request names another version of the API than the one spoken here, or none."""
    return Refusal(400, f"Invalid Stripe API version: {given[:40] or 'none'}")


def not_a_form() -> Refusal:
    """400: the body is not what the Content-Type says, or not a form."""
    return Refusal(400, "The body must be application/x-www-form-urlencoded with well-formed brackets.")


def unknown_parameter(param: str) -> Refusal:
    """400: a parameter that the API does not have."""
    return Refusal(400, f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def not_honoured(param: str) -> Refusal:
    """400: a parameter, or a value of it, that Stripe has and this peer does not play: never ignored in silence."""
    return Refusal(400, f"The sandbox does not play {param}.", code="sandbox_not_honoured", param=param)


def missing(param: str) -> Refusal:
    """400: a parameter that must be there."""
    return Refusal(400, f"Missing required param: {param}.", code="parameter_missing", param=param)


def empty(param: str) -> Refusal:
    """400: an empty text where something must stand."""
    message = f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter."
    return Refusal(400, message, code="parameter_invalid_empty", param=param)


def invalid(param: str, wanted: str, code: str = "") -> Refusal:
    """400: a value of the wrong kind or out of its range."""
    return Refusal(400, f"Invalid {param}: must be {wanted}", code=code, param=param)


def no_such(kind: str, object_id: str, param: str) -> Refusal:
    """404: no such object of this account."""
    return Refusal(404, f"No such {kind.replace('_', '')}: '{object_id[:80]}'", code="resource_missing", param=param)


def no_such_address(method: str, path: str) -> Refusal:
    """404: no such endpoint."""
    return Refusal(404, f"Unrecognized request URL ({method}: {path[:80]}).")


def reused_key() -> Refusal:
    """400: the idempotency key stands for another request."""
    message = "Keys for idempotent requests can only be used with the same parameters they were first used with."
    return Refusal(400, message, kind="idempotency_error")


def too_often() -> Refusal:
    """429: rate limit (a fault of the sandbox)."""
    return Refusal(429, "Request rate limit exceeded.", code="rate_limit")


def server_error() -> Refusal:
    """500: the outcome is unknown to the merchant (a fault of the sandbox)."""
    return Refusal(500, "An unknown error occurred.", kind="api_error")


def too_small(minimum: int, currency: str) -> Refusal:
    """400: less than a card can be charged."""
    message = f"Amount must be no less than {minimum} {currency}"
    return Refusal(400, message, code="amount_too_small", param="amount")


def not_open(status: str) -> Refusal:
    """400: a Checkout Session that has ended cannot be ended again."""
    message = 'Only Checkout Sessions with a status in ["open"] can be expired.'
    return Refusal(400, f"{message} This Checkout Session has a status of {status}.")


def not_attached() -> Refusal:
    """400: a payment method that belongs to nobody cannot be detached."""
    message = "The payment method you provided is not attached to a customer so detachment is impossible."
    return Refusal(400, message, code="payment_method_unexpected_state", param="payment_method")


def spent_method() -> Refusal:
    """400: a payment method that was detached is spent for good."""
    message = "The provided PaymentMethod was detached from a Customer. It may not be used again."
    return Refusal(400, message, code="payment_method_unexpected_state", param="payment_method")


def method_of_another(method: str) -> Refusal:
    """400: the payment method belongs to another customer than the one named."""
    message = f"The provided PaymentMethod ({method}) does not belong to the Customer you supplied."
    return Refusal(400, message, param="payment_method")


def unexpected_state(verb: str, status: str) -> Refusal:
    """400: the intent's state does not allow it."""
    message = f"You cannot {verb} this PaymentIntent because it has a status of {status}."
    return Refusal(400, message, code="payment_intent_unexpected_state", param="intent")
