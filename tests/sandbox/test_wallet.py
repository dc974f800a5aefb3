"""The wallet page: what a phone sees and what its buttons do, in two languages and without JavaScript."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.sandbox.conftest import Merchant, Shop
from tests.sandbox.signer import Signer
from tests.support.sandbox import Sandbox


@pytest.fixture
def phone() -> requests.Session:
    return requests.Session()


def press(phone: requests.Session, url: str, button: str) -> requests.Response:
    return phone.post(url, data={"button": button})


def test_the_page_shows_the_order_and_pays_it(
    sandbox: Sandbox, merchant: Merchant, shop: Shop, phone: requests.Session
) -> None:
    url = merchant.order()
    page = phone.get(url).text
    assert "¥8.88" in page
    assert "order-0001" in page
    assert "两家分店 · Pro" in page
    result = press(phone, url, "pay")
    assert result.status_code == 200
    assert "return to the shop" in result.text
    sandbox.settle()
    assert len(shop.received) == 1
    assert merchant.query()[1]["trade_state"] == "SUCCESS"
    press(phone, url, "pay")
    assert sandbox.book()["wechat_pay"]["totals"] == {"CNY": 888}


@pytest.mark.parametrize(
    ("button", "words"), [("decline", "The bank said no"), ("insufficient", "The balance is too low")]
)
def test_a_refusal_is_told_to_the_payer_only(
    sandbox: Sandbox, merchant: Merchant, shop: Shop, phone: requests.Session, button: str, words: str
) -> None:
    url = merchant.order()
    phone.get(url)
    assert words in press(phone, url, button).text
    assert merchant.query()[1]["trade_state"] == "NOTPAY"
    sandbox.settle()
    assert shop.received == []
    assert "Paid" in press(phone, url, "pay").text


def test_who_cancels_gives_the_code_free(merchant: Merchant, phone: requests.Session) -> None:
    url = merchant.order()
    phone.get(url)
    assert "Cancelled" in press(phone, url, "cancel").text
    assert "Paid" in press(requests.Session(), url, "pay").text


def test_a_second_phone_is_turned_away(merchant: Merchant, phone: requests.Session) -> None:
    url = merchant.order()
    phone.get(url)
    second = requests.Session()
    assert second.get(url).status_code == 409
    assert press(second, url, "pay").status_code == 409
    assert merchant.query()[1]["trade_state"] == "NOTPAY"
    assert press(phone, url, "pay").status_code == 200


def test_two_phones_at_once_pay_once(sandbox: Sandbox, merchant: Merchant, shop: Shop, phone: requests.Session) -> None:
    url = merchant.order()
    phone.get(url)
    assert "the other was refused" in press(phone, url, "twice").text
    sandbox.settle()
    assert sandbox.book()["wechat_pay"]["totals"] == {"CNY": 888}
    assert len(shop.received) == 2


def test_after_the_deadline_only_late_money_passes(
    sandbox: Sandbox, merchant: Merchant, phone: requests.Session
) -> None:
    url = merchant.order()
    sandbox.advance(7 * 86400 + 1)
    assert "Too late" in phone.get(url).text
    press(phone, url, "pay")
    assert merchant.query()[1]["trade_state"] == "NOTPAY"
    assert "Paid" in press(phone, url, "late").text
    assert merchant.query()[1]["trade_state"] == "SUCCESS"


def test_late_money_before_the_deadline_carries_a_time_after_it(
    sandbox: Sandbox, merchant: Merchant, phone: requests.Session
) -> None:
    deadline = datetime.now(UTC) + timedelta(hours=1)
    url = merchant.order(time_expire=deadline.isoformat(timespec="seconds"))
    assert "Paid after expiry" in press(phone, url, "late").text
    [payment] = sandbox.book()["wechat_pay"]["payments"]
    assert datetime.fromisoformat(payment["paid_at"]) > deadline


def test_late_money_after_a_close(merchant: Merchant, phone: requests.Session) -> None:
    url = merchant.order()
    merchant.close()
    assert "Closed" in phone.get(url).text
    press(phone, url, "pay")
    assert merchant.query()[1]["trade_state"] == "CLOSED"
    press(phone, url, "late")
    assert merchant.query()[1]["trade_state"] == "SUCCESS"


def test_a_code_dies_after_two_hours(sandbox: Sandbox, merchant: Merchant, phone: requests.Session) -> None:
    url = merchant.order()
    sandbox.advance(7199)
    assert phone.get(url).status_code == 200
    sandbox.advance(2)
    assert phone.get(url).status_code == 410
    assert phone.get(merchant.order()).status_code == 200


@pytest.mark.parametrize("token", ["x", "a" * 22, "a" * 500, "%00", "%F0%9F%98%80", "..%2Fhealthz"])
def test_an_unknown_code_is_a_friendly_404(sandbox: Sandbox, phone: requests.Session, token: str) -> None:
    assert phone.get(f"{sandbox.url}/w/{token}").status_code == 404
    assert press(phone, f"{sandbox.url}/w/{token}", "pay").status_code == 404


def test_an_unknown_button_does_nothing(merchant: Merchant, phone: requests.Session) -> None:
    url = merchant.order()
    assert press(phone, url, "explode").status_code == 200
    assert merchant.query()[1]["trade_state"] == "NOTPAY"


@pytest.mark.parametrize(("accepted", "word"), [("zh-CN,zh;q=0.9", "付款"), ("en-GB", "Pay"), ("fr", "Pay")])
def test_the_page_speaks_the_readers_language(
    merchant: Merchant, phone: requests.Session, accepted: str, word: str
) -> None:
    page = phone.get(merchant.order(), headers={"Accept-Language": accepted}).text
    assert f'value="pay">{word} ¥8.88' in page


def test_the_page_is_quiet_and_closed(merchant: Merchant, phone: requests.Session) -> None:
    answer = phone.get(merchant.order())
    assert "script" not in answer.text
    assert not re.search(r"\son\w+=|style=|<style", answer.text)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "HttpOnly" in answer.headers["Set-Cookie"]


def test_text_of_the_order_is_not_markup(sandbox: Sandbox, merchant: Merchant, phone: requests.Session) -> None:
    url = Signer(sandbox).native(description="<b>bold</b>").json()["code_url"]
    assert "&lt;b&gt;bold" in phone.get(url).text
