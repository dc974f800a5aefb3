"""Cards of one customer, stored and chosen from several windows at once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from portal.kit import edge
from portal.payments import methods
from tests.support import shop
from tests.support.everything import store_card
from tests.support.races import Race, count, dropped, unlocked

Prove = Callable[[Race[Any]], list[object]]


def customer_id() -> UUID:
    return shop.make_customer(shop.make_business(shop.make_owner())).id


def test_all_who_ask_at_once_are_led_to_one_page(prove: Prove) -> None:
    race = Race(
        prepare=customer_id,
        works=lambda customer: [lambda: methods.begin(customer, edge.now()).public_id] * 8,
        act="INSERT INTO payment_methods",
        guards=[dropped("DROP INDEX payment_methods_one_setup_idx")],
        holds=lambda _, outcomes: len(set(outcomes)) == count("payment_methods") == 1,
    )
    prove(race)


def test_of_all_cards_that_are_chosen_at_once_one_is_charged(prove: Prove) -> None:
    def prepare() -> tuple[UUID, list[str]]:
        customer = shop.make_customer(shop.make_business(shop.make_owner()))
        return customer.id, [store_card(customer).public_id for _ in range(4)]

    race = Race(
        prepare=prepare,
        works=lambda made: [
            lambda chosen=chosen: methods.make_default(made[0], chosen).public_id for chosen in made[1][1:]
        ],
        act="UPDATE payment_methods",
        guards=[unlocked("payment_methods"), dropped("DROP INDEX payment_methods_one_default_idx")],
        holds=lambda made, outcomes: (
            set(outcomes) == set(made[1][1:]) and count("payment_methods WHERE is_default") == 1
        ),
    )
    prove(race)
