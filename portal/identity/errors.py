"""Refusals of identity, each with the words that people read."""

from portal.kit.errors import N_, Conflict, Gone, Invalid, NotAllowed, TooMany


class LinkExpired(Gone):
    """A link of a mail that was used already, is too old or never existed: all the same to who holds it."""

    def __init__(self) -> None:
        super().__init__("link_expired", N_("This link was used already or is too old. Please ask for a new one."))


class VerifyEmailFirst(Conflict):
    """Money only moves for people whose address is known to be theirs."""

    def __init__(self) -> None:
        super().__init__(
            "verify_email_first",
            N_("Please confirm your e-mail address first: we sent you a link when you registered."),
        )


class TooManyAttempts(TooMany):
    """An account was tried too often; ``seconds`` until the next try."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            "too_many_attempts",
            N_("Too many attempts. Please wait %(seconds)s seconds and try again."),
            seconds=seconds,
        )


class WrongCredentials(Invalid):
    """The log-in was refused; which part of it was wrong is not told."""

    def __init__(self) -> None:
        super().__init__("wrong_credentials", N_("The e-mail address or the password is not right."))


class WrongSecondFactor(Invalid):
    """The operator's log-in was refused; which part of it was wrong is not told."""

    def __init__(self) -> None:
        super().__init__(
            "wrong_second_factor",
            N_("The e-mail address, the password or the code is not right. Each code works only once."),
        )


class UnknownLanguage(Invalid):
    """Pages exist in the languages of ``i18n.LOCALES`` only."""

    def __init__(self) -> None:
        super().__init__("unknown_language", N_("We do not speak this language yet."))


class WrongPassword(Invalid):
    """The current password, asked for before a change, is not the right one."""

    def __init__(self) -> None:
        message = N_("This is not your current password.")
        super().__init__("wrong_password", message, fields={"current_password": message})


class LastOwner(Conflict):
    """A business keeps at least one owner."""

    def __init__(self) -> None:
        super().__init__("last_owner", N_("A business needs at least one owner. Make somebody else an owner first."))


class AlreadyMember(Conflict):
    """Whoever is invited belongs to the team already."""

    def __init__(self) -> None:
        message = N_("This person is already in the team.")
        super().__init__("already_member", message, fields={"email": message})


class WrongInvitee(NotAllowed):
    """An invitation is for one address; ``email`` is the one that it was sent to."""

    def __init__(self, email: str) -> None:
        super().__init__(
            "wrong_invitee",
            N_("This invitation was sent to %(email)s. Please log in with that address to accept it."),
            email=email,
        )


class EmailTaken(Conflict):
    """An operator of this address exists already."""

    def __init__(self, email: str) -> None:
        super().__init__("email_taken", N_("%(email)s is an operator already."), email=email)
