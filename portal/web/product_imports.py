"""Importing a file of products: hand it in, watch it, cancel it, read what is wrong with it by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from portal.directory import import_files, product_import
from portal.directory.errors import ImportRunning
from portal.kit import edge
from portal.kit.errors import Invalid
from portal.kit.pagination import Page, page_number
from portal.kit.rate_limit import limiter
from portal.web import csv_file
from portal.web.access import requires, writes_once
from portal.web.forms.products import ImportForm

if TYPE_CHECKING:
    from portal.directory.models import Business, ProductImport

bp = Blueprint("product_imports", __name__)
_EXAMPLE = ["Flat white", "With oat milk", "3.40", "1", "no", "250 ml"]


@bp.get("/businesses/<business>/products/import")
@requires("products:edit")
def show_form(business: Business) -> str:
    """Where to hand a file in, and the last one."""
    return _form_page(business, ImportForm(formdata=None))


@bp.post("/businesses/<business>/products/import")
@limiter.limit("20 per minute")
@requires("products:edit")
@writes_once
def start(business: Business) -> Any:
    """Take a file in; checking and entering goes on in the background."""
    form = ImportForm()
    try:
        if form.validate():
            begun = product_import.start(business, form.file_name(), form.file.content(), edge.now())
            return redirect(_address(business, begun), 303)
    except (Invalid, ImportRunning) as refused:
        form.refuse(refused)
    return _form_page(business, form), 422


@bp.get("/businesses/<business>/products/import/template.csv")
@requires("products:edit")
def download_template(business: Business) -> Response:
    """A file to fill in; the last column stands for any attribute."""
    header = ["name", "description", "price", "position", "hidden", gettext("Size")]
    return csv_file.answer("products.csv", header, [_EXAMPLE])


@bp.get("/businesses/<business>/products/imports/<product_import_id>")
@requires("products:edit")
def show(business: Business, product_import_id: str) -> str:
    """How far an import is, and what is wrong with its file."""
    found = product_import.get(business.id, product_import_id)
    page = product_import.list_problems_page(found, page_number(request.args.get("page")))
    address = _address(business, found)
    return render_template(
        "web/products/import_state.html",
        **_state(business, found),
        problems=Page([(row, gettext(row.message) % row.params) for row in page.items], page.number, page.total),
        page_url=lambda number: f"{address}?page={number}",
    )


@bp.get("/businesses/<business>/products/imports/<product_import_id>/_progress")
@requires("products:edit")
def show_progress(business: Business, product_import_id: str) -> str:
    """The bar alone; it asks for itself until the import has ended."""
    found = product_import.get(business.id, product_import_id)
    return render_template("web/products/_import_progress.html", **_state(business, found))


@bp.post("/businesses/<business>/products/imports/<product_import_id>/cancel")
@requires("products:edit")
@writes_once
def cancel(business: Business, product_import_id: str) -> Any:
    """Stop an import; nothing of it is entered."""
    found = product_import.get(business.id, product_import_id)
    product_import.cancel(found, edge.now())
    flash(gettext("The import is cancelled. Nothing was entered."), "success")
    return redirect(_address(business, found), 303)


@bp.get("/businesses/<business>/products/imports/<product_import_id>/errors.csv")
@requires("products:edit")
def download_errors(business: Business, product_import_id: str) -> Response:
    """What is wrong, to mend the file by."""
    found = product_import.get(business.id, product_import_id)
    header = [gettext("Line"), gettext("Column"), gettext("What is wrong"), gettext("Value")]
    rows = [
        [str(row.line), row.column_name, gettext(row.message) % row.params, row.value]
        for row in product_import.list_problems(found)
    ]
    return csv_file.answer("import-errors.csv", header, rows)


def _address(business: Business, found: ProductImport) -> str:
    return url_for(".show", business=business.public_id, product_import_id=found.public_id)


def _state(business: Business, found: ProductImport) -> dict[str, Any]:
    return {"business": business, "found": found, "address": _address(business, found)}


def _form_page(business: Business, form: ImportForm) -> str:
    newest = product_import.find_newest(business.id)
    return render_template(
        "web/products/import.html",
        business=business,
        form=form,
        newest=newest,
        newest_address=_address(business, newest) if newest else None,
        max_rows=import_files.MAX_ROWS,
    )
