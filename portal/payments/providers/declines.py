"""What a bank's refusal of a stored card means for the next try. Pure: a table of Stripe's decline codes.

Source: Stripe's documents on decline codes and their advice. A code nobody has written down is soft: it is retried a
few times at most, while a hard one would end all tries.
"""

from portal.payments.providers.base import ChargeOutcome

_AUTHENTICATION = {
    "authentication_required",
    "offline_pin_required",
    "online_or_offline_pin_required",
    "mobile_device_authentication_required",
}
"""Only the cardholder can go on."""
_HARD = {
    # The card is gone: lost, stolen, closed, expired, or never was one.
    *("lost_card", "stolen_card", "pickup_card", "expired_card", "invalid_account"),
    *("incorrect_number", "invalid_number", "invalid_expiry_month", "invalid_expiry_year", "incorrect_cvc"),
    *("invalid_cvc", "new_account_information_available"),
    # Its holder or its bank has forbidden it.
    *("revocation_of_authorization", "revocation_of_all_authorizations", "stop_payment_order", "do_not_try_again"),
    *("fraudulent", "merchant_blacklist", "security_violation", "restricted_card"),
    # It cannot do what is asked of it.
    *("card_not_supported", "currency_not_supported", "transaction_not_allowed", "service_not_allowed"),
    *("not_permitted", "testmode_decline", "test_mode_live_card", "live_mode_test_card"),
    # The provider does not have it any more.
    *("resource_missing", "payment_method_unexpected_state"),
}


def outcome_of(code: str | None, advice: str | None = None) -> ChargeOutcome:
    """Say what a refusal means.

    :param code: the decline code, or the error's code where the bank gave none.
    :param advice: the network's advice, where it gave one; its "do not try again" is the last word.
    """
    if code in _AUTHENTICATION:
        return ChargeOutcome.AUTHENTICATION
    if code in _HARD or advice == "do_not_try_again":
        return ChargeOutcome.HARD_DECLINE
    return ChargeOutcome.SOFT_DECLINE
