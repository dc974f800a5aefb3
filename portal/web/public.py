"""What anyone may see: the directory's search, the listing of a business, and uploaded pictures.

Only listed businesses are here; what is not listed answers as if it were not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, render_template, request, send_from_directory, url_for
from flask_babel import gettext
from markupsafe import Markup

from portal.directory import branches, products, search, uploads
from portal.kit.errors import N_, NotFound
from portal.kit.pagination import Page, page_number
from portal.web.access import public
from portal.web.forms import choices
from portal.web.forms.public import SearchForm
from portal.web.fragments import kept_html

if TYPE_CHECKING:
    from portal.directory.models import Branch, Business
    from portal.kit.money import Money

bp = Blueprint("public", __name__)
_COMMON_PAGES = 5
"""Pages of a list beyond these are opened by machines, and keeping them would only fill Redis."""


@dataclass(frozen=True, slots=True)
class ShownResult:
    """A business in the results."""

    slug: str
    name: str
    category_name: str
    summary: str
    logo_url: str | None
    distance_m: float | None
    city: str


@dataclass(frozen=True, slots=True)
class ShownBranch:
    """A place on a listing."""

    name: str
    address: str
    city: str
    country_name: str
    phone: str | None
    opening_hours: str | None
    lat: str | None
    lon: str | None
    is_main: bool


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """A product on a listing."""

    name: str
    description: str | None
    price: Money | None
    photo_url: str | None
    attributes: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ShownListing:
    """A business as the public sees it."""

    slug: str
    name: str
    category_name: str
    description: str
    logo_url: str | None
    phone: str | None
    email: str | None
    website: str | None
    branches: Sequence[ShownBranch]


@bp.get("/directory")
@public
def show_directory() -> Any:
    """The search and what it found."""
    form = SearchForm()
    is_valid = form.validate()
    return render_template("web/directory/page.html", form=form, results=_results(form, is_valid)), _status(is_valid)


@bp.get("/directory/_results")
@public
def show_results() -> Any:
    """What the search found, alone."""
    form = SearchForm()
    is_valid = form.validate()
    return _results(form, is_valid), _status(is_valid)


@bp.get("/directory/<slug>")
@public
def show_listing(slug: str) -> str:
    """A listing with its branches and a page of its products."""
    listing = search.get_listed(slug)
    number = page_number(request.args.get("page"))
    content = kept_html(
        "web/directory/_listing.html",
        (str(listing.business.id), str(listing.edition), str(number)),
        lambda: _listing_page(listing, number),
        is_common=number <= _COMMON_PAGES,
    )
    return render_template("web/directory/listing.html", business=listing.business, content=content)


@bp.get("/media/<name>")
@public
def show_media(name: str) -> Response:
    """An uploaded picture; its name tells its content, so it may be kept for good."""
    if not uploads.is_name(name):
        raise NotFound("no_such_picture", N_("There is no such picture."))
    answer = send_from_directory(current_app.config["UPLOADS"], name, mimetype="image/webp")
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def _status(is_valid: bool) -> int:
    return 200 if is_valid else 422


def _results(form: SearchForm, is_valid: bool) -> Markup:
    """Return what was found. Only browsing is worth keeping: hardly two people type the same words."""
    number = page_number(request.args.get("page"))
    is_browsing = is_valid and form.is_browsing()
    parts = (str(search.edition()), form.category.data, str(number), str(bool(request.args))) if is_browsing else ()
    return kept_html(
        "web/directory/_results.html",
        parts,
        lambda: _found(form, number if is_valid else None),
        is_common=is_browsing and number <= _COMMON_PAGES,
    )


def _found(form: SearchForm, number: int | None) -> dict[str, Any]:
    """Search, unless the question is wrong."""
    found: Page[search.Found] = Page([], 1, 0)
    if number is not None:
        found = search.search(text=form.q.data, category=form.category.data, near=form.near(), number=number)
    shown = Page([_result(item) for item in found.items], found.number, found.total, is_capped=found.is_capped)
    asked = form.asked() if number is not None else {}
    return {"results": shown, "page_url": _paged("public.show_directory", **asked), "is_search": bool(request.args)}


def _listing_page(listing: search.Listing, number: int) -> dict[str, Any]:
    business = listing.business
    page = products.list_shown_page(business, number, listing.shown_limit)
    return {
        "business": _listing(business),
        "product_page": Page([_product(item) for item in page.items], page.number, page.total),
        "page_url": _paged("public.show_listing", slug=business.slug),
    }


def _paged(endpoint: str, **values: Any) -> Callable[[int], str]:
    return lambda number: url_for(endpoint, **values, page=number)


def _result(found: search.Found) -> ShownResult:
    business = found.business
    return ShownResult(
        slug=business.slug,
        name=business.name,
        category_name=choices.category_name(business.category),
        summary=business.description,
        logo_url=_media(business.logo),
        distance_m=found.metres,
        city=found.city,
    )


def _listing(business: Business) -> ShownListing:
    return ShownListing(
        slug=business.slug,
        name=business.name,
        category_name=choices.category_name(business.category),
        description=business.description,
        logo_url=_media(business.logo),
        phone=business.phone or None,
        email=business.email or None,
        website=business.website or None,
        branches=[_branch(branch) for branch in branches.list_shown(business.id)],
    )


def _branch(branch: Branch) -> ShownBranch:
    return ShownBranch(
        name=branch.name,
        address=_joined(branch.address_line1, branch.address_line2),
        city=_joined(branch.city, branch.postcode, separator=" "),
        country_name=choices.country_name(branch.country),
        phone=branch.phone or None,
        opening_hours=branch.opening_hours or None,
        lat=None if branch.latitude is None else str(branch.latitude),
        lon=None if branch.longitude is None else str(branch.longitude),
        is_main=branch.is_main,
    )


def _product(listed: products.Listed) -> ShownProduct:
    product = listed.product
    return ShownProduct(
        name=product.name,
        description=product.description or None,
        price=product.price,
        photo_url=_media(listed.thumb),
        attributes=list(_facts(product.attributes.items())),
    )


def _facts(attributes: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, str]]:
    for name, value in attributes:
        yes_or_no = gettext("Yes") if value else gettext("No")
        yield name, yes_or_no if isinstance(value, bool) else str(value)


def _joined(*parts: str, separator: str = ", ") -> str:
    return separator.join(part for part in parts if part)


def _media(name: str | None) -> str | None:
    return f"/media/{name}" if name else None
