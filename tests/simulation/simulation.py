"""Product and model side by side: each step acts on both and then compares everything there is to see.

Steps take small numbers and words only, so that what failed can be written down and played again (``test_seeds.py``).
A number means one of the things there are, counted around; a step that finds nothing to act on does nothing.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import TypeVar

from hypothesis import currently_in_test_context, note

from tests.simulation import comparison
from tests.simulation.days import next_midnight
from tests.simulation.model import WATCH, Payment, Quote, Session, Shop
from tests.simulation.product import Product

T = TypeVar("T")
CURRENCIES = {"GBP": "Europe/London", "CNY": "Asia/Shanghai", "EUR": "Europe/Paris", "JPY": "Asia/Tokyo"}
LONGEST = timedelta(days=5)
"""Older rates than a week's are not used for quotes, and the simulation lets none be fetched."""
_MARGIN = timedelta(seconds=20)
_WISHES = {
    "at once": {},
    "thrice": {"copies": 3, "gap": 0},
    "late": {"delay": 300},
    "never": {"lose": True},
}
_FACTS: dict[str, dict[str, object]] = {
    "right": {},
    "more": {"amount": 1},
    "less": {"amount": -1},
    "yen": {"currency": "JPY"},
}
_TRUE = {"copies": False, "new ids": True}
_NOT_OURS = ("other_merchant", "other_appid", "unknown_order", "not_paid", "empty")
_MOST_SHOPS = 5
_STATUSES = {"quoted": 303, "opened": 303, "same": 303, "moved": 303, "settled": 303}
_REST = (3660, 3660, 25 * 3600, 120)
"""Seconds after which everything that was asked of the provider has been answered, watched and given up."""


class Simulation:
    """One life of some shops; its methods without underscore are the steps."""

    def __init__(self, product: Product, tally: Counter[str]) -> None:
        self._product, self._tally = product, tally
        self._began = product.now()
        self._shops: dict[str, Shop] = {}
        self._quotes: list[tuple[str, str, Quote]] = []
        self._sessions: dict[str, tuple[Shop, Session]] = {}
        self._is_disturbed = False
        self._count = 0
        self.is_sound = True
        """Whether nothing went wrong so far."""

    @property
    def deaths(self) -> int:
        """How many workers died so far."""
        return self._product.deaths

    def step(self, name: str, *arguments: object) -> None:
        """Take one step; where it fails, Hypothesis shows the steps of the shortest life that does."""
        if currently_in_test_context():
            note(f"    {(name, *arguments)},")
        self.is_sound = False
        getattr(self, name)(*arguments)
        self.is_sound = True

    def register(self, currency: str) -> None:
        """Somebody registers a business that pays in this currency."""
        if len(self._shops) < _MOST_SHOPS:
            zone = CURRENCIES[currency]
            public_id = self._product.register(f"Shop {len(self._shops) + 1}", currency, zone)
            self._shops[public_id] = Shop(currency, zone)

    def add_branch(self, shop: int) -> None:
        """A branch is added; while a payment is under way too."""
        chosen = _one(list(self._shops), shop)
        if chosen and len(self._shops[chosen].branches) < 4:
            self._count += 1
            self._shops[chosen].branches.add(self._product.add_branch(chosen, f"Branch {self._count}"))
        self._look()

    def remove_branch(self, shop: int) -> None:
        """A branch is removed, unless a payment is under way; one that is paid for when the day ends."""
        chosen = _one(list(self._shops), shop)
        if not chosen or not self._shops[chosen].branches:
            return
        books = self._shops[chosen]
        branch = min(books.branches)
        answer = self._product.remove_branch(chosen, branch)
        assert answer.status_code == (409 if books.live else 303), answer.text
        if books.live is None:
            books.remove(branch)
        self._look()

    def quote(self, shop: int, tier: str) -> None:
        """A tier is chosen and its quote is shown."""
        chosen = _one(list(self._shops), shop)
        if not chosen:
            return
        self._let_boundaries_pass()
        books = self._shops[chosen]
        expected = books.choose(tier, self._product.now())
        answer = self._product.owner.post(f"/businesses/{chosen}/plan/quote", tier=tier)
        assert answer.status_code == _STATUSES.get(expected, 409), (expected, answer.status_code, answer.text)
        if expected == "quoted":
            self._note_quote(chosen, answer.headers["Location"], tier)
        self._look()

    def confirm(self, quote: int) -> None:
        """A quote is confirmed, the newest (0) or an older one."""
        if not self._quotes:
            return
        self._let_boundaries_pass()
        key, path, shown = self._quotes[-1 - quote % len(self._quotes)]
        books = self._shops[key]
        expected = books.confirm(shown, self._is_unclear(books), self._product.now())
        answer = self._product.owner.post(f"{path}/confirm")
        assert answer.status_code == _STATUSES.get(expected, 409), (expected, answer.status_code, answer.text)
        if expected == "moved":
            tier = shown.basis.tier if books.is_active else books.tier
            self._note_quote(key, answer.headers["Location"].split("?")[0], tier)
        elif expected == "settled":
            assert answer.headers["Location"].endswith("/plan")
        elif expected == "opened":
            self._note_session(books, answer.headers["Location"])
        elif expected == "same":
            assert self._sessions[answer.headers["Location"].split("/pay/")[1]] == (books, books.live)
        self._look(0)

    def cancel(self, session: int) -> None:
        """The owner cancels a payment; one that has ended stays as it is."""
        self._let_boundaries_pass()
        for public_id, _, found in self._chosen(session):
            answer = self._product.owner.post(f"/pay/{public_id}/cancel")
            assert answer.status_code == (303 if found.is_live or found.state == "cancelled" else 410), answer.text
            if found.is_live:
                found.end("cancelled", self._product.now())
        self._look(session)

    def extend(self, session: int) -> None:
        """The payer asks for more time: once, and not after the end."""
        self._let_boundaries_pass()
        for public_id, _, found in self._chosen(session):
            answer = self._product.owner.post(f"/pay/{public_id}/extend")
            is_long = found.expires_at > found.opened_at + timedelta(minutes=90)
            expected = 410 if found.state != "open" else 409 if is_long else 303
            assert answer.status_code == expected, answer.text
            if expected == 303:
                found.expires_at += timedelta(hours=1)
        self._look(session)

    def pay(self, session: int, told: str, what: str) -> None:
        """Somebody pays: told at once, thrice, late or never; the right sum, a fen more or less, or yen."""
        self._let_boundaries_pass()
        for public_id, shop, found in self._chosen(session):
            if found.payment is None and not self._is_last_chance_gone(found, told):
                self._pay(public_id, shop, found, told, what)
        self._look(session)

    def tell(self, session: int, how: str) -> None:
        """The provider speaks again: true copies of what it said, or somebody forges it."""
        for public_id, _, found in self._chosen(session):
            order = self._order(public_id)
            if how not in _TRUE:
                assert set(self._product.notify(order, how)) <= {204 if how in _NOT_OURS else 401}
            elif found.payment is not None:
                statuses = self._product.notify(order, "ok", copies=3, fresh_ids=_TRUE[how])
                assert statuses == [204] * 3, statuses
                found.payment.was_told = True
        self._look()

    def disturb(self, endpoint: str, mode: str, count: int) -> None:
        """The provider stops answering as it should, for some requests."""
        hold = {"hold": 0.05} if mode.startswith("timeout") else {}
        self._product.sandbox.fault(mode, endpoint, count=count, **hold)
        self._is_disturbed = True
        for _, session in self._sessions.values():
            session.is_undisturbed = False

    def calm(self) -> None:
        """The provider answers again."""
        self._product.sandbox.fault("none")
        self._is_disturbed = False

    def advance(self, minutes: int, seconds: int) -> None:
        """Time passes."""
        step = timedelta(minutes=minutes, seconds=seconds)
        if self._product.now() + step - self._began < LONGEST:
            self._product.advance(step)
        self._look()

    def lose_redis(self) -> None:
        """Redis goes."""
        self._product.lose_redis()

    def find_redis(self) -> None:
        """Redis comes back."""
        self._product.find_redis()

    def doom(self, moment: int) -> None:
        """The next worker dies at its nth commit or call."""
        self._product.doom(moment)

    def rest(self) -> None:
        """Let everything come to its end, and ask the oracle."""
        self.calm()
        self.find_redis()
        for seconds in _REST:
            self._product.advance(timedelta(seconds=seconds))
            self._look()
        for public_id, (_, session) in self._sessions.items():
            if session.payment is not None and session.payment.learned is None:
                assert not session.is_undisturbed, f"nobody learned that {public_id} was paid"
                assert self._product.notify(self._order(public_id), "ok") == [204]
                session.payment.was_told = True
        self._look()
        comparison.last(self._product, self._shops, self._sessions)
        self._count_fates()
        self._product.portal.oracle.ask()

    def _count_fates(self) -> None:
        for _, session in self._sessions.values():
            fate = session.payment.learned if session.payment else session.state
            self._tally[f"sessions {fate}"] += 1
        self._tally["dead workers"] += self.deaths

    def _note_quote(self, key: str, path: str, tier: str) -> None:
        books = self._shops[key]
        shown = books.price(self._product.now(), tier)
        self._quotes.append((key, path, shown))
        comparison.quote(self._product.owner.get(path).text, books, shown)

    def _note_session(self, shop: Shop, location: str) -> None:
        session = shop.sessions[-1]
        session.is_undisturbed = not self._is_disturbed
        self._sessions[location.split("/pay/")[1]] = shop, session

    def _pay(self, public_id: str, shop: Shop, session: Session, told: str, what: str) -> None:
        if not session.is_live:
            self._product.advance(timedelta(seconds=2))  # clearly after its end, as the provider tells whole seconds
        facts = dict(_FACTS[what])
        if "amount" in facts:
            facts["amount"] = shop.asked(session) + int(str(facts["amount"]))
        order = self._order(public_id)
        booked = self._product.pay(order, late=not session.is_live, **_WISHES[told], **facts)
        assert booked or session.state != "open", "the provider does not take the money for a code that is shown"
        if booked:
            paid_at = datetime.fromisoformat(booked["paid_at"])
            was_told = told in ("at once", "thrice")
            session.payment = Payment(booked["amount"], booked["currency"], paid_at, was_told)

    def _is_last_chance_gone(self, session: Session, told: str) -> bool:
        """Whether nobody would ever learn of this payment: it is not told, and its order no longer watched."""
        return told == "never" and self._product.now() > (session.ended_at or session.expires_at) + WATCH / 2

    def _is_unclear(self, shop: Shop) -> bool:
        live = shop.live
        seen = {row.public_id: row for row in self._product.sessions()}
        return any(seen[key].attempt == "unknown" for key, (_, session) in self._sessions.items() if session is live)

    def _order(self, public_id: str) -> str:
        return next(row.order for row in self._product.sessions() if row.public_id == public_id)

    def _chosen(self, number: int) -> list[tuple[str, Shop, Session]]:
        """The session meant by a number, the newest (0) or an older one; none where there is none."""
        chosen = _one(list(reversed(self._sessions)), number)
        return [(chosen, *self._sessions[chosen])] if chosen else []

    def _let_boundaries_pass(self) -> None:
        """Never act within seconds of an instant at which the answer changes: a slow machine must not decide."""
        now = self._product.now()
        moments = [session.expires_at for _, session in self._sessions.values() if session.is_live]
        moments += [session.ended_at + WATCH for _, session in self._sessions.values() if session.ended_at]
        moments += [next_midnight(shop.zone, now) for shop in self._shops.values()]
        if any(now < moment <= now + _MARGIN for moment in moments):
            self._product.advance(2 * _MARGIN)
            self._look()

    def _look(self, touched: int | None = None) -> None:
        """Run to quiet and compare; what was touched is looked at on its page too."""
        self._product.settle()
        comparison.everything(self._product, self._shops, self._sessions)
        if touched is not None:
            for public_id, _, session in self._chosen(touched):
                comparison.page(self._product, public_id, session)


def _one(things: list[str], number: int) -> str | None:
    return things[number % len(things)] if things else None
