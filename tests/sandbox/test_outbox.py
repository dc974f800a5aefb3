"""The SMTP peer and the outbox: every mail is kept as it was sent and shown without being able to do anything."""

import smtplib
from email.message import EmailMessage

import pytest
import requests

from tests.support.sandbox import Sandbox

LINK = "https://portal.example/verify?token=abc&next=%2F"


def post(sandbox: Sandbox, to: str = "owner@shop.example", subject: str = "确认您的邮箱") -> None:
    message = EmailMessage()
    message["From"] = "Stallholder <no-reply@stallholder.example>"
    message["To"] = to
    message["Subject"] = subject
    message.set_content(f"Hello <b>you</b>,\nopen {LINK}.\n")
    message.add_alternative(f'<p onclick="x()">Hello <a href="{LINK}">open</a><script>x()</script></p>', subtype="html")
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=5) as smtp:
        smtp.send_message(message)


def test_a_mail_is_told_with_its_links(sandbox: Sandbox) -> None:
    post(sandbox)
    post(sandbox, "Other@Shop.example", "second")
    [second, first] = sandbox.outbox()
    assert first["subject"] == "确认您的邮箱"
    assert first["to"] == ["owner@shop.example"]
    assert first["links"] == [LINK]
    assert "<script>" in first["html"]
    assert sandbox.outbox("other@shop.EXAMPLE") == [second]
    assert sandbox.outbox("nobody@shop.example") == []


def test_the_list_is_paged_and_filtered(sandbox: Sandbox) -> None:
    for number in range(21):
        post(sandbox, subject=f"mail {number}")
    post(sandbox, "other@shop.example", "for another")
    page = requests.get(f"{sandbox.url}/outbox", timeout=5).text
    assert page.index("for another") < page.index("mail 20<")
    assert "mail 1<" not in page
    assert "mail 1<" in requests.get(f"{sandbox.url}/outbox?page=2", timeout=5).text
    filtered = requests.get(f"{sandbox.url}/outbox?to=other@shop.example", timeout=5).text
    assert "for another" in filtered
    assert "mail 20<" not in filtered


def test_a_mail_is_shown_safely_and_its_links_work(sandbox: Sandbox) -> None:
    post(sandbox)
    number = sandbox.outbox()[0]["id"]
    page = requests.get(f"{sandbox.url}/outbox/{number}", timeout=5).text
    assert "Hello &lt;b&gt;you&lt;/b&gt;" in page
    assert f'<a href="{LINK.replace("&", "&amp;")}" rel="noreferrer">' in page
    assert "<script" not in page
    framed = requests.get(f"{sandbox.url}/outbox/{number}/html", timeout=5)
    assert "<script>" in framed.text
    policy = framed.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header at all",
        b"Subject: =?x-odd?q?a?=\r\nContent-Type: text/plain; charset=x-odd\r\n\r\n\xff\x00",
        b"Content-Type: multipart/mixed\r\n\r\nnothing",
        b"Subject: \xff\xfe\r\nContent-Type: text/html\r\n\r\n<p>",
        b"Subject: a\r\nContent-Type: message/rfc822\r\n\r\nSubject: b\r\n\r\nc",
    ],
)
def test_a_broken_mail_is_kept_and_shown_as_far_as_it_goes(sandbox: Sandbox, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=5) as smtp:
        smtp.sendmail("a@shop.example", ["b@shop.example"], raw)
    [mail] = sandbox.outbox()
    for path in ("", f"/{mail['id']}", f"/{mail['id']}/html"):
        assert requests.get(f"{sandbox.url}/outbox{path}", timeout=5).status_code == 200


@pytest.mark.parametrize("path", ["/1", "/99999999999999999999999", "/x", "/-1", "/1/html"])
def test_an_unknown_mail_is_404(sandbox: Sandbox, path: str) -> None:
    assert requests.get(f"{sandbox.url}/outbox{path}", timeout=5).status_code == 404


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=999999999999999999999", "to=%00", "to=%ff"])
def test_odd_queries_show_a_list(sandbox: Sandbox, query: str) -> None:
    assert requests.get(f"{sandbox.url}/outbox?{query}", timeout=5).status_code == 200
