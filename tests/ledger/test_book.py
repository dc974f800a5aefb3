"""The book defends itself: it balances, it is only added to, and what is owed to somebody never falls below zero."""

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal.insights import invariants
from portal.kit import edge
from portal.kit.db import db
from portal.kit.money import Money
from portal.ledger import balances, recipes
from portal.ledger.chart import EXCHANGE, HELD, RECEIVABLE, REVENUE, Account, account_ids, clearing, credit_of
from portal.ledger.posting import Move, Posting, post
from portal.ledger.recipes import Received
from tests.support.races import at_once
from tests.support.statements import counted

GBP = "GBP"
_POSTING = text("INSERT INTO ledger_postings (id, reference, recipe, occurred_at) VALUES (:id, :id, 'test', now())")
_ENTRY = text(
    "INSERT INTO ledger_entries (posting_id, account_id, currency, amount) "
    "VALUES (:posting, :account, :currency, :amount)"
)
_SPEAK = text("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def id_of(account: Account, currency: str) -> UUID:
    return account_ids([(account, currency)])[account, currency]


def write(*amounts: int) -> None:
    """Write a posting of one entry for each amount, by hand, past the recipes."""
    posting = uuid4()
    db.execute(_POSTING, {"id": posting})
    account = id_of(Account(REVENUE), GBP)
    for amount in amounts:
        db.execute(_ENTRY, {"posting": posting, "account": account, "currency": GBP, "amount": amount})
    db.execute(_SPEAK)


def pays(amount: int) -> Received:
    """A payment of so many pence that pays nothing beside its invoice."""
    return Received(Money(amount, GBP), Money(0, GBP), uuid4())


def earn_credit(customer: UUID, amount: int) -> None:
    recipes.payment_credited(uuid4(), "wechat_pay", Money(amount, GBP), customer, Money(amount, GBP), edge.now())


@pytest.mark.usefixtures("db")
class TestRefusals:
    """What the database says no to, whoever asks."""

    @pytest.mark.parametrize("amounts", [(5, -4), (5, 5), (-1, -1), (3, -1, -1)])
    def test_a_posting_that_does_not_balance(self, amounts: tuple[int, ...]) -> None:
        with pytest.raises(IntegrityError, match="does not balance"):
            write(*amounts)

    @pytest.mark.parametrize("amounts", [(), (5,)])
    def test_a_posting_of_less_than_two_entries(self, amounts: tuple[int, ...]) -> None:
        with pytest.raises(IntegrityError, match=r"fewer than two entries|does not balance"):
            write(*amounts)

    def test_an_entry_of_nothing(self) -> None:
        with pytest.raises(IntegrityError, match="amount"):
            write(0, 0)

    def test_an_entry_in_another_currency_than_its_account(self) -> None:
        posting = uuid4()
        db.execute(_POSTING, {"id": posting})
        account = id_of(Account(REVENUE), GBP)
        with pytest.raises(IntegrityError, match="foreign key"):
            db.execute(_ENTRY, {"posting": posting, "account": account, "currency": "CNY", "amount": 1})

    def test_a_posting_that_balances_only_over_two_currencies(self) -> None:
        posting = uuid4()
        db.execute(_POSTING, {"id": posting})
        for currency, amount in ((GBP, 5), ("CNY", -5)):
            account = id_of(Account(EXCHANGE), currency)
            db.execute(_ENTRY, {"posting": posting, "account": account, "currency": currency, "amount": amount})
        with pytest.raises(IntegrityError, match="does not balance"):
            db.execute(_SPEAK)

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE ledger_entries SET amount = amount + 1",
            "UPDATE ledger_postings SET reference = 'x'",
            "DELETE FROM ledger_entries",
            "DELETE FROM ledger_postings",
            "TRUNCATE ledger_entries",
            "TRUNCATE ledger_postings CASCADE",
        ],
    )
    def test_changing_what_is_written(self, change: str) -> None:
        recipes.invoice_issued(uuid4(), Money(500, GBP), Money(0, GBP), edge.now())
        db.execute(_SPEAK)
        with pytest.raises(DBAPIError, match="append-only"):
            db.execute(text(change))

    def test_using_more_credit_than_there_is(self) -> None:
        customer = uuid4()
        earn_credit(customer, 300)
        with pytest.raises(IntegrityError, match="guard_check"):
            recipes.credit_used(uuid4(), customer, Money(301, GBP), edge.now())

    def test_paying_more_than_was_carried(self) -> None:
        customer = uuid4()
        recipes.carried(uuid4(), customer, Money(12, GBP), edge.now())
        earn_credit(customer, 100)
        with pytest.raises(IntegrityError, match="guard_check"):
            recipes.carried_paid(uuid4(), customer, Money(13, GBP), edge.now())


@pytest.mark.usefixtures("db")
class TestRecipes:
    """What can happen to money."""

    def test_a_reference_is_posted_once(self) -> None:
        attempt = uuid4()
        told = [
            recipes.payment_received(attempt, "wechat_pay", Money(4500, "CNY"), pays(500), edge.now()),
            recipes.payment_received(attempt, "wechat_pay", Money(4500, "CNY"), pays(500), edge.now()),
            recipes.payment_held(attempt, "wechat_pay", Money(4500, "CNY"), edge.now()),
        ]
        assert told == [True, False, False]
        assert balances.balance(clearing("wechat_pay"), "CNY") == Money(4500, "CNY")
        assert balances.balance(Account(HELD), "CNY") == Money(0, "CNY")

    def test_what_was_carried_is_owed_until_it_is_paid_or_written_off(self) -> None:
        customer, other = uuid4(), uuid4()
        for one in (customer, other):
            recipes.carried(uuid4(), one, Money(12, GBP), edge.now())
            assert balances.of_customer(one, GBP) == (Money(12, GBP), Money(12, GBP))
        recipes.carried_paid(uuid4(), customer, Money(12, GBP), edge.now())
        recipes.carried_written_off(uuid4(), other, Money(12, GBP), edge.now())
        assert balances.of_customer(customer, GBP) == (Money(0, GBP), Money(0, GBP))
        assert balances.of_customer(other, GBP) == (Money(12, GBP), Money(0, GBP))

    def test_what_comes_with_arrears_is_split_between_the_invoice_and_the_credit(self) -> None:
        customer = uuid4()
        received = Received(Money(500, GBP), Money(12, GBP), customer)
        recipes.payment_received(uuid4(), "wechat_pay", Money(4608, "CNY"), received, edge.now())
        assert balances.balance(Account(RECEIVABLE), GBP) == Money(-500, GBP)
        assert balances.balance(Account(EXCHANGE), GBP) == Money(512, GBP)
        assert balances.credit_balance(customer, GBP) == Money(12, GBP)

    def test_an_invoice_paid_in_another_currency_leaves_nothing_owed(self) -> None:
        recipes.invoice_issued(uuid4(), Money(500, GBP), Money(0, GBP), edge.now())
        recipes.payment_received(uuid4(), "wechat_pay", Money(4500, "CNY"), pays(500), edge.now())
        found = {(line.code, line.currency): line.amount for line in balances.trial_balance()}
        assert found == {
            ("clearing:wechat_pay", "CNY"): 4500,
            ("exchange", "CNY"): -4500,
            ("exchange", GBP): 500,
            ("receivable", GBP): 0,
            ("revenue", GBP): -500,
        }

    def test_credit_is_kept_for_each_customer_and_currency(self) -> None:
        ann, bob = uuid4(), uuid4()
        earn_credit(ann, 300)
        earn_credit(bob, 50)
        recipes.credit_used(uuid4(), ann, Money(120, GBP), edge.now())
        assert balances.credit_balance(ann, GBP) == Money(180, GBP)
        assert balances.credit_balance(bob, GBP) == Money(50, GBP)
        assert balances.credit_balance(ann, "CNY") == Money(0, "CNY")

    def test_nothing_is_not_posted(self) -> None:
        recipes.invoice_issued(uuid4(), Money(0, GBP), Money(0, GBP), edge.now())
        recipes.credit_used(uuid4(), uuid4(), Money(0, GBP), edge.now())
        assert balances.trial_balance() == []

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.tuples(st.sampled_from([RECEIVABLE, REVENUE, HELD]), st.integers(1, 10**12)), min_size=1))
    def test_whatever_is_posted_balances(self, moves: list[tuple[str, int]]) -> None:
        made = [Move(Account(code), credit_of(UUID(int=7)), Money(amount, GBP)) for code, amount in moves]
        assert post(Posting(str(uuid4()), "test", made), edge.now())
        db.execute(_SPEAK)
        by_rule = {violation.rule for violation in invariants.violations()}
        assert not by_rule & {"ledger_sums_to_zero", "posting_balances", "guarded_balance_is_its_entries"}


@pytest.mark.usefixtures("committing")
class TestRaces:
    """The same from many sides at once."""

    def test_of_many_spenders_of_one_credit_one_wins(self) -> None:
        customer = uuid4()
        edge.write(lambda: earn_credit(customer, 100))

        def spend() -> bool:
            try:
                edge.write(lambda: recipes.credit_used(uuid4(), customer, Money(100, GBP), edge.now()))
            except IntegrityError:
                return False
            return True

        assert sum(at_once(*[spend] * 8)) == 1
        assert edge.write(lambda: balances.credit_balance(customer, GBP)) == Money(0, GBP)

    def test_without_the_guard_the_race_is_lost(self) -> None:
        guard = text("ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_accounts_guard_check")
        edge.write(lambda: db.execute(guard))
        customer = uuid4()
        edge.write(lambda: earn_credit(customer, 100))
        spend = lambda: edge.write(lambda: recipes.credit_used(uuid4(), customer, Money(100, GBP), edge.now()))  # noqa: E731
        at_once(*[spend] * 2)
        assert edge.write(lambda: balances.credit_balance(customer, GBP)) == Money(-100, GBP)

    def test_of_many_tellers_of_one_payment_one_posts(self) -> None:
        attempt = uuid4()
        tell = lambda: edge.write(  # noqa: E731
            lambda: recipes.payment_received(attempt, "wechat_pay", Money(9, "CNY"), pays(1), edge.now())
        )
        assert sum(at_once(*[tell] * 8)) == 1
        assert edge.write(lambda: balances.balance(clearing("wechat_pay"), "CNY")) == Money(9, "CNY")


@pytest.mark.usefixtures("db")
def test_a_posting_finds_its_accounts_by_the_index_however_many_customers_have_credit() -> None:
    many = (
        "INSERT INTO ledger_accounts (id, code, currency, owner_id, is_guarded) "
        "SELECT gen_random_uuid(), 'customer_credit', 'GBP', gen_random_uuid(), true FROM generate_series(1, 20000)"
    )
    db.execute(text(many))
    db.execute(text("ANALYZE ledger_accounts"))
    mine = (credit_of(uuid4()), GBP)
    with counted() as asked:
        assert account_ids([mine, (Account(REVENUE), GBP)]).keys() == {mine, (Account(REVENUE), GBP)}
    wanted = {"codes": ["customer_credit", REVENUE], "currencies": [GBP], "owners": [mine[0].owner_id]}
    plan = [row[0] for row in db.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS OFF) {asked[0]}", wanted)]
    read = [int(found) for line in plan for found in re.findall(r"Rows Removed by Filter: (\d+)", line)]
    assert not any("Seq Scan" in line for line in plan)
    assert sum(read) < 10, plan
