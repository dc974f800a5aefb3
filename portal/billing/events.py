"""Names of the events that billing records; who wants to know of them need not know the doors."""

PAYMENT_APPLIED = "billing.payment_applied"
