"""The directory as everybody sees it: search, listings, and nothing that is not listed."""

import pytest

from portal.directory import visibility
from portal.kit import edge
from portal.kit.money import Money
from tests.directory.shops import make_branch, make_product, make_shop


@pytest.fixture
def street(app):
    """A listed and an unlisted shop."""

    def build():
        now = edge.now()
        lantern = make_shop("Lantern <b>Coffee</b>", now, description="Slow breakfast.", phone="+44 20 7946 0001")
        make_branch(lantern, "High Street", now, ("51.507400", "-0.127800"))
        make_branch(lantern, "Unpaid", now)
        make_product(lantern, "Flat white", now, price=Money(340, "GBP"), attributes={"Vegan": True, "ml": 250})
        make_product(lantern, "Secret", now, is_hidden=True)
        wang = make_shop("老王咖啡馆", now)
        make_branch(wang, "上海", now, city="上海")
        hidden = make_shop("Hidden", now, is_listed=False)
        return lantern.slug, hidden.slug, lantern.id

    return edge.write(build)


@pytest.mark.usefixtures("street")
def test_the_directory_shows_what_is_listed(client):
    page = client.get("/directory")

    assert page.status_code == 200
    assert "Lantern &lt;b&gt;Coffee" in page.text
    assert "2 listings" in page.text
    assert "Hidden" not in page.text.replace('type="hidden"', "")


@pytest.mark.usefixtures("street")
@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("q=lantren", True),
        ("q=%E5%92%96%E5%95%A1", True),
        ("q=garage", False),
        ("category=cafe", True),
        ("category=bar", False),
        ("lat=51.5&lon=-0.12", True),
        ("lat=51.5", True),
        ("lat=0&lon=0", False),
        ("q=lantern&utm_source=x&page=7", True),
    ],
)
@pytest.mark.parametrize("address", ["/directory", "/directory/_results"])
def test_it_is_searched(client, address, query, is_found):
    page = client.get(f"{address}?{query}")

    assert page.status_code == 200
    assert ("Lantern" in page.text) is is_found
    assert ("<html" in page.text) is (address == "/directory")


@pytest.mark.usefixtures("street")
@pytest.mark.parametrize(
    "query",
    [
        "q=%00", "q=%E2%80%AEx", "q=" + "x" * 101, "q=a&q=b", "category=casino", "lat=91&lon=0", "lat=x&lon=0",
        "lat=NaN&lon=NaN", "lat=1e3&lon=0", "lat=0&lon=181", "lat=0&lat=1&lon=0",
    ],
)  # fmt: skip
def test_wrong_questions_are_refused(client, query):
    for address in ("/directory", "/directory/_results"):
        assert client.get(f"{address}?{query}").status_code == 422
    assert "form-errors" in client.get(f"/directory?{query}").text


@pytest.mark.parametrize(
    "query", ["q='%20OR%201=1--", "q=%25", "q=<script>alert(1)</script>", "q=%FF%FE", "page=-5", "q[]=a"]
)
def test_strange_questions_are_answered(client, query):
    page = client.get(f"/directory?{query}")

    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_a_listing_shows_what_is_shown(client, street):
    page = client.get(f"/directory/{street[0]}").text

    for text in (
        "Lantern &lt;b&gt;Coffee",
        "Slow breakfast.",
        "Flat white",
        "£3.40",
        "Vegan",
        "Yes",
        "250",
        "High Street",
    ):
        assert text in page
    assert "Café" in page
    assert "Secret" not in page
    assert "Unpaid" not in page


def test_what_is_not_listed_is_not_there(client, street):
    listed, unlisted, business_id = street
    assert client.get(f"/directory/{unlisted}").status_code == 404
    assert client.get("/directory/nobody").status_code == 404
    now = edge.now()
    edge.write(
        lambda: visibility.set_entitlement(business_id, is_listed=False, product_limit=None, tier_code=None, now=now)
    )
    assert client.get(f"/directory/{listed}").status_code == 404


def test_many_products_have_pages(client, street):
    def build():
        shop = make_shop("Big", edge.now())
        for number in range(25):
            make_product(shop, f"Item {number:02}", edge.now())
        return shop.slug

    slug = edge.write(build)
    assert "Item 24" not in client.get(f"/directory/{slug}").text
    assert "Item 24" in client.get(f"/directory/{slug}?page=2").text
    assert client.get(f"/directory/{slug}?page=999").status_code == 200


@pytest.mark.usefixtures("street")
def test_it_reads_in_chinese(client):
    page = client.get("/directory", headers={"Accept-Language": "zh-CN"})

    assert page.status_code == 200
    assert 'lang="zh-Hans"' in page.text
