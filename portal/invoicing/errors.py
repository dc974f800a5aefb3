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


class InvoiceNotIssued(Conflict):
    """Only issued invoices are credited."""

    def __init__(self) -> None:
        super().__init__("invoice_not_issued", N_("This invoice was never issued, so there is nothing to credit."))


class CreditTooLarge(Conflict):
    """A credit note is above zero and never above what is left of its invoice."""

    def __init__(self) -> None:
        super().__init__("credit_too_large", N_("No more can be credited than is left of the invoice."))
