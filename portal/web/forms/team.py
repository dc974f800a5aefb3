"""Forms of the team: inviting somebody and changing what they may do."""

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, RadioField
from wtforms.validators import InputRequired

from portal.identity.permissions import Role
from portal.web.forms.fields import Email, Form

ROLES = [
    (Role.VIEWER.value, _("Viewer: reads everything, changes nothing")),
    (Role.MANAGER.value, _("Manager: looks after branches and products")),
    (Role.OWNER.value, _("Owner: may do everything, also pay and invite")),
]
_CHOSEN = InputRequired(_("Choose one of the list."))
"""The first choice is only shown as chosen: whoever sends none has not chosen it."""


class RoleForm(Form):
    """What somebody may do."""

    role = RadioField(_("Role"), [_CHOSEN], choices=ROLES, default=Role.VIEWER.value)
    may_spend = BooleanField(_("A manager may also pay and change the tier"))


class InviteForm(RoleForm):
    """Whom to invite, and as what."""

    email = Email(_("E-mail address"))
