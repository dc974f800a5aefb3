"""The pages of a business, and every wrong way to fill in their forms."""

import io

import pytest
from PIL import Image
from sqlalchemy import func, select

from portal.directory import businesses
from portal.directory.models import Business
from portal.kit import edge
from portal.kit.db import db as session
from tests.support import shop
from tests.support.pages import log_in
from tests.web.hostile import INERT, NEVER, check_all_refused, check_refused

NEW = {
    "name": "Lantern Coffee", "category": "cafe", "description": "Slow coffee.\nGood cake.", "email": "hi@shop.example",
    "phone": "+44 20 7946 0001", "website": "https://lantern.example/a?b=1", "country": "HK", "currency": "HKD",
    "time_zone": "Asia/Hong_Kong",
}  # fmt: skip
PROFILE = {name: NEW[name] for name in ("name", "category", "description", "email", "phone", "website")}


@pytest.fixture
def owner(client):
    edge.write(lambda: shop.make_owner().id)
    log_in(client, "ann@shop.example")
    return client


@pytest.fixture
def business(owner):
    owner.post("/businesses/new", data=NEW)
    return edge.write(lambda: session.scalars(select(Business)).one().public_id)


def png(size=(60, 40)):
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, "PNG")
    return out.getvalue()


def stored(public_id):
    return edge.write(lambda: businesses.get_by_public_id(public_id))


def test_a_business_is_registered(owner):
    page = owner.get("/businesses/new")
    assert 'value="GBP"' in page.text
    answer = owner.post("/businesses/new", data=NEW)
    found = edge.write(lambda: session.scalars(select(Business)).one())

    assert answer.status_code == 303
    assert answer.location == f"/businesses/{found.public_id}/branches/new"
    assert {name: getattr(found, name) for name in NEW} == NEW
    assert "Lantern Coffee" in owner.get("/businesses").text
    assert owner.get("/business").location == f"/businesses/{found.public_id}/profile"


def test_a_second_click_changes_nothing(owner, business):
    answer = owner.post("/businesses/new", data=NEW)

    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    assert edge.write(lambda: session.scalar(select(func.count()).select_from(Business))) == 1


def test_registering_takes_nothing_wrong(owner):
    check_all_refused(owner, "/businesses/new", NEW)
    wrong = {
        "name": ["", "  ", "x", "\u200b\u200b", "a\nb"], "category": ["", "casino"], "country": ["", "XX", "gb"],
        "email": ["x", "x@", "@y", "a b@c.example", "x@y"], "phone": ["abc", "1", "+" * 9, "٠١٢٣٤٥"],
        "currency": ["", "XAU", "gbp"], "time_zone": ["", "Mars/Olympus", "../../etc/passwd"],
        "website": ["x", "javascript:alert(1)", "ftp://a.example", "https://", "http://a", "https://u:p@a.example",
                    "https://a.example/<", "//a.example", "https://a.example:99999", "https://[", "data:text/html,x"],
    }  # fmt: skip
    for name, values in wrong.items():
        for value in values:
            check_refused(owner, "/businesses/new", NEW, name, value)
    assert edge.write(lambda: session.scalar(select(func.count()).select_from(Business))) == 0


@pytest.mark.parametrize("text", INERT)
def test_strange_texts_do_nothing(owner, business, text):
    address = f"/businesses/{business}/profile"
    assert owner.post(address, data=PROFILE | {"name": text, "description": text}).status_code == 303
    page = owner.get(address)

    assert stored(business).name == text
    assert "<script>alert" not in page.text
    assert ">49<" not in page.text


def test_the_profile_is_changed_and_the_rest_is_not(owner, business):
    before = stored(business)
    answer = owner.post(f"/businesses/{business}/profile", data=PROFILE | {"name": "New Name", "phone": ""})
    after = stored(business)

    assert answer.status_code == 303
    assert (after.name, after.phone, after.slug) == ("New Name", "", before.slug)
    check_all_refused(owner, f"/businesses/{business}/profile", PROFILE)
    assert owner.post(f"/businesses/{business}/profile", data=PROFILE | {"currency": "JPY"}).status_code == 422
    assert stored(business).currency == "HKD"


def test_it_moves_to_another_time_zone(owner, business):
    address = f"/businesses/{business}/time-zone"
    answer = owner.post(address, data={"time_zone": "Europe/Paris"})
    assert (answer.status_code, answer.location) == (303, f"/businesses/{business}/profile")
    assert stored(business).time_zone == "Europe/Paris"
    assert 'selected value="Europe/Paris"' in owner.get(answer.location).text
    check_all_refused(owner, address, {"time_zone": "Europe/London"})
    for wrong in ("", "Mars/Olympus", "europe/paris"):
        check_refused(owner, address, {"time_zone": "Europe/London"}, "time_zone", wrong)
    assert stored(business).time_zone == "Europe/Paris"


def test_a_logo_is_shown_and_removed(owner, business):
    address = f"/businesses/{business}/logo"
    assert owner.post(address, data={"picture": (io.BytesIO(png()), "a.png")}).status_code == 303
    logo = stored(business).logo
    assert f"/media/{logo}" in owner.get(f"/businesses/{business}/profile").text
    shown = owner.get(f"/media/{logo}")

    assert (shown.status_code, shown.content_type) == (200, "image/webp")
    assert "immutable" in shown.headers["Cache-Control"]
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    for _ in range(2):
        assert owner.post(f"{address}/remove").status_code == 303
    assert stored(business).logo is None


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"picture": "text"},
        {"picture": (io.BytesIO(b""), "")},
        {"picture": (io.BytesIO(b"<svg/>"), "a.png")},
        {"picture": (io.BytesIO(b"x" * (5 * 1024 * 1024 + 1)), "a.png")},
        {"picture": [(io.BytesIO(png()), "a.png"), (io.BytesIO(png()), "b.png")]},
        {"picture": (io.BytesIO(png()), "a.png"), "logo": "x.webp"},
        {"picture": (io.BytesIO(png()), "a.png"), "other": (io.BytesIO(png()), "b.png")},
    ],
)
def test_other_files_are_refused(owner, business, data):
    answer = owner.post(f"/businesses/{business}/logo", data=data, content_type="multipart/form-data")

    assert answer.status_code == 422
    assert "form-errors" in answer.text
    assert stored(business).logo is None


def test_a_body_too_large_is_refused(owner, business):
    data = {"picture": (io.BytesIO(b"x" * (7 * 1024 * 1024)), "a.png")}

    assert owner.post(f"/businesses/{business}/logo", data=data).status_code == 413


def test_a_file_in_a_text_field_is_refused(owner):
    data = NEW | {"name": (io.BytesIO(b"x"), "a.txt")}
    answer = owner.post("/businesses/new", data=data, content_type="multipart/form-data")

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "name", ["x.webp", "..%2f..%2fetc%2fpasswd", "a" * 40 + ".webp", "a" * 40 + ".svg", *NEVER[:2]]
)
def test_no_other_file_is_shown(client, name):
    assert client.get(f"/media/{name}").status_code == 404
