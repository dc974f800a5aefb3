"""Passwords are hashed as agreed, and one that is wrong costs the same whether the account exists."""

from argon2 import PasswordHasher, extract_parameters

from portal.identity import passwords
from tests.identity.people import PASSWORD


def test_the_parameters_are_those_agreed():
    found = extract_parameters(passwords.hashed(PASSWORD))

    assert (found.memory_cost, found.time_cost, found.parallelism) == (19 * 1024, 2, 1)
    assert extract_parameters(passwords._NOBODYS) == found


def test_right_and_wrong():
    stored = passwords.hashed(PASSWORD)

    assert passwords.is_right(stored, PASSWORD)
    assert not passwords.is_right(stored, PASSWORD + " ")
    assert not passwords.is_right(None, "the password of nobody at all")


def test_composed_letters_are_the_same_on_every_keyboard():
    assert passwords.is_right(passwords.hashed("caf\u00e9 au lait"), "cafe\u0301 au lait")


def test_a_hash_of_other_parameters_is_renewed():
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    renewed = passwords.rehashed(old, PASSWORD)

    assert renewed != old
    assert passwords.is_right(renewed, PASSWORD)
    assert passwords.rehashed(renewed, PASSWORD) == renewed
