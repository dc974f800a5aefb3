"""Documents in their readers' words, as their files show them: the same figures that the page shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from flask_babel import gettext

from portal.invoicing.invoice_pdf import Paper
from portal.kit import i18n
from portal.kit.errors import N_
from portal.kit.money import Money
from portal.web import filters, language
from portal.web.documents import Document, Party

_HEADINGS = {"receipt": N_("Receipt"), "invoice": N_("Invoice"), "credit_note": N_("Credit note")}
_STATES = {
    "open": N_("To pay"),
    "paid": N_("Paid"),
    "uncollectible": N_("Written off"),
    "credited": N_("Credited"),
}


def paper(document: Document) -> Paper:
    """Return a document in the words of whoever asks for it."""
    heading = language.gettext(_HEADINGS[document.kind])
    return Paper(
        language=language.language(),
        title=f"{heading} {document.number}",
        heading=heading,
        number=document.number,
        issued_on=document.issued_on.isoformat(),
        state=_state(document),
        labels={"seller": gettext("Seller"), "buyer": gettext("Buyer"), "related": gettext("Credit notes")},
        seller=list(_lines_of(document.seller)),
        buyer=list(_lines_of(document.buyer)),
        facts=[(label, value) for label, value in _facts(document) if value],
        lines=[(line.title, line.derivation, _money(line.amount)) for line in document.lines],
        sums=list(_sums(document)),
        remarks=list(_remarks(document)),
        related=[(note.number, _day(note.issued_on), _money(-note.total)) for note in document.credit_notes],
    )


def _state(document: Document) -> str | None:
    if document.paid_at is not None:
        return f"{gettext('Paid')} {filters.of_page()['date'](document.paid_at)}"
    return language.gettext(_STATES[document.status]) if document.status else None


def _lines_of(party: Party) -> Iterator[str]:
    yield party.name
    yield from party.address.splitlines()
    if party.email:
        yield party.email
    if party.vat_number:
        yield gettext("VAT %(number)s", number=party.vat_number)


def _facts(document: Document) -> Iterator[tuple[str, str | None]]:
    yield gettext("Issued"), _day(document.issued_on)
    if document.period_start and document.period_end:
        start, end = _day(document.period_start), _day(document.period_end)
        yield gettext("Period"), gettext("%(start)s to %(end)s", start=start, end=end)
    yield gettext("Paid with"), document.method_name
    yield gettext("Order"), document.order_id
    yield gettext("For"), document.reason
    yield gettext("Invoice"), document.invoice.number if document.invoice else None


def _sums(document: Document) -> Iterator[tuple[str, str, str]]:
    tax = document.tax
    note = gettext("includes %(tax)s tax at %(rate)s", tax=_money(tax), rate=document.tax_rate) if tax else ""
    yield gettext("Total"), note, _money(document.total)
    rest = [
        (gettext("Paid with credit"), document.credit_used),
        (gettext("Added to the next payment"), document.carried),
        (gettext("Paid"), document.paid),
        (gettext("Also paid, owed from before"), document.along),
        (gettext("Taken off what was owed"), document.taken_off),
        (gettext("Added to your credit"), document.to_credit),
        (gettext("Still to pay"), document.due),
    ]
    yield from ((label, "", _money(amount)) for label, amount in rest if amount)


def _remarks(document: Document) -> Iterator[str]:
    if document.collected is not None and document.rate_on is not None:
        yield gettext(
            "Collected as %(amount)s at 1 %(base)s = %(rate)s %(currency)s, "
            "rate of the European Central Bank of %(day)s.",
            amount=_money(document.collected),
            base=document.total.currency,
            rate=document.rate,
            currency=document.collected.currency,
            day=_day(document.rate_on),
        )


def _money(value: Money) -> str:
    return i18n.money_text(value.amount, value.currency, language.language())


def _day(day: date) -> str:
    return i18n.day_text(day, language.language())
