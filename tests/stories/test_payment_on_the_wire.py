"""A payment from the quote to the receipt's mail, with the provider on the wire and nothing pretended on our side."""

from portal.invoicing.documents import DocumentFilter, all_documents
from portal.kit.money import Money
from portal.payments.queries import conversation
from tests.support.portal import Portal


def test_scanned_paid_and_told(portal: Portal) -> None:
    public_id = portal.open_session()
    session, attempt = portal.session(public_id), portal.attempt(public_id)
    assert (session.status, attempt.status) == ("open", "pending")
    assert attempt.code_url is not None
    assert attempt.code_url.startswith(portal.sandbox.url)

    portal.sandbox.pay(attempt.order_number)
    portal.sandbox.settle()
    portal.settle()

    session = portal.session(public_id)
    assert session.status == "paid"
    invoices = portal.do(lambda: all_documents(session.customer_id, DocumentFilter(), 10))
    assert [(invoice.status, invoice.total) for invoice in invoices] == [("paid", Money(500, "GBP"))]
    assert invoices[0].number.startswith("INV-")
    assert portal.do(lambda: conversation(session.id))[0].operation == "create_charge"
    mails = portal.sandbox.outbox("ann@shop.example")
    assert [mail["subject"] for mail in mails] == ["Your listing is live"]
    assert "£5.00" in mails[0]["text"]
    assert "CN¥45.00" in mails[0]["html"]
