"""Chinese texts stand as Chinese is written: no room around days nor between sentences, and one word for one thing."""

import re
from pathlib import Path

from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from portal.kit import edge
from tests.billing.test_restoration import suspended
from tests.support import running
from tests.support.pages import log_in

_FILE = Path("portal/translations/zh/LC_MESSAGES/messages.po")
_ROOM = re.compile(r"[\u3000-\u9fff\uff00-\uffef] %\((?:day|when|start|end)\)s|%\((?:day|start|end)\)s [\u3000-\u9fff]")
_OTHER_WORDS = ("方案", "新的档位", "其他分店：")


def test_no_text_leaves_room_around_a_day_or_has_another_word() -> None:
    with _FILE.open("rb") as file:
        texts = [message.string for message in read_po(file, locale="zh") if isinstance(message.string, str)]
    assert len(texts) > 500
    assert [text for text in texts if _ROOM.search(text) or any(word in text for word in _OTHER_WORDS)] == []


def test_no_room_is_left_between_sentences(client: FlaskClient) -> None:
    customer = edge.write(lambda: suspended(running.started("pro", branches=1)))
    log_in(client, "ann@shop.example")
    address = f"/businesses/{edge.write(lambda: running.business_of(customer).public_id)}/plan"
    assert re.search(r"Still owed: £[0-9.]+\. Nothing was deleted\.", client.get(address).text)
    client.post("/language", data={"locale": "zh", "next": "/"})
    page = client.get(address).text
    assert "每月 £1.00。您另有 1 家分店。" in page
    assert re.search(r"尚欠金额：£[0-9.]+。没有删除任何内容。", page)
