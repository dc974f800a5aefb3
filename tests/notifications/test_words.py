"""What notices say: each kind in each language, with every fact that it has and none that it lacks, also as a mail."""

import re
from typing import Any

import pytest
from jinja2 import FileSystemLoader, StrictUndefined, UndefinedError
from jinja2.meta import find_undeclared_variables

from portal.kit import config
from portal.kit.config import Settings
from portal.kit.i18n import LOCALES
from portal.notifications import email
from portal.notifications.email import Letter
from portal.notifications.kinds import KINDS
from portal.notifications.models import Email
from portal.notifications.words import environment, words
from tests.architecture.sources import ROOT
from tests.notifications.samples import SAMPLES

COMMON = {"base_url": "https://stall.example", "seller_name": "The Seller", "seller_address": "1 Street"}
_HAN = re.compile(r"[\u4e00-\u9fff]")
EACH = [(kind, locale) for kind in SAMPLES for locale in LOCALES]


@pytest.fixture(autouse=True)
def _wired(settings: Settings) -> None:
    """A mail that may be turned off bears a link that is signed with this process's key."""
    config.use(settings)


def letter(kind: str, locale: str, **changes: Any) -> Letter:
    """The mail that tells a notice."""
    mail = Email(template=email.NOTICE, locale=locale, recipient="ann@shop.example")
    return email.render(mail, SAMPLES[kind] | COMMON | {"kind": kind, "reader": "usr_1"} | changes)


def test_every_kind_has_its_sample_and_its_own_name() -> None:
    names = [kind.name for kind in KINDS]
    assert sorted(names) == sorted(SAMPLES)


@pytest.mark.parametrize(("kind", "locale"), EACH)
def test_each_notice_is_told_in_each_language(kind: str, locale: str) -> None:
    said = words(kind, SAMPLES[kind], locale)
    for text in (said.title, said.text, said.action, *(label for label, _ in (*said.rows, *said.links))):
        assert text
        assert bool(_HAN.search(text)) is (locale == "zh"), text
    assert "Lantern Coffee" in [value for _, value in said.rows]
    assert re.fullmatch(r"(/[\w-]+)+", said.path)


@pytest.mark.parametrize(("kind", "locale"), EACH)
def test_each_notice_is_a_mail_with_all_it_says(kind: str, locale: str) -> None:
    said, mail = words(kind, SAMPLES[kind], locale), letter(kind, locale)
    assert mail.subject == said.title
    for body in (mail.text, mail.html):
        assert said.text in body
        assert all(label in body and value in body for label, value in said.rows)
        assert all(line.title in body and line.derivation in body for line in said.lines)
        assert all(f"https://stall.example{path}" in body for path in (said.path, *(path for _, path in said.links)))
        assert "The Seller" in body
        assert not re.search(r"\n{4}|\{\{|%\(", body)


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_fact_that_is_missing_is_a_fault_and_never_an_empty_place(kind: str) -> None:
    templates = environment("en")
    source, *_ = FileSystemLoader(ROOT / "templates").get_source(templates, f"notices/{kind}.txt")
    wanted = find_undeclared_variables(templates.parse(source)) & SAMPLES[kind].keys()
    assert "business_name" in wanted
    for fact in wanted:
        with pytest.raises((UndefinedError, TypeError)):
            letter(kind, "en", **{fact: StrictUndefined(name=fact)})


def test_what_was_written_by_people_is_text_in_the_html() -> None:
    mail = letter("payment_held", "en", business_name="<b>Tea & Sons</b>")
    assert "<b>Tea & Sons</b>" in mail.text
    assert "&lt;b&gt;Tea &amp; Sons&lt;/b&gt;" in mail.html
    assert "<b>" not in mail.html


def test_what_a_paid_month_costs_more_is_not_told_as_a_new_month() -> None:
    mail = letter("renewal_due", "en", is_further=True)
    assert mail.subject == "Your next month costs more than you have paid"
    assert "Pay the difference before 1 Apr 2026" in mail.text
    assert "Your next month was changed" in letter("renewal_paid", "en", is_further=True).subject


def test_an_amount_is_told_with_its_derivation() -> None:
    mail = letter("subscription_started", "en")
    for body in (mail.text, mail.html):
        assert "£1.00 × 2 × 1 month = £2.00" in body
        assert "CN¥45.00" in body
    assert "CN¥" not in letter("subscription_started", "en", settled_currency="GBP").text


@pytest.mark.parametrize("kind", ["overage_soon", "payment_overdue"])
def test_a_mail_shows_no_link_that_would_refuse_its_reader(kind: str) -> None:
    viewer, owner = (
        letter(kind, "en", reader_role="viewer", reader_may_spend=False),
        letter(kind, "en", reader_role="owner", reader_may_spend=False),
    )
    links = words(kind, SAMPLES[kind], "en").links
    assert links
    for _, path in links:
        assert (f"{path}\n" in viewer.text + "\n", f"{path}\n" in owner.text + "\n") == (False, True)


def test_what_is_overdue_after_the_end_of_a_plan_hides_nothing_more() -> None:
    assert "stays as it is until" in letter("payment_overdue", "en").text
    ended = letter("payment_overdue", "en", hidden_on=None).text
    assert ("stays as it is until" in ended, "Your plan has ended" in ended) == (False, True)


def test_what_was_chosen_for_the_end_of_what_is_hidden_is_over() -> None:
    assert "You had chosen Starter for your next month." in letter("suspended", "en").text
    assert "it renews until you end it again" in letter("suspended", "en", dropped="end").text
    assert "You had chosen" not in letter("suspended", "en", dropped=None).text
