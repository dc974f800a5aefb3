"""What a person was told of their businesses, newest first; opening a notice marks it as read and leads to its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext

from portal.identity import permissions
from portal.identity.queries import list_memberships
from portal.kit import edge, sent_fields
from portal.notifications import in_app, kinds
from portal.notifications.words import Words, words
from portal.web.access import USE_ACCOUNT, person, requires, writes
from portal.web.language import language

if TYPE_CHECKING:
    from uuid import UUID

    from portal.identity.models import TeamMember

bp = Blueprint("notices", __name__, url_prefix="/notices")


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notice of the list."""

    public_id: str
    business_name: str
    created_at: datetime
    is_read: bool
    words: Words

    @property
    def figures(self) -> list[tuple[str, str]]:
        """What it says in figures, without the business, which stands above it."""
        return [(term, value) for term, value in self.words.rows if value != self.business_name]


@bp.get("")
@requires(USE_ACCOUNT)
def show() -> str:
    """Show a part of the list."""
    after = request.args.get("after")
    found = in_app.list_notices(person().id, after)
    roles: dict[UUID | None, TeamMember] = {one.business_id: one for one in list_memberships(person().id)}
    shown = [
        ShownNotice(
            notice.public_id,
            notice.facts["business_name"],
            notice.created_at,
            notice.read_at is not None,
            words(notice.kind, notice.facts, language(), partial(_may, roles.get(notice.business_id))),
        )
        for notice in found.items
    ]
    return render_template("web/notices/page.html", notices=shown, older=found.older, is_newest=after is None)


def _may(member: TeamMember | None, right: str) -> bool:
    return member is not None and permissions.can(member.role, member.may_spend, right)


@bp.post("/<notice>/open")
@requires(USE_ACCOUNT)
@writes
def open_one(notice: str) -> Any:
    """Mark a notice as read and lead to what it is about."""
    found = in_app.read(person().id, notice, edge.now())
    return redirect(kinds.path_of(found.kind, found.facts), 303)


@bp.post("/read")
@requires(USE_ACCOUNT)
@writes
def read_all() -> Any:
    """Mark everything as read that the list showed or has further down."""
    in_app.read_all(person().id, sent_fields.one("newest"), edge.now())
    flash(gettext("All notices are marked as read."), "success")
    return redirect("/notices", 303)
