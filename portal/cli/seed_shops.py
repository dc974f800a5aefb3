"""Invents the shops of the seeded directory: the same number always gives the same shop.

Plain rows for COPY, in the order of the columns named here; it knows no database.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from portal.cli import seed_words as words

Row = tuple[object, ...]
COLUMNS = {
    "businesses": "id public_id slug name category description email phone website country currency time_zone "
    "created_at",
    "business_entitlements": "business_id is_listed product_limit tier_code changed_at",
    "branches": "id public_id business_id name address_line1 city postcode country latitude longitude phone "
    "opening_hours is_main shown_since created_at",
    "products": "id public_id business_id name description price_amount price_currency attributes position created_at",
}
"""Table → columns, in the order in which the tables are filled."""
PREFIX = "biz_Seed"
_TIERS = (("starter", 10), ("pro", 100), ("enterprise", None))
_HOURS = ("Mon–Sat 9:00–17:30", "Tue–Sun 10:00–18:00", "Daily 8:00–20:00", "Mon–Fri 8:30–16:00\nSat 9:00–13:00")


@dataclass(slots=True)
class Chunk:
    """Rows by table."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in COLUMNS})


def chunk(numbers: range, now: datetime) -> Chunk:
    """Return the rows of the shops of these numbers."""
    made = Chunk()
    for number in numbers:
        _Shop(number, now).fill(made.rows)
    return made


class _Shop:
    """One shop in the making; every choice comes from its number."""

    def __init__(self, number: int, now: datetime) -> None:
        self.dice = Random(f"shop {number}")  # noqa: S311 - believable, not secret
        self.number = number
        self.id = self._uuid()
        self.created_at = now - timedelta(days=self.dice.randrange(1, 700))
        self.town, self.country, self.latitude, self.longitude = self._weighted_town()
        self.is_chinese = self.country in ("CN", "HK")
        self.category = self.dice.choice(list(words.TRADES))

    def fill(self, rows: dict[str, list[Row]]) -> None:
        """Append the rows of the shop, its entitlement, branches and products."""
        limit_of_tier = self.dice.choices(_TIERS, (70, 27, 3))[0]
        rows["businesses"].append(self._business())
        rows["business_entitlements"].append((self.id, True, limit_of_tier[1], limit_of_tier[0], self.created_at))
        rows["branches"].extend(self._branches())
        most = {"starter": 10, "pro": 24, "enterprise": 60}[limit_of_tier[0]]
        rows["products"].extend(self._products(self.dice.randrange(most // 4, most + 1)))

    def _business(self) -> Row:
        name = self._name()
        plain = unicodedata.normalize("NFKD", name.replace("'", "")).encode("ascii", "ignore").decode().lower()
        stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "shop"
        slug = f"{stem}-{self.number}"
        praise = self._pick(words.CHINESE_PRAISE if self.is_chinese else words.PRAISE)
        text = f"{name}，{self.town}。{praise}" if self.is_chinese else f"{name} in {self.town}. {praise}"
        home = (self.country, words.MONEY[self.country], words.ZONES[self.country])
        reach = (f"hello@{slug}.example", self._phone(), f"https://www.{slug}.example")
        return (self.id, self._public("biz_"), slug, name, self.category, text, *reach, *home, self.created_at)

    def _name(self) -> str:
        ends, chinese_end, *_ = words.TRADES[self.category]
        if self.is_chinese:
            return self._pick(words.CHINESE_OWNERS) + chinese_end
        if self.dice.random() < 0.5:
            return f"{self._pick(words.OWNERS)}'s {self._pick(ends)}"
        return f"The {self._pick(words.MANNERS)} {self._pick(ends)}"

    def _branches(self) -> Iterator[Row]:
        for place in range(1 + self.dice.choices((0, 1, 2, 3), (84, 10, 4, 2))[0]):
            street = self._pick(words.CHINESE_STREETS if self.is_chinese else words.STREETS)
            house = self.dice.randrange(1, 240)
            address = f"{street}{house}号" if self.is_chinese else f"{house} {street}"
            degrees = [round(middle + self.dice.gauss(0, 0.03), 6) for middle in (self.latitude, self.longitude)]
            yield (
                self._uuid(), self._public("br_", place), self.id, f"{self.town} {street}" if place else self.town,
                address, self.town, self._postcode(), self.country, *degrees, self._phone(),
                self.dice.choice(_HOURS), place == 0, self.created_at, self.created_at,
            )  # fmt: skip

    def _products(self, count: int) -> Iterator[Row]:
        _, _, goods, chinese_goods = words.TRADES[self.category]
        for place in range(count):
            name, price = self._pick(chinese_goods if self.is_chinese else goods).rsplit(":", 1)
            if not self.is_chinese:
                name = f"{self._pick(words.QUALITIES)} {name[0].lower()}{name[1:]}"
            amount = int(price) * self.dice.randrange(80, 130) // 100 // 10 * 10
            attributes = json.dumps(
                self.dice.choice(({}, {"Gift wrap": True}, {"Made in": self.town}, {"Weight g": 250}))
            )
            yield (
                self._uuid(), self._public("prd_", place), self.id, name, "", amount,
                words.MONEY[self.country], attributes, place, self.created_at,
            )  # fmt: skip

    def _weighted_town(self) -> tuple[str, str, float, float]:
        weights = [8 if place < 3 else 3 if place < 9 else 1 for place in range(len(words.TOWNS))]
        return self.dice.choices(words.TOWNS, weights)[0]

    def _pick(self, choices: str) -> str:
        return self.dice.choice(choices.split("|"))

    def _uuid(self) -> UUID:
        return UUID(int=self.dice.getrandbits(128), version=4)

    def _public(self, prefix: str, place: int = 0) -> str:
        return f"{prefix}Seed{self.number:012d}{place:06d}"

    def _phone(self) -> str:
        return f"+44 20 7946 0{self.dice.randrange(1000):03d}"  # numbers that Ofcom keeps for drama

    def _postcode(self) -> str:
        return "" if self.is_chinese else f"{self.town[:2].upper()}{self.dice.randrange(1, 20)}"
