"""Branches: one main branch always, the others wait until paid for, and a place moves whole."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.directory import branches
from portal.directory.errors import HalfAPlace, MainBranchStays, SameBranch, TooManyBranches
from portal.kit.db import db as session
from portal.kit.errors import NotFound
from tests.directory.shops import make_branch, make_shop


@pytest.fixture
def shop(now):
    return make_shop("Lantern", now)


def test_the_first_is_the_main_branch_and_shown(shop, now):
    main, second = make_branch(shop, "Main", now), make_branch(shop, "Second", now)

    assert (main.is_main, main.shown_since) == (True, now)
    assert (second.is_main, second.shown_since) == (False, None)
    assert [branch.name for branch in branches.list_shown(shop.id)] == ["Main"]
    assert branches.count_extra(shop.id) == 1
    assert branches.count_extra(shop.id, is_shown_only=True) == 0


def test_paid_branches_are_shown_from_then_on(shop, now):
    make_branch(shop, "Main", now)
    second = make_branch(shop, "Second", now)
    branches.show([second.id], now)
    branches.show([second.id], now + timedelta(days=1))

    assert [branch.shown_since for branch in branches.list_shown(shop.id)] == [now, now]


def test_the_main_branch_stays(shop, now):
    main = make_branch(shop, "Main", now)

    with pytest.raises(MainBranchStays):
        branches.remove(main, now)


def test_removing_twice_is_removing_once(shop, now):
    make_branch(shop, "Main", now)
    second = make_branch(shop, "Second", now)
    branches.remove(second, now)
    branches.remove(second, now + timedelta(days=1))

    assert second.removed_at == now
    with pytest.raises(NotFound):
        branches.get(shop.id, second.public_id)
    with pytest.raises(NotFound):
        branches.make_main(second)


@pytest.mark.parametrize("is_paid", [True, False])
def test_the_included_place_moves_with_the_main_branch(shop, now, is_paid):
    main, second = make_branch(shop, "Main", now), make_branch(shop, "Second", now)
    if is_paid:
        branches.show([second.id], now)
    branches.make_main(second)
    branches.make_main(second)

    shown = [branch.name for branch in branches.list_shown(shop.id)]
    assert shown == (["Second", "Main"] if is_paid else ["Second"])
    assert (second.is_main, main.is_main) == (True, False)


def test_the_same_branch_is_not_added_twice(shop, now):
    make_branch(shop, "Main", now)

    with pytest.raises(SameBranch):
        make_branch(shop, "MAIN", now)
    make_branch(shop, "Main", now, city="Leeds")


def test_half_a_place_is_none(shop, now):
    with pytest.raises(HalfAPlace):
        make_branch(shop, "Main", now, longitude=1)


def test_there_is_a_limit(shop, now, monkeypatch):
    monkeypatch.setattr(branches, "MAX_BRANCHES", 1)
    make_branch(shop, "Main", now)

    with pytest.raises(TooManyBranches):
        make_branch(shop, "Second", now)


def test_anothers_branch_is_not_found(shop, now):
    other = make_branch(make_shop("Other", now), "Main", now)

    with pytest.raises(NotFound):
        branches.get(shop.id, other.public_id)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE branches SET is_main = true, shown_since = created_at",
        "UPDATE branches SET removed_at = created_at",
        "UPDATE branches SET latitude = 91, longitude = 0",
        "UPDATE branches SET latitude = 1, longitude = NULL",
        "UPDATE branches SET name = ''",
    ],
)
def test_the_database_refuses_too(shop, now, change):
    make_branch(shop, "Main", now)
    make_branch(shop, "Second", now)

    with pytest.raises(IntegrityError):
        session.execute(text(change))
