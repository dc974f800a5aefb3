"""Fields and the base form shared by all screens.

Whatever is typed comes out clean or is refused at its field with a message in the reader's language, and stays in
the form as it was typed. It refuses repeated fields, fields nobody asked for, and files where text belongs.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from flask import request
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, MultipleFileField
from werkzeug.datastructures import MultiDict
from wtforms import Field, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Optional, StopValidation
from wtforms.widgets import FileInput, TextArea

from portal.kit import sent_fields, typed
from portal.kit.errors import DomainError
from portal.kit.repeated_forms import FURNITURE

MAX_EMAIL = 254  # RFC 5321 §4.5.3.1.3, without the angle brackets
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{3,28}[0-9]", re.ASCII)
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+", re.ASCII)


class Form(FlaskForm):
    """The base of every form.

    ``buttons`` names the submit buttons that carry a value.
    """

    buttons: frozenset[str] = frozenset()

    class Meta(FlaskForm.Meta):
        """Takes form bodies only: a JSON body has no business in a form."""

        def wrap_formdata(self, form: "Form", formdata: Any) -> Any:
            """Join text and files, keeping files out of text fields and text out of file fields."""
            if formdata is None or not form.is_submitted():
                return None
            known = {name for name, field in form._fields.items() if isinstance(field, FileField)}
            pairs = [(name, value) for name, value in request.form.items(multi=True) if name not in known]
            return MultiDict(pairs + [pair for pair in request.files.items(multi=True) if pair[0] in known])

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Check every field, then that the form was sent as we made it."""
        is_valid = bool(super().validate(extra_validators))
        return self._is_as_made() and is_valid

    def refuse(self, error: DomainError) -> None:
        """Put a refusal of the domain at the fields it names, or above the form."""
        if not error.fields:
            self.form_errors.append(gettext(error.message) % error.params)
        for name, message in error.fields.items():
            self._refuse_field(name, gettext(message) % error.params)

    def _refuse_field(self, name: str, message: str) -> None:
        field = self._fields.get(name)
        if field is None:
            self.form_errors.append(message)
        else:
            field.errors = [*field.errors, message]

    def _is_as_made(self) -> bool:
        names = sorted({*request.form, *request.files})
        sent_fields.take(names)
        once = [name for name in names if not self._may_repeat(name)]
        repeated = sent_fields.repeated(once, request.form, request.files)
        unknown = [name for name in names if not self._is_known(name) or (name in request.files) != self._is_file(name)]
        for name, said in repeated.items():
            self._refuse_field(name, said)
        for name in unknown:
            self._refuse_field(name, gettext("This form has no place for “%(name)s”.", name=name[:40]))
        return not repeated and not unknown

    def _may_repeat(self, name: str) -> bool:
        return isinstance(self._fields.get(name), SelectMultipleField | MultipleFileField)

    def _is_known(self, name: str) -> bool:
        field = self._fields.get(name)
        if field is not None:
            return not isinstance(field, Rows)
        parts = any(field.owns(name) for field in self._fields.values() if isinstance(field, Rows))
        return parts or name in self.buttons or name in FURNITURE

    def _is_file(self, name: str) -> bool:
        return isinstance(self._fields.get(name), FileField)


class Rows(Field):
    """A field of several inputs of its own, whose names begin with the field's."""

    def owns(self, name: str) -> bool:
        """Whether an input of this name belongs to the field."""
        raise NotImplementedError


class CleanText(StringField):
    """One clean line of at most ``max_length`` characters; ``data`` is "" where nothing was typed."""

    def __init__(
        self,
        label: Any = None,
        *,
        max_length: int = 200,
        min_length: int = 0,
        is_optional: bool = False,
        validators: Sequence[Any] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(label, [*([Optional()] if is_optional else []), *validators], **kwargs)
        self.max_length, self.min_length, self.is_optional = max_length, min_length, is_optional
        self.flags.maxlength = max_length
        self.flags.required = not is_optional

    def pre_validate(self, form: Any) -> None:
        """Clean what was typed, or say what is wrong with it; the field shows what was typed either way."""
        try:
            self.data = self.read(self.clean(self.raw_data[0] if self.raw_data else ""))
        except typed.Refused as refused:
            raise StopValidation(gettext(refused.message) % refused.params) from refused
        if self.data in ("", None) and not self.is_optional:
            raise StopValidation(gettext("Fill this in."))

    def clean(self, text: str) -> str:
        """Return the clean text.

        :raises typed.Refused: it is not acceptable.
        """
        text = typed.line(text, self.max_length)
        if text and len(text) < self.min_length:
            raise StopValidation(gettext("Use at least %(min)s characters.", min=self.min_length))
        return text

    def read(self, text: str) -> Any:
        """Return what ``data`` becomes of clean ``text``."""
        return text

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.shown() if self.data is not None else ""

    def shown(self) -> str:
        """Return ``data`` as it is typed."""
        return str(self.data)


class CleanMultiline(CleanText):
    """Clean text that may have several lines."""

    widget = TextArea()

    def clean(self, text: str) -> str:
        """Return the clean text with its line breaks."""
        return typed.lines(text, self.max_length)


class Email(CleanText):
    """An e-mail address as it can be delivered, at most 254 characters; no look-up is made."""

    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        super().__init__(label, max_length=MAX_EMAIL, **kwargs)

    def read(self, text: str) -> str:
        """Return the address with its domain in lower case."""
        if not text:
            return ""
        try:
            found = validate_email(text, check_deliverability=False, allow_smtputf8=False, test_environment=True)
        except EmailNotValidError as error:
            message = gettext("Write an e-mail address such as name@example.com.")
            raise StopValidation(message) from error
        return found.normalized


class Phone(CleanText):
    """A telephone number: 5 to 30 digits and separators, a plus at most in front."""

    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        super().__init__(label, max_length=30, **kwargs)

    def read(self, text: str) -> str:
        """Return the number as typed."""
        if text and not _PHONE.fullmatch(text):
            raise StopValidation(gettext("Write a telephone number such as +44 20 7946 0000."))
        return text


class WebUrl(CleanText):
    """An address of a website, http or https, without a name or password in it."""

    def __init__(self, label: Any = None, *, max_length: int = 300, **kwargs: Any) -> None:
        super().__init__(label, max_length=max_length, **kwargs)

    def read(self, text: str) -> str:
        """Return the address as typed."""
        if text and not is_web_url(text):
            raise StopValidation(gettext("Write a web address such as https://www.example.com."))
        return text


def is_web_url(text: str) -> bool:
    """Whether ``text`` is an http or https address with a host name; a browser may then be led there."""
    try:
        parts = urlsplit(text)
        host, _ = (parts.hostname or "").encode("idna").decode(), parts.port
    except (UnicodeError, ValueError):
        return False
    is_plain = not any(character.isspace() or character in '<>"\\^`{|}' for character in text)
    return is_plain and parts.scheme in ("http", "https") and "@" not in parts.netloc and bool(_HOST.fullmatch(host))


class Amount(CleanText):
    """A price in ``currency``; ``data`` is minor units, or None where nothing was typed."""

    def __init__(self, label: Any = None, *, currency: str = "GBP", **kwargs: Any) -> None:
        super().__init__(label, max_length=20, **kwargs)
        self.currency = currency

    def read(self, text: str) -> int | None:
        """Return minor units."""
        return typed.minor_units(text, self.currency) if text else None

    def shown(self) -> str:
        """Return the amount as it is typed."""
        return typed.plain(int(str(self.data)), self.currency)


class Coordinate(CleanText):
    """Degrees from −``limit`` to ``limit``; ``data`` is a Decimal of six places (a hand's breadth), or None."""

    def __init__(self, label: Any = None, *, limit: int, **kwargs: Any) -> None:
        super().__init__(label, max_length=24, **kwargs)
        self.limit = limit

    def clean(self, text: str) -> str:
        """Return the typed number; some keyboards write a true minus sign.

        However many decimals of one look like the number of a card, six are all that is kept.
        """
        number = text.strip().replace("\N{MINUS SIGN}", "-")
        return number if typed.is_decimal(number) else super().clean(number)

    def read(self, text: str) -> Decimal | None:
        """Return degrees."""
        return typed.decimal(text, places=6, low=-self.limit, high=self.limit) if text else None


class Upload(FileField):
    """A file; ``data`` is what was uploaded or None. What it holds is judged by the domain."""

    widget = FileInput()

    def __init__(self, label: Any = None, *, accept: str, is_optional: bool = False, **kwargs: Any) -> None:
        required = [] if is_optional else [InputRequired(lazy_gettext("Choose a file."))]
        super().__init__(label, required, **kwargs)
        self.flags.optional = is_optional
        self.render_kw = {"accept": accept}

    def content(self) -> bytes:
        """Return the whole file, also when the view is run again."""
        self.data.stream.seek(0)
        return bytes(self.data.stream.read())


class ImageFile(Upload):
    """A picture, see ``directory.uploads``."""

    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        super().__init__(label, accept="image/jpeg,image/png,image/webp", **kwargs)
