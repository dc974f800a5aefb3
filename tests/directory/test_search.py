"""Search: listed businesses only, by words, mistakes, Chinese, category and place, in one stable order."""

import pytest
from sqlalchemy import event

from portal.directory import branches, products, search, visibility
from portal.directory.geography import Near
from portal.directory.search import Terms, terms
from portal.kit.db import db as session
from portal.kit.errors import NotFound
from tests.directory.shops import make_branch, make_product, make_shop

LONDON = ("51.507400", "-0.127800")


def found(**asked):
    return [item.business.name for item in search.search(**asked).items]


@pytest.fixture
def street(now):
    lantern = make_shop("The Lantern", now, description="Slow breakfast by the river.")
    make_branch(lantern, "Main", now, LONDON)
    make_product(lantern, "Almond croissant", now)
    make_product(lantern, "Secret menu", now, is_hidden=True)
    wang = make_shop("老王咖啡馆", now, description="手冲咖啡，每日现做。")
    make_branch(wang, "Main", now, ("31.230400", "121.473700"), city="上海")
    olive = make_shop("Olive O’Connor’s Garage", now, category="cars_bikes")
    make_branch(olive, "Main", now, ("53.480800", "-2.242600"), city="Manchester")
    hidden = make_shop("Hidden Lantern", now, is_listed=False)
    make_branch(hidden, "Main", now, LONDON)
    return {"lantern": lantern, "wang": wang, "olive": olive, "hidden": hidden}


@pytest.mark.usefixtures("street")
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("lantern", ["The Lantern"]),
        ("LANTERNS", ["The Lantern"]),
        ("lantren", ["The Lantern"]),
        ("breakfast river", ["The Lantern"]),
        ("croissants", ["The Lantern"]),
        ("croisant", ["The Lantern"]),
        ("cofee", ["The Lantern", "老王咖啡馆"]),
        ("almond croissant london", ["The Lantern"]),
        ("manchester", ["Olive O’Connor’s Garage"]),
        ("manchster", ["Olive O’Connor’s Garage"]),
        ("o'connor's", ["Olive O’Connor’s Garage"]),
        ("oconnors", ["Olive O’Connor’s Garage"]),
        ("咖啡", ["老王咖啡馆", "The Lantern"]),
        ("手冲", ["老王咖啡馆"]),
        ("王", ["老王咖啡馆"]),
        ("王咖啡馆", ["老王咖啡馆"]),
        ("上海 咖啡", ["老王咖啡馆"]),
        ("啡咖", []),
        ("secret menu", []),
        ("zzzzqqq", []),
        ("lantern garage", []),
        ("%", []),
        ("' OR 1=1 --", []),
        ("a & | ! :* <->", []),
        ("\\", []),
        ("🦊", []),
    ],
)
def test_words_find(text, names):
    assert found(text=text) == names


@pytest.mark.usefixtures("street")
def test_everything_listed_is_there_by_name():
    assert found() == ["Olive O’Connor’s Garage", "The Lantern", "老王咖啡馆"]
    assert found(text="   ") == found()


@pytest.mark.usefixtures("street")
def test_a_category_narrows():
    assert found(category="cars_bikes") == ["Olive O’Connor’s Garage"]
    assert found(category="cars_bikes", text="lantern") == []


@pytest.mark.usefixtures("street")
def test_near_a_point():
    page = search.search(near=Near(51.5, -0.12))
    (item,) = page.items

    assert item.business.name == "The Lantern"
    assert item.metres == pytest.approx(985, abs=10)
    assert item.city == "London"
    assert found(near=Near(51.5, -0.12, 900)) == []
    assert found(near=Near(51.5, -0.12, 400_000)) == ["The Lantern", "Olive O’Connor’s Garage"]
    assert found(near=Near(51.5, -0.12, 400_000), text="oconors") == ["Olive O’Connor’s Garage"]


@pytest.mark.parametrize(
    ("branch", "centre"),
    [
        (("10", "179.99"), (10, -179.99)),
        (("10", "-179.99"), (10, 180)),
        (("89.99", "0"), (89.99, 180)),
        (("-90", "7"), (-90, 0)),
    ],
)
def test_near_across_the_edges_of_the_map(now, branch, centre):
    make_branch(make_shop("Edge", now), "Main", now, branch)

    assert found(near=Near(*centre, 5_000)) == ["Edge"]


def test_the_nearest_shown_branch_counts(street, now):
    second = make_branch(street["olive"], "Second", now, LONDON)
    near = Near(51.5074, -0.1278)
    assert found(near=near) == ["The Lantern"]
    branches.show([second.id], now)
    assert sorted(found(near=near)) == ["Olive O’Connor’s Garage", "The Lantern"]
    branches.remove(second, now)
    assert found(near=near) == ["The Lantern"]


def test_what_changes_is_found_anew(street, now):
    lantern = street["lantern"]
    lantern.name = "The Harbour"
    product = make_product(lantern, "Marmalade", now)
    session.flush()
    assert found(text="harbour") == found(text="marmalade") == ["The Harbour"]
    products.set_hidden(product, True, now)
    assert found(text="marmalade") == found(text="lantern") == []
    products.remove(product, now)
    visibility.set_entitlement(street["hidden"].id, is_listed=True, product_limit=1, tier_code="starter", now=now)
    assert found(text="lantern") == ["Hidden Lantern"]


def test_of_what_the_limit_hides_nothing_is_found(street, now):
    lantern = street["lantern"]
    for name in ("Marmalade", "Piccalilli"):
        make_product(lantern, name, now)
    session.refresh(lantern)
    limit = lantern.product_count - 1
    given = {"is_listed": True, "product_limit": limit, "tier_code": "starter", "now": now}
    visibility.set_entitlement(lantern.id, **given, overage_policy=visibility.HIDE)
    assert (found(text="marmalade"), found(text="piccalilli")) == (["The Lantern"], [])
    assert search.get_listed(lantern.slug).shown_limit == limit
    make_product(lantern, "Chutney", now)
    assert found(text="chutney") == []
    visibility.set_entitlement(lantern.id, **given, overage_policy=visibility.GRACE)
    assert found(text="piccalilli") == found(text="chutney") == ["The Lantern"]
    assert search.get_listed(lantern.slug).shown_limit is None


def test_pages_hold_everybody_once(now):
    for number in range(45):
        make_shop("Same Name", now, description=f"number {number}")
    pages = [search.search(text="same name", number=number) for number in (1, 2, 3)]
    seen = [item.business.id for page in pages for item in page.items]

    assert len(seen) == len(set(seen)) == 45
    assert [len(page.items) for page in pages] == [20, 20, 5]
    assert search.search(number=9999).number == 3


def test_counting_stops(now, monkeypatch):
    monkeypatch.setattr(search, "MAX_COUNT", 3)
    for number in range(5):
        make_shop(f"Shop {number}", now)
    page = search.search()

    assert (page.total, page.is_capped) == (3, True)


@pytest.mark.usefixtures("street")
@pytest.mark.parametrize("asked", [{}, {"text": "lantern"}, {"text": "咖啡"}, {"near": Near(51.5, -0.12)}])
def test_a_search_asks_a_fixed_number_of_questions(asked):
    questions = []
    event.listen(session.connection(), "before_cursor_execute", lambda *given: questions.append(given[2]))
    search.search(**asked)

    assert len(questions) <= 5


def test_a_listing_is_there_while_it_is_listed(street, now):
    lantern = street["lantern"]
    assert search.get_listed(lantern.slug).business is lantern
    visibility.set_entitlement(lantern.id, is_listed=False, product_limit=None, tier_code=None, now=now)
    for slug in (lantern.slug, street["hidden"].slug, "nobody"):
        with pytest.raises(NotFound):
            search.get_listed(slug)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("coffee house", Terms(("coffee", "house"), ())),
        ("咖啡馆 tea", Terms(("tea",), ("咖啡", "啡馆"))),
        ("茶", Terms((), ("茶",))),
        ("カフェ東京", Terms((), ("カフ", "フェ", "ェ東", "東京"))),
        ("x" * 200, Terms(("x" * 100,), ())),
        ("", Terms((), ())),
    ],
)
def test_a_typed_text_is_taken_apart(text, expected):
    assert terms(text) == expected
