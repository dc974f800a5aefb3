"""Refusals of invoicing."""

from portal.kit.errors import N_, Conflict


class CreditSpent(Conflict):
    """The customer's credit was used for something else in the meantime."""

    def __init__(self) -> None:
        super().__init__("credit_spent", N_("Your credit was used in the meantime. Please look at the price again."))


class InvoiceNotDraft(Conflict):
    """Only drafts are issued or voided."""

    def __init__(self) -> None:
        super().__init__("invoice_not_draft", N_("This invoice was already issued or withdrawn."))
