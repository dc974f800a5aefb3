"""What people type, made clean: text without invisible tricks, amounts and decimals without floats.

Forms and imports share these rules, so that a file may bring in nothing that a form refuses. It knows no form.
"""

import re
import unicodedata
from decimal import Decimal

from portal.kit.errors import N_
from portal.kit.money import EXPONENTS

_CONTROL = "\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029"
_DIRECTION = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
_REFUSED = re.compile(f"[{_CONTROL}{_DIRECTION}\ud800-\udfff]")
_LONG_NUMBER = re.compile("(?<![0-9])[0-9](?:[ \u00a0-]?[0-9]){14,18}(?![0-9])")
_CARD = re.compile("(?:4[0-9]{3}|5[1-5]..|2[2-7]..|35..|6011|6[245]..)[0-9]{12}|3[47][0-9]{13}|(?:4|62)[0-9]{15,18}")
"""What card schemes give out (ISO/IEC 7812): how their numbers begin, and how long they are."""
_AMOUNT = re.compile(r"([0-9]{1,9})(?:\.([0-9]+))?", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,20})?", re.ASCII)


class Refused(ValueError):
    """Typed text that is not taken; ``message`` is an English message id, ``params`` fill its names."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message % params)
        self.message = message
        self.params = params


class CardNumber(Refused):
    """Somebody typed a payment card's number where it would be kept."""

    def __init__(self) -> None:
        super().__init__(N_("This looks like the number of a payment card, which we never keep. Take it out."))


def line(text: str, max_length: int) -> str:
    """Return ``text`` as one clean line: Unicode NFC without blanks around it; empty where nothing of it is visible.

    :raises Refused: control or direction-changing characters (they make a name look like another), too long, or with
        the number of a payment card in it.
    """
    if "\n" in text:
        raise Refused(N_("Write this on one line."))
    return lines(text, max_length)


def lines(text: str, max_length: int) -> str:
    """Return ``text`` clean as ``line`` does, line breaks kept as ``\\n``."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    found = _REFUSED.search(text)
    if found:
        raise Refused(N_("Remove the invisible character %(code)s."), code=f"U+{ord(found[0]):04X}")
    if not any(unicodedata.category(character)[0] in "LNPS" for character in text):
        return ""
    text = text.strip()
    if without_cards(text) != text:
        raise CardNumber
    if len(text) > max_length:
        raise Refused(N_("Use at most %(max)s characters; these are %(count)s."), max=max_length, count=len(text))
    return text


def without_cards(text: str) -> str:
    """Return ``text`` with every card number in it struck out."""
    return _LONG_NUMBER.sub(lambda found: "(card number)" if _is_card(found[0]) else found[0], text)


def _is_card(found: str) -> bool:
    """Whether it is a card scheme's, and its last digit the check digit of the others (Luhn's formula)."""
    number = "".join(filter(str.isdigit, found))
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return _CARD.fullmatch(number) is not None and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def minor_units(text: str, currency: str) -> int:
    """Return a typed price such as ``12.50`` in minor units of ``currency`` (ISO 4217 digits); at most 9 digits whole.

    :raises Refused: anything but ASCII digits and one point, or more decimals than the currency has.
    """
    found = _AMOUNT.fullmatch(text)
    if not found:
        raise Refused(N_("Write an amount in digits, such as %(example)s."), example=plain(1250, currency))
    whole, decimals = found[1], found[2] or ""
    places = EXPONENTS[currency]
    if len(decimals) > places:
        raise Refused(N_("%(currency)s has %(places)s decimals."), currency=currency, places=places)
    return int(whole + decimals.ljust(places, "0"))


def plain(amount: int, currency: str) -> str:
    """Return ``amount`` minor units as ``minor_units`` reads it, without a currency sign."""
    return str(Decimal(amount).scaleb(-EXPONENTS[currency]))


def is_decimal(text: str) -> bool:
    """Whether a text is a plain decimal number in ASCII digits."""
    return _DECIMAL.fullmatch(text) is not None


def decimal(text: str, *, places: int, low: int, high: int) -> Decimal:
    """Return a typed number from ``low`` to ``high``, rounded to ``places`` decimals.

    :raises Refused: not a plain decimal number in ASCII digits, or out of range.
    """
    if not is_decimal(text):
        raise Refused(N_("Write a number such as %(example)s."), example="51.5074")
    value = Decimal(text)
    if not low <= value <= high:
        raise Refused(N_("Use a number from %(low)s to %(high)s."), low=low, high=high)
    return round(value, places)
