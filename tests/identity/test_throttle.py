"""Guessing is slowed; the account's owner is not locked out (reliability.md G6)."""

from contextlib import suppress
from datetime import timedelta

import pytest

from portal.identity import pruning, throttle
from portal.identity.errors import TooManyAttempts
from tests.identity.people import NOW

pytestmark = pytest.mark.usefixtures("db")
ANN, HOME = "ann@shop.example", "192.0.2.7"


def guess(times, address="203.0.113.1", wall=NOW, email=ANN):
    """How many of so many tries at once were let through."""
    passed = 0
    for _ in range(times):
        with suppress(TooManyAttempts):
            throttle.count_attempt(email, address, wall)
            passed += 1
    return passed


def test_an_address_guesses_five_times_and_then_waits():
    assert guess(50) == throttle.FREE_FAILURES
    assert guess(1, wall=NOW + timedelta(minutes=14)) == 0
    assert guess(50, wall=NOW + timedelta(minutes=15)) == throttle.FREE_FAILURES


def test_a_refusal_says_how_long_to_wait():
    guess(5)

    with pytest.raises(TooManyAttempts) as refused:
        throttle.count_attempt(ANN, "203.0.113.1", NOW + timedelta(minutes=5))
    assert refused.value.params["seconds"] == 600


def test_the_owner_elsewhere_is_not_locked_out():
    guess(50)

    assert guess(1, address=HOME) == 1


def test_a_success_forgives():
    guess(4, address=HOME)
    throttle.forgive(ANN, HOME, NOW)

    assert guess(5, address=HOME) == 5


def test_many_addresses_together_are_slowed_but_not_those_the_owner_uses():
    throttle.count_attempt(ANN, HOME, NOW)
    throttle.forgive(ANN, HOME, NOW)
    passed = sum(guess(1, address=f"198.51.100.{number}") for number in range(200))

    assert passed == throttle.ACCOUNT_FAILURES
    assert guess(1, address=HOME) == 1
    assert guess(1, address="198.51.100.250", wall=NOW + timedelta(seconds=6)) == 1
    assert guess(1, address="198.51.100.251", wall=NOW + timedelta(seconds=7)) == 0


def test_other_accounts_are_not_concerned():
    guess(50)

    assert guess(1, email="bob@shop.example") == 1


def test_old_counts_are_dropped_and_known_addresses_kept():
    guess(5)
    throttle.count_attempt(ANN, HOME, NOW)
    throttle.forgive(ANN, HOME, NOW)
    pruning.forget_old(NOW + timedelta(days=1))
    guess(throttle.ACCOUNT_FAILURES, address="203.0.113.2", wall=NOW + timedelta(days=1))

    assert guess(1, address=HOME, wall=NOW + timedelta(days=1)) == 1
