"""Forms of a business: registering it, its profile and its logo."""

from typing import Any

from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _

from portal.directory.businesses import Profile, Registration
from portal.web.forms import choices
from portal.web.forms.fields import CleanMultiline, CleanText, Email, Form, ImageFile, Phone, WebUrl
from portal.web.forms.options import Choice


class ProfileForm(Form):
    """What a vendor says of the business."""

    name = CleanText(_("Name of the business"), max_length=120, min_length=2)
    category = Choice(_("Category"))
    description = CleanMultiline(_("Description"), max_length=4000, is_optional=True)
    email = Email(_("E-mail for customers"), is_optional=True)
    phone = Phone(_("Telephone"), is_optional=True)
    website = WebUrl(_("Website"), is_optional=True)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.category.offer(choices.categories(gettext("Choose…")))

    def profile(self) -> Profile:
        """Return what was typed."""
        return Profile(
            name=self.name.data,
            category=self.category.data,
            description=self.description.data,
            email=self.email.data,
            phone=self.phone.data,
            website=self.website.data,
        )


class RegisterBusinessForm(ProfileForm):
    """The profile, and what is chosen once."""

    country = Choice(_("Country"))
    currency = Choice(_("Currency you pay in"), description=_("It stays once you have chosen a tier."))
    time_zone = Choice(_("Time zone"), description=_("Your billing periods begin at midnight there."))

    def __init__(self) -> None:
        is_chinese = get_locale().language == "zh"
        home = ("CN", "CNY", "Asia/Shanghai") if is_chinese else ("GB", "GBP", "Europe/London")
        super().__init__(data=dict(zip(("country", "currency", "time_zone"), home, strict=True)))
        self.country.offer(choices.countries())
        self.currency.offer(choices.currencies())
        self.time_zone.offer(choices.zones())

    def registration(self) -> Registration:
        """Return what was typed and chosen."""
        return Registration(
            **self.profile(),
            country=self.country.data,
            currency=self.currency.data,
            time_zone=self.time_zone.data,
        )


class TimeZoneForm(Form):
    """Where the midnights are that a business is billed by."""

    time_zone = Choice(
        _("Time zone"),
        description=_("What is paid for stays as it is; the next period ends at midnight there."),
    )

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.time_zone.offer(choices.zones())


class LogoForm(Form):
    """A picture to be the logo."""

    picture = ImageFile(_("Logo"), description=_("JPEG, PNG or WebP, at most 5 MB."))
