"""The catalogue of a business: list, enter, edit, hide, delete products, and their photos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from portal.directory import products, uploads, visibility
from portal.kit import edge
from portal.kit.errors import Invalid
from portal.kit.pagination import page_number
from portal.kit.rate_limit import limiter
from portal.kit.typed import Refused, line
from portal.web.access import requires, writes, writes_once
from portal.web.forms.products import PhotoForm, ProductForm
from portal.web.product_limits import shown_overage

if TYPE_CHECKING:
    from uuid import UUID

    from portal.directory.models import Business, Entitlement, Product

bp = Blueprint("products", __name__)
_MAX_SEARCH = 100


@bp.get("/products")
@requires("business:view")
def show_current(business: Business) -> Any:
    """The catalogue of the business last opened, at its own address."""
    return redirect(_address(business))


@bp.get("/businesses/<business>/products")
@requires("business:view")
def show(business: Business) -> str:
    """A page of the catalogue, or of what a search in it finds."""
    asked = _asked()
    page = products.list_page(business, page_number(request.args.get("page")), asked)
    entitlement = visibility.find_entitlement(business.id)
    overage = shown_overage(business, edge.now())
    return render_template(
        "web/products/list.html",
        business=business,
        page=page,
        asked=asked,
        page_url=lambda number: url_for(".show", business=business.public_id, q=asked or None, page=number),
        product_limit=entitlement.product_limit if entitlement else None,
        is_entitled=entitlement is not None,
        overage=overage,
        newest_shown=_newest_shown(business, entitlement),
    )


def _newest_shown(business: Business, entitlement: Entitlement | None) -> UUID | None:
    """Return the newest product that the public sees, where the limit hides any."""
    if entitlement is None or entitlement.overage_policy != visibility.HIDE or entitlement.product_limit is None:
        return None
    return products.newest_shown(business.id, entitlement.product_limit)


@bp.get("/businesses/<business>/products/new")
@requires("products:edit")
def show_new(business: Business) -> str:
    """The form of a new product."""
    return _form_page(business, None, ProductForm(business.currency))


@bp.post("/businesses/<business>/products/new")
@requires("products:edit")
@writes_once
def add(business: Business) -> Any:
    """Enter a product and go on to its photos."""
    form = ProductForm(business.currency)
    if "add_row" in request.form:
        return _form_page(business, None, form)
    if not form.validate():
        return _form_page(business, None, form), 422
    product = products.add(business.id, now=edge.now(), **form.details())
    flash(gettext("%(name)s is in your catalogue. You can add photos now.", name=product.name), "success")
    return redirect(f"{_address(business)}/{product.public_id}", 303)


@bp.post("/businesses/<business>/products/new/_attributes")
@requires("products:edit")
def show_more_rows(business: Business) -> str:
    """The attributes as typed so far, with more empty rows."""
    return render_template("web/products/_attributes.html", business=business, form=ProductForm(business.currency))


@bp.get("/businesses/<business>/products/<product>")
@requires("products:edit")
def show_one(business: Business, product: str) -> str:
    """The form of a product, and its photos."""
    found = products.get(business.id, product)
    return _form_page(business, found, ProductForm(business.currency, found))


@bp.post("/businesses/<business>/products/<product>")
@requires("products:edit")
@writes
def change(business: Business, product: str) -> Any:
    """Replace what is said of a product."""
    found = products.get(business.id, product)
    form = ProductForm(business.currency, found)
    if "add_row" in request.form:
        return _form_page(business, found, form)
    if not form.validate():
        return _form_page(business, found, form), 422
    products.change(found, now=edge.now(), **form.details())
    flash(gettext("%(name)s is saved.", name=found.name), "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/products/<product>/hide")
@requires("products:edit")
@writes
def hide(business: Business, product: str) -> Any:
    """Hide a product from the listing."""
    found = products.get(business.id, product)
    products.set_hidden(found, True, edge.now())
    flash(gettext("%(name)s is hidden.", name=found.name), "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/products/<product>/unhide")
@requires("products:edit")
@writes
def unhide(business: Business, product: str) -> Any:
    """Show a product in the listing again."""
    found = products.get(business.id, product)
    products.set_hidden(found, False, edge.now())
    flash(gettext("%(name)s is shown.", name=found.name), "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/products/<product>/remove")
@requires("products:edit")
@writes_once
def remove(business: Business, product: str) -> Any:
    """Delete a product with its photos."""
    found = products.get(business.id, product)
    products.remove(found, edge.now())
    flash(gettext("%(name)s is deleted.", name=found.name), "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/products/<product>/photos")
@limiter.limit("60 per minute")
@requires("products:edit")
@writes_once
def add_photo(business: Business, product: str) -> Any:
    """Add a photo."""
    found, form = products.get(business.id, product, is_locked=True), PhotoForm()
    try:
        if form.validate():
            products.add_photo(found, uploads.store_photo(form.picture.content(), current_app.config["UPLOADS"]))
            flash(gettext("The photo is added."), "success")
            return redirect(f"{_address(business)}/{found.public_id}", 303)
    except Invalid as refused:
        form.refuse(refused)
    return _form_page(business, found, ProductForm(business.currency, found, formdata=None), form), 422


@bp.post("/businesses/<business>/products/<product>/photos/<int:position>/remove")
@requires("products:edit")
@writes
def remove_photo(business: Business, product: str, position: int) -> Any:
    """Take a photo away."""
    found = products.get(business.id, product, is_locked=True)
    products.remove_photo(found, min(position, products.MAX_PHOTOS + 1))
    flash(gettext("The photo is removed."), "success")
    return redirect(f"{_address(business)}/{found.public_id}", 303)


def _asked() -> str:
    """Return the words searched for; what no name can hold finds nothing anyway and is left out."""
    try:
        return line(request.args.get("q", ""), _MAX_SEARCH)
    except Refused:
        return ""


def _address(business: Business) -> str:
    return f"/businesses/{business.public_id}/products"


def _form_page(
    business: Business, product: Product | None, form: ProductForm, photo_form: PhotoForm | None = None
) -> str:
    return render_template(
        "web/products/edit.html",
        business=business,
        product=product,
        form=form,
        photo_form=photo_form or PhotoForm(formdata=None),
        photos=products.list_photos(product.id) if product else [],
        max_photos=products.MAX_PHOTOS,
    )
