"""Refusals of invoicing."""

from portal.kit.errors import N_, Conflict


class InvoiceNotDraft(Conflict):
    """Only drafts are issued or voided."""

    def __init__(self) -> None:
        super().__init__("invoice_not_draft", N_("This invoice was already issued or withdrawn."))
