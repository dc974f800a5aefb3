"""The form of registering."""

from flask_babel import lazy_gettext as _
from wtforms import HiddenField

from portal.web.forms.fields import CleanText, Email, Form
from portal.web.forms.passwords import Password


class RegisterForm(Form):
    """Who you are, and the page to go to after logging in."""

    name = CleanText(_("Your name"), max_length=100)
    email = Email(_("E-mail address"))
    password = Password(_("Password"), description=_("10 to 200 characters; a few words are easy to remember."))
    next = HiddenField()
