"""Forms of one's own account."""

from flask_babel import lazy_gettext as _

from portal.web.forms.fields import CleanText, Form
from portal.web.forms.options import Choice
from portal.web.forms.passwords import Password

LANGUAGES = [("en", "English"), ("zh", "简体中文")]


class DetailsForm(Form):
    """What we call you, and in which language."""

    name = CleanText(_("Your name"), max_length=100)
    locale = Choice(_("Language of pages and mails"), choices=LANGUAGES)


class PasswordForm(Form):
    """The current password and a new one."""

    current_password = Password(_("Current password"))
    password = Password(_("New password"), description=_("10 to 200 characters; a few words are easy to remember."))
