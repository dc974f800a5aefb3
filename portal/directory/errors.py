"""What the directory refuses, each with the words its reader sees."""

from portal.kit.errors import N_, Conflict, Invalid


class NoSuchChoice(Invalid):
    """A category, country, currency or time zone that is not in its list."""

    def __init__(self, field: str) -> None:
        super().__init__("no_such_choice", N_("Choose one of the list."), fields={field: N_("Choose one of the list.")})


class SameBusiness(Invalid):
    """The user owns a business of this name already; a second click must not make a second business."""

    def __init__(self) -> None:
        message = N_("You already have a business with this name.")
        super().__init__("same_business", message, fields={"name": message})


class SameBranch(Invalid):
    """The business has a branch of this name at this address already."""

    def __init__(self) -> None:
        message = N_("You already have a branch with this name at this address.")
        super().__init__("same_branch", message, fields={"name": message})


class HalfAPlace(Invalid):
    """Only one of latitude and longitude is given."""

    def __init__(self) -> None:
        message = N_("Give both latitude and longitude, or neither.")
        super().__init__("half_a_place", message, fields={"latitude": message, "longitude": message})


class MainBranchStays(Conflict):
    """The main branch is replaced, never removed (product.md, *Branches*)."""

    def __init__(self) -> None:
        message = N_("The main branch cannot be removed. Make another branch the main one first, or edit its address.")
        super().__init__("main_branch_stays", message)


class TooManyBranches(Conflict):
    """More branches than one business may have."""

    def __init__(self, limit: int) -> None:
        super().__init__("too_many_branches", N_("A business can have at most %(limit)s branches."), limit=limit)


class WrongAttributes(Invalid):
    """An attribute that cannot be stored as it is."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__("wrong_attributes", message, fields={"attributes": message}, **params)


class TooManyPhotos(Invalid):
    """More photos than a product may have."""

    def __init__(self, limit: int) -> None:
        message = N_("A product can have at most %(limit)s photos. Remove one first.")
        super().__init__("too_many_photos", message, fields={"picture": message}, limit=limit)


class BadPicture(Invalid):
    """An upload that is not a picture we take."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__("bad_picture", message, fields={"picture": message}, **params)


class ImportRunning(Conflict):
    """Another import of the business has not ended yet."""

    def __init__(self) -> None:
        super().__init__("import_running", N_("Another import is still running. Wait for it or cancel it first."))


class ImportEnded(Conflict):
    """The import has ended; there is nothing to cancel."""

    def __init__(self) -> None:
        super().__init__("import_ended", N_("This import has already ended."))


class BadFile(Invalid):
    """An import file that cannot be read at all."""

    def __init__(self, message: str, **params: object) -> None:
        super().__init__("bad_file", message, fields={"file": message}, **params)
