"""Searches of the public directory over 100,000 shops and 1,000,000 products: words, mistakes, Chinese, places."""

from urllib.parse import quote

from tests.benchmarks.harness import Bench, at_least
from tests.benchmarks.pages import beside_floor
from tests.benchmarks.place import Place

_WORDS = ("coffee", "bakery york", "golden lantern", "gift voucher", "tea room bath", "espreso", "bycicle repair")
_CHINESE = ("咖啡", "上海 面包", "书店")
_OTHERS = (
    "/directory",
    "/directory?page=7",
    "/directory?category=cafe",
    "/directory?q=cake&category=bakery&page=3",
    "/directory?q=flowers&lat=51.5074&lon=-0.1278",
    "/directory?category=books_stationery&lat=55.9533&lon=-3.1883",
)
_ADDRESSES = [*(f"/directory?q={quote(words)}" for words in (*_WORDS, *_CHINESE)), *_OTHERS]

BENCH: Bench[Place] = Bench(
    name="directory",
    work="directory search",
    unit="requests/s",
    goal=at_least(0.5),
    sides=lambda place: beside_floor(place, _ADDRESSES, is_logged_in=False),
)
