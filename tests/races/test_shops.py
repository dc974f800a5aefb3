"""What is done to a business from two windows at once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from portal.directory import businesses, product_import, products
from portal.directory.uploads import Photo
from portal.kit import edge
from tests.directory.shops import make_branch, make_product, make_shop
from tests.directory.test_businesses import GIVEN
from tests.support.races import Race, count, dropped, rewritten, unlocked
from tests.support.shop import make_owner

Prove = Callable[[Race[Any]], list[object]]


def shop_id() -> UUID:
    return make_shop("Lantern", edge.now()).id


def test_two_clicks_register_one_business(prove: Prove) -> None:
    race = Race(
        prepare=lambda: make_owner().id,
        works=lambda owner: [lambda: businesses.register(owner, now=edge.now(), **GIVEN).name] * 4,
        act="INSERT INTO businesses",
        guards=[rewritten(r"pg_advisory_xact_lock\(", "abs(")],
        holds=lambda _, outcomes: outcomes.count(GIVEN["name"]) == count("businesses") == 1,
    )
    prove(race)


def test_first_branches_leave_one_main_branch(prove: Prove) -> None:
    race = Race(
        prepare=shop_id,
        works=lambda key: [
            lambda number=number: make_branch(businesses.get(key), f"B{number}", edge.now()).is_main
            for number in range(4)
        ],
        act="INSERT INTO branches",
        guards=[unlocked("businesses"), dropped("DROP INDEX branches_main_idx")],
        holds=lambda _, outcomes: sorted(map(str, outcomes)) == ["False"] * 3 + ["True"],
    )
    prove(race)


def test_photos_never_pass_six(prove: Prove) -> None:
    def prepare() -> tuple[UUID, str]:
        shop = make_shop("Lantern", edge.now())
        return shop.id, make_product(shop, "P", edge.now()).public_id

    def add(made: tuple[UUID, str], number: int) -> str:
        products.add_photo(products.get(*made, is_locked=True), Photo(f"{number}.webp", "t.webp", 9, 9))
        return "added"

    race = Race(
        prepare=prepare,
        works=lambda made: [lambda number=number: add(made, number) for number in range(9)],
        act="INSERT INTO product_photos",
        guards=[
            unlocked("products"),
            dropped("ALTER TABLE product_photos DROP CONSTRAINT product_photos_product_id_position_key"),
        ],
        holds=lambda _, outcomes: outcomes.count("added") == count("product_photos") == 6,
    )
    prove(race)


def test_one_file_handed_in_twice_is_one_import(prove: Prove) -> None:
    race = Race(
        prepare=shop_id,
        works=lambda key: (
            [lambda: product_import.start(businesses.get(key), "a.csv", b"name\nA\nB\n", edge.now()).public_id] * 4
        ),
        act="INSERT INTO product_imports",
        guards=[unlocked("businesses"), dropped("DROP INDEX product_imports_live_idx")],
        holds=lambda _, outcomes: len(set(outcomes)) == count("product_imports") == 1,
    )
    prove(race)
