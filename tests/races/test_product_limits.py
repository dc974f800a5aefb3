"""Many who add products at once, and workers who count them at once: what is shown, told and stored stays one."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from portal.billing import product_limits
from portal.billing.apply_payment import apply_payment
from portal.directory import businesses, products, visibility
from portal.kit import edge
from portal.kit.db import db
from tests.directory.shops import make_product, make_shop
from tests.support import shop
from tests.support.races import Race, count, rewritten, unlocked

Prove = Callable[[Race[Any]], list[object]]
LIMIT = 10


def test_d11_twenty_who_add_at_once_show_no_more_than_the_limit(prove: Prove, saw: Callable[[str], None]) -> None:
    def prepare() -> UUID:
        key = make_shop("Lantern", edge.now()).id
        visibility.set_entitlement(
            key, is_listed=True, product_limit=LIMIT, tier_code="starter", now=edge.now(), overage_policy="hide"
        )
        for number in range(LIMIT - 1):
            make_product(businesses.get(key), f"P{number}", edge.now())
        return key

    def add(key: UUID, number: int) -> int:
        """Add one and look at the listing as its visitors would."""
        found = businesses.get(key)
        make_product(found, f"Late {number}", edge.now())
        return len(products.list_shown_page(found, 1, LIMIT).items)

    race = Race(
        prepare=prepare,
        works=lambda key: [lambda number=number: add(key, number) for number in range(20)],
        act="INSERT INTO products",
        guards=[rewritten(r"products\.id <= \(", "'00000000-0000-0000-0000-000000000000' <= (")],
        holds=lambda _, shown: shown == [LIMIT] * 20 and count("products WHERE NOT is_hidden") == LIMIT + 19,
    )
    prove(race)
    saw(f"20 added at once where {LIMIT} may be shown: each saw {LIMIT} in the listing, 29 are there")


def test_workers_who_count_at_once_begin_one_grace_and_tell_of_it_once(prove: Prove) -> None:
    def prepare() -> UUID:
        business = shop.make_business(shop.make_owner())
        session = shop.open_session(
            shop.make_customer(business), shop.make_quote(shop.make_customer(business), "starter")
        )
        assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"
        for number in range(LIMIT + 1):
            make_product(business, f"P{number}", edge.now())
        db.execute(text("DROP INDEX product_graces_open_idx"))
        return business.id

    race = Race(
        prepare=prepare,
        works=lambda key: [lambda: product_limits.reconcile(key, edge.now())] * 4,
        act="INSERT INTO product_graces",
        guards=[unlocked("subscriptions")],
        holds=lambda *_: count("product_graces") == count("domain_events WHERE name LIKE '%limit_passed'") == 1,
    )
    prove(race)
