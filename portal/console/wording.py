"""Codes as operators read them. A code without words here is shown as it is, never hidden."""

from flask_babel import lazy_gettext as _

TIERS = {"starter": _("Starter"), "pro": _("Pro"), "enterprise": _("Enterprise")}
PROVIDERS = {"wechat_pay": _("WeChat Pay"), "stripe": "Stripe"}
SESSION_STATES = {
    "created": _("Preparing"),
    "open": _("Waiting for payment"),
    "processing": _("Being confirmed"),
    "paid": _("Paid"),
    "expired": _("Expired"),
    "cancelled": _("Cancelled"),
    "failed": _("Failed"),
    "review": _("Being checked"),
}
OPERATIONS = {
    "create_charge": _("We asked for a code"),
    "query": _("We asked what became of the order"),
    "close": _("We asked to close the order"),
}
RESULTS = {"done": _("answered"), "refused": _("refused"), "unknown": _("no clear answer")}
EVENT_STATES = {
    "received": _("waits for its worker"),
    "applied": _("taken in"),
    "ignored": _("nothing to do"),
    "quarantined": _("set aside"),
}
DISPOSITIONS = {
    "applied": _("Paid its invoice"),
    "credited": _("Became credit"),
    "held": _("Held: paid twice"),
    "suspense": _("In suspense: not what was asked for"),
}
REASONS = {
    "paid_twice": _("Paid twice"),
    "mismatch": _("Not what was asked for"),
    "provider_refused": _("The provider refused the order"),
}
OUTCOMES = {
    "paid": _("It paid."),
    "paid_late": _("It paid, late."),
    "credited": _("It became credit."),
    "held": _("It was held: paid twice."),
    "review": _("It was held: not what was asked for."),
    "duplicate": _("It was known already."),
    "taken": _("Its payment belongs to another order."),
    "unknown_order": _("There is no such order of ours."),
}


def word(words: dict[str, str], code: str | None) -> str:
    """Return the words for a code, or the code itself."""
    return str(words.get(code or "", code or ""))
