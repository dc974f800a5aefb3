"""The form of the day on which a hibernating listing is to wake."""

from flask_babel import lazy_gettext as _
from wtforms import DateField
from wtforms.validators import Optional

from portal.web.forms.fields import Form


class WakeDayForm(Form):
    """A day, or none: then it is woken by hand."""

    wakes_on = DateField(
        _("Wake on"), validators=[Optional()], description=_("Leave it empty to wake it yourself, whenever you like.")
    )
