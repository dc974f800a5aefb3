"""The price book: versions are added and begin on their day; what was bought under one is found under it."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from portal.catalogue import price_book
from portal.catalogue.errors import UnknownOffer
from portal.catalogue.models import Price, PriceVersion
from portal.kit.db import db
from portal.kit.money import Money


def raise_prices(starts_at: datetime) -> PriceVersion:
    """Add a second version in which everything costs a pound more."""
    version = PriceVersion(number=2, starts_at=starts_at)
    db.add(version)
    db.flush()
    olds = price_book.list_tiers(
        price_book.current_version(starts_at - timedelta(days=1)), starts_at - timedelta(days=1)
    )
    for position, old in enumerate(olds):
        kept = {"code": old.code, "currency": old.currency, "audience": price_book.VENDOR, "is_tier": True}
        changed = {"amount": old.amount + 100, "product_limit": 1, "receives": None, "position": position}
        db.add(Price(version_id=version.id, **kept, **changed))
    db.flush()
    return version


def test_the_first_book_is_loaded_once(now: datetime) -> None:
    assert price_book.load_first() is False
    tiers = price_book.list_tiers(price_book.current_version(now), now)
    assert [(tier.code, tier.amount, tier.currency, tier.product_limit) for tier in tiers] == [
        ("starter", 100, "GBP", 10),
        ("pro", 300, "GBP", 100),
        ("enterprise", 500, "GBP", None),
    ]


def test_a_new_version_counts_from_its_day_and_the_old_one_stays(now: datetime) -> None:
    old = price_book.current_version(now)
    new = raise_prices(now + timedelta(days=1))
    assert price_book.current_version(now) == old
    assert price_book.current_version(now + timedelta(days=1)) == new.id
    assert price_book.get_tier(old, "pro", now).amount == 300
    assert price_book.get_tier(new.id, "pro", now).amount == 400


@pytest.mark.parametrize("code", ["", "branch", "hibernation", "basic", "vip", "PRO"])
def test_only_vendor_tiers_can_be_chosen(now: datetime, code: str) -> None:
    with pytest.raises(UnknownOffer):
        price_book.get_tier(price_book.current_version(now), code, now)


def test_a_kept_version_has_its_prices_and_takes_those_of_today_for_what_it_lacks(now: datetime) -> None:
    old = price_book.current_version(now)
    new = raise_prices(now + timedelta(days=1)).id
    tomorrow = now + timedelta(days=1)
    assert price_book.get_prices(old, ["pro", price_book.BRANCH], tomorrow) == {
        "pro": Money(300, "GBP"),
        "branch": Money(100, "GBP"),
    }
    db.execute(insert(Price).values(version_id=new, code="sign", amount=70, currency="GBP", audience="vendor",
                                    is_tier=False, position=9))  # fmt: skip
    assert price_book.get_prices(old, ["sign", "pro"], tomorrow) == {"sign": Money(70, "GBP"), "pro": Money(300, "GBP")}
    with pytest.raises(UnknownOffer):
        price_book.get_prices(old, ["sign"], now)
    with pytest.raises(UnknownOffer):
        price_book.get_prices(old, ["vip"], now)


def test_a_tier_that_a_kept_version_lacks_is_that_of_today(now: datetime) -> None:
    old, tomorrow = price_book.current_version(now), now + timedelta(days=1)
    new = raise_prices(tomorrow).id
    db.execute(insert(Price).values(version_id=new, code="plus", amount=250, currency="GBP", audience="vendor",
                                    is_tier=True, product_limit=50, position=0))  # fmt: skip
    tiers = [(tier.code, tier.amount) for tier in price_book.list_tiers(old, tomorrow)]
    assert tiers == [("starter", 100), ("plus", 250), ("pro", 300), ("enterprise", 500)]
    assert price_book.get_tier(old, "plus", tomorrow).product_limit == 50
    with pytest.raises(UnknownOffer):
        price_book.get_tier(old, "plus", now)
