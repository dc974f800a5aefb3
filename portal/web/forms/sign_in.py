"""Forms of logging in and of renewing a forgotten password."""

from flask_babel import lazy_gettext as _
from wtforms import HiddenField

from portal.web.forms.fields import Email, Form
from portal.web.forms.passwords import Password


class LogInForm(Form):
    """Address and password, and the page to go to afterwards."""

    email = Email(_("E-mail address"))
    password = Password(_("Password"))
    next = HiddenField()


class ForgotForm(Form):
    """The address whose password is forgotten."""

    email = Email(_("E-mail address"))


class ResetForm(Form):
    """A new password."""

    password = Password(_("New password"), description=_("10 to 200 characters; a few words are easy to remember."))
