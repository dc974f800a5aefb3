"""Names of what billing records and stages for others to know of; who does need not know the doors."""

PAYMENT_APPLIED = "billing.payment_applied"
PRODUCT_LIMIT_PASSED = "billing.product_limit_passed"
RECONCILE_PRODUCT_LIMITS = "billing.reconcile_product_limits"
