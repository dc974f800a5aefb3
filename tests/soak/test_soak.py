"""A short soak of the real product: people, notices and faults, and in the end nothing is lost and all is quiet."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.soak import report
from tests.soak.answers import Answers
from tests.soak.faults import Fault
from tests.soak.memory import Life, Memory, Supervised
from tests.soak.people import stands
from tests.soak.soak import Outcome, Plan, Soak, _at_work, _end, grown_too_much, not_weighed, too_slow
from tests.support import proving
from tests.support.portal import Portal

pytestmark = pytest.mark.timeout(400)


def test_a4_a5_a7_b1_b2_a_short_soak_loses_nothing(tmp_path: Path, saw: Callable[[str], None]) -> None:
    seconds, every = proving.times(16, 60), proving.times(6, 12)
    plan = Plan(
        seconds, proving.seed(), notices=20, every=every, patience_ms=None, is_gentle=not proving.is_everything()
    )
    tmp_path.chmod(0o711)
    outcome = Soak(plan, tmp_path / "state", print).run()
    assert outcome.misses == [], report.told(outcome)
    assert outcome.faults
    saw(f"{outcome.notices} notices, {outcome.payments} payments, {len(outcome.faults)} faults, nothing lost")


def grown(kind: str, megabytes: int) -> Life:
    """A process that holds so much more every two seconds."""
    return Life(kind, [(float(second), (100 + second * megabytes // 100) * 1024 * 1024) for second in range(0, 300, 2)])


def test_a_soak_is_told_in_words_numbers_and_a_chart(tmp_path: Path) -> None:
    memory = Memory(Supervised(tmp_path))
    memory.lives[7, "born"] = grown("web worker", 10)
    outcome = Outcome(Plan(60, 1), 60, Answers(), memory, [Fault("redis forgets", 30, 0.5)])
    outcome.misses += grown_too_much(memory)
    report.write(outcome, tmp_path)
    page = (tmp_path / "soak.md").read_text()
    assert "| 30 | redis forgets | 0.5 s |" in page
    assert "- web worker 7 grew by" in page
    assert (tmp_path / "memory.svg").read_text().count("<polyline") == 1


def test_memory_that_stays_is_no_growth_and_a_young_process_is_not_judged() -> None:
    assert grown("web worker", 0).growth == 0
    assert Life("web worker", grown("web worker", 9).seen[:80]).growth is None


def test_a_thread_that_falls_over_is_a_miss_and_so_is_a_long_soak_that_weighed_nothing(tmp_path: Path) -> None:
    broken: list[str] = []
    assert _end(_at_work(broken, lambda: None, lambda: int("x"))) == []
    assert len(broken) == 1
    assert "broke off: ValueError" in broken[0]
    memory = Memory(Supervised(tmp_path))
    outcome = Outcome(Plan(600, 1), 600, Answers(), memory, [])
    assert len(not_weighed(outcome)) == 1
    memory.lives[7, "born"] = grown("web worker", 0)
    assert not_weighed(outcome) == []


def test_the_mark_of_a_payments_page_says_how_it_stands_and_not_its_words(portal: Portal) -> None:
    session = portal.begin_session()
    owner = portal.visitor()
    owner.log_in("ann@shop.example")
    waiting = owner.get(f"/pay/{session}/status").text
    assert "Paid" in waiting
    assert stands(waiting) == "created"
    portal.settle()
    assert stands(owner.get(f"/pay/{session}/status").text) == "open"
    portal.sandbox.pay(portal.order(session))
    portal.sandbox.settle()
    portal.settle()
    assert stands(owner.get(f"/pay/{session}/status").text) == "paid"


def test_a_soak_counts_and_times_notices_between_the_faults(tmp_path: Path) -> None:
    answers, plan = Answers(), Plan(60, 1, notices=10)
    answers.heard = [second / 10 for second in range(300)]
    answers.acknowledged = [(5.0, 80), (15.0, 4000)]
    fault = Fault("redis forgets", 10, 0.5, began=10.0)
    outcome = Outcome(plan, 60, answers, Memory(Supervised(tmp_path)), [fault], ended=30.0)
    assert outcome.calm == [(0.0, 10.0), (20.5, 30.0)]
    assert outcome.pace == pytest.approx(10, abs=0.1)
    assert too_slow(outcome) == []
    answers.heard = answers.heard[::2]
    answers.acknowledged.append((5.0, 1000))
    assert len(too_slow(outcome)) == 2


def test_a_soak_hears_wrong_answers() -> None:
    answers = Answers()
    for status in (200, 503, None):
        answers.note("pages", status)
    answers.note_delivery(204, 204, 5)
    assert answers.wrong == []
    answers.note("pages", 500, "traceback")
    answers.note_delivery(204, 401, 5)
    assert len(answers.wrong) == 2
