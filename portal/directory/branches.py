"""Branches: exactly one main branch a business, which is replaced and never removed; others wait until paid for.

What a branch costs and when it is settled is billing's; it tells here which branches are paid (``show``).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select, update

from portal.directory import queries
from portal.directory.errors import HalfAPlace, MainBranchStays, NoSuchChoice, SameBranch, TooManyBranches
from portal.directory.models import Branch
from portal.directory.places import COUNTRIES
from portal.kit import ids
from portal.kit.db import FRESH, db, table_of
from portal.kit.errors import NotFound

MAX_BRANCHES = 200


class BranchDetails(TypedDict):
    """What a vendor says of a branch; texts are clean, absent ones empty; degrees have six decimals."""

    name: str
    address_line1: str
    address_line2: str
    city: str
    postcode: str
    country: str
    latitude: Decimal | None
    longitude: Decimal | None
    phone: str
    opening_hours: str


def add(business_id: UUID, *, now: datetime, is_proposed: bool = False, **details: Unpack[BranchDetails]) -> Branch:
    """Add a branch: the first is the main one and shown with the listing, further ones wait until paid for.

    :param is_proposed: somebody who may spend has to agree first.
    :raises NoSuchChoice, HalfAPlace: details that do not hold.
    :raises SameBranch: it is there already.
    :raises TooManyBranches: more than ``MAX_BRANCHES``.
    """
    _check(details)
    queries.lock_business(business_id)
    live = list_live(business_id)
    _refuse_same(details, live)
    if len(live) >= MAX_BRANCHES:
        raise TooManyBranches(MAX_BRANCHES)
    branch = Branch(
        public_id=ids.public_id("br"),
        business_id=business_id,
        is_main=not live,
        is_proposed=is_proposed and bool(live),
        shown_since=None if live else now,
        created_at=now,
        **details,
    )
    db.add(branch)
    db.flush()
    return branch


def change(branch: Branch, **details: Unpack[BranchDetails]) -> None:
    """Replace what is said of a branch; raises as ``add`` does."""
    _check(details)
    queries.lock_business(branch.business_id)
    _refuse_same(details, [other for other in list_live(branch.business_id) if other.id != branch.id])
    for name, value in details.items():
        setattr(branch, name, value)
    db.flush()


def make_main(branch: Branch) -> Branch:
    """Put this branch in the main one's place, where it stays; return the former main branch. The place included in the
    tier moves with it: a branch that waited for its payment is shown now, and the former one waits in its stead."""
    queries.lock_business(branch.business_id)
    former = _main_of(branch.business_id)
    db.refresh(branch)
    if former.id == branch.id:
        return former
    if branch.removed_at is not None:
        raise NotFound
    since = branch.shown_since
    branch.shown_since, branch.leaving_since = since or former.shown_since, None
    former.is_main, former.shown_since = False, former.shown_since if since else None
    former.is_proposed, branch.is_proposed = branch.is_proposed, False
    db.flush()
    branch.is_main = True
    db.flush()
    return former


def remove(branch: Branch, now: datetime) -> None:
    """Take a branch out of the listing; a second click changes nothing more.

    :raises MainBranchStays: it is the main branch.
    """
    queries.lock_business(branch.business_id)
    db.refresh(branch)
    if branch.is_main:
        raise MainBranchStays
    branch.removed_at = branch.removed_at or now
    db.flush()


def leave(branch: Branch, now: datetime) -> None:
    """Have a shown branch go once that is settled. Only billing calls this.

    :raises MainBranchStays: it is the main branch.
    """
    queries.lock_business(branch.business_id)
    db.refresh(branch)
    if branch.is_main:
        raise MainBranchStays
    branch.leaving_since = branch.leaving_since or now
    db.flush()


def stay(branch: Branch) -> None:
    """Have a branch stay that was to go."""
    queries.lock_business(branch.business_id)
    db.refresh(branch)
    branch.leaving_since = None
    db.flush()


def agree(branch: Branch) -> None:
    """Have a proposed branch be one that is to be paid for."""
    queries.lock_business(branch.business_id)
    db.refresh(branch)
    branch.is_proposed = False
    db.flush()


def remove_all(branch_ids: Iterable[UUID], now: datetime) -> None:
    """Take branches out of the listing that are not the main one. Only billing calls this."""
    there = (Branch.id.in_(list(branch_ids)), Branch.removed_at.is_(None), Branch.is_main.is_(False))
    db.execute(update(Branch).where(*there).values(removed_at=now, leaving_since=None))


def remove_leaving(business_id: UUID, now: datetime) -> int:
    """Take out all branches of a business that are to go; return how many. Only billing calls this."""
    leaving = [branch.id for branch in list_unsettled(business_id) if branch.leaving_since is not None]
    remove_all(leaving, now)
    return len(leaving)


def show(branch_ids: Iterable[UUID], now: datetime) -> None:
    """Show branches that were paid for; those shown already keep their time. Only billing calls this."""
    wanted = list(branch_ids)
    if wanted:
        hidden = (Branch.id.in_(wanted), Branch.shown_since.is_(None))
        db.execute(update(Branch).where(*hidden).values(shown_since=now, is_proposed=False))


def get(business_id: UUID, public_id: str) -> Branch:
    """Return a live branch of this business.

    :raises NotFound: there is none.
    """
    query = select(Branch).where(Branch.business_id == business_id, Branch.public_id == public_id)
    branch = db.scalars(query.where(Branch.removed_at.is_(None))).one_or_none()
    if branch is None:
        raise NotFound
    return branch


_LIVE = (
    select(Branch)
    .where(Branch.business_id == bindparam("business_id"), Branch.removed_at.is_(None))
    .order_by(Branch.is_main.desc(), Branch.id)
)

_BRANCH = table_of(Branch).c
UNSETTLED = and_(
    _BRANCH.is_main.is_(False),
    or_(_BRANCH.leaving_since.is_not(None), and_(_BRANCH.shown_since.is_(None), ~_BRANCH.is_proposed)),
)
"""Whether a live branch waits to be paid for, or to go."""
_EXTRA = select(_BRANCH.id).where(
    _BRANCH.business_id == bindparam("business_id"),
    _BRANCH.removed_at.is_(None),
    _BRANCH.is_main.is_(False),
    _BRANCH.is_proposed.is_(False),
)


def list_live(business_id: UUID) -> Sequence[Branch]:
    """Return the branches that are not removed, the main one first."""
    return db.scalars(_LIVE, {"business_id": business_id}, execution_options=FRESH).all()


def list_shown(business_id: UUID) -> Sequence[Branch]:
    """Return the branches that the public may see, the main one first."""
    return [branch for branch in list_live(business_id) if branch.shown_since is not None]


def list_unsettled(business_id: UUID) -> Sequence[Branch]:
    """Return the branches beyond the main one that wait to be paid for, and those that wait to go."""
    return db.scalars(_LIVE.where(UNSETTLED), {"business_id": business_id}, execution_options=FRESH).all()


def list_extra(business_id: UUID) -> Sequence[UUID]:
    """Return the keys of the live branches beyond the main one that are paid for or are to be: nobody has to agree."""
    return db.scalars(_EXTRA, {"business_id": business_id}).all()


def count_extra(business_id: UUID, *, is_shown_only: bool = False) -> int:
    """Count what ``list_extra`` lists, with or without those that still wait for their payment."""
    query = select(func.count()).where(Branch.business_id == business_id, Branch.removed_at.is_(None))
    query = query.where(Branch.is_main.is_(False), Branch.is_proposed.is_(False))
    if is_shown_only:
        query = query.where(Branch.shown_since.is_not(None))
    return db.scalars(query).one()


def _main_of(business_id: UUID) -> Branch:
    query = select(Branch).where(Branch.business_id == business_id, Branch.is_main)
    return db.scalars(query.execution_options(**FRESH)).one()


def _check(details: BranchDetails) -> None:
    if details["country"] not in COUNTRIES:
        raise NoSuchChoice("country")
    if (details["latitude"] is None) != (details["longitude"] is None):
        raise HalfAPlace


def _refuse_same(details: BranchDetails, others: Iterable[Branch]) -> None:
    wanted = _key(details["name"], details["address_line1"], details["city"], details["postcode"])
    if any(wanted == _key(other.name, other.address_line1, other.city, other.postcode) for other in others):
        raise SameBranch


def _key(*parts: str) -> tuple[str, ...]:
    return tuple(part.casefold() for part in parts)
