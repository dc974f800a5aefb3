"""Keys are UUIDs of version 7 whose order is the order in which they were made."""

import time

from portal.kit import ids


def test_keys_that_a_process_makes_in_one_go_are_in_their_order() -> None:
    made = [ids.new_id() for _ in range(2000)]
    assert made == sorted(set(made))


def test_a_key_says_its_version_and_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = ids.new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000
