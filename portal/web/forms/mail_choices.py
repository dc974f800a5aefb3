"""The form of what comes by mail: a box for each category of notices that may be turned off."""

from flask_babel import lazy_gettext as _
from wtforms import BooleanField

from portal.notifications.kinds import OPTIONAL, Category
from portal.web.forms.fields import Form

LABELS = {
    Category.PLAN: _("Your plan: renewals ahead, changes, hibernation"),
    Category.PRODUCTS: _("Products: when there are more than your tier holds"),
    Category.BRANCHES: _("Branches: what was added, settled or withdrawn"),
    Category.TEAM: _("Your team: who joined"),
}


class MailChoicesForm(Form):
    """Which categories also come by mail."""


for category in OPTIONAL:
    setattr(MailChoicesForm, category.value, BooleanField(LABELS[category]))
