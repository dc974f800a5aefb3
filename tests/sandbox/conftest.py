"""One sandbox for these tests, forgotten between them; the real merchant SDK, and a receiver of its notices."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType

from tests.support.databases import empty
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers


@pytest.fixture(scope="session")
def running_sandbox(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with empty(servers) as url, Sandbox.start(url, tmp_path_factory.mktemp("keys")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    running_sandbox.reset()
    return running_sandbox


@dataclass
class Shop:
    """The merchant's end of the notices: what arrived, and the status it answers with."""

    url: str = ""
    status: int = 204
    pause: float = 0
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    """Many notices come at once; whoever finds the queue full would try again after seconds."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            shop.received.append((dict(self.headers), body))
            threading.Event().wait(shop.pause)
            self.send_response(shop.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    shop.url = f"http://127.0.0.1:{server.server_port}/notify"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield shop
    server.shutdown()
    server.server_close()


class Merchant:
    """The product's SDK, pointed at the sandbox as the product points it."""

    def __init__(self, sandbox: Sandbox, shop: Shop) -> None:
        env = sandbox.product_env()
        self.env, self.sandbox = env, sandbox
        self.sdk = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=env["WECHAT_PAY_MCHID"],
            private_key=Path(env["WECHAT_PAY_PRIVATE_KEY_FILE"]).read_text(),
            cert_serial_no=env["WECHAT_PAY_CERT_SERIAL"],
            appid=env["WECHAT_PAY_APPID"],
            apiv3_key=env["WECHAT_PAY_APIV3_KEY"],
            notify_url=shop.url,
            public_key=Path(env["WECHAT_PAY_PUBLIC_KEY_FILE"]).read_text(),
            public_key_id=env["WECHAT_PAY_PUBLIC_KEY_ID"],
            timeout=(3, 10),
        )
        self.sdk._core._gate_way = sandbox.url

    def order(self, number: str = "order-0001", total: int = 888, **more: Any) -> str:
        """Order 8.88 yuan; gives the code_url."""
        code, text = self.sdk.pay(
            description="两家分店 · Pro", out_trade_no=number, amount={"total": total, "currency": "CNY"}, **more
        )
        assert code == 200, text
        url: str = json.loads(text)["code_url"]
        return url

    def query(self, number: str = "order-0001") -> tuple[int, dict[str, Any]]:
        code, text = self.sdk.query(out_trade_no=number)
        return code, json.loads(text)

    def close(self, number: str = "order-0001") -> tuple[int, str]:
        code, text = self.sdk.close(out_trade_no=number)
        return code, text if isinstance(text, str) else text.decode()


@pytest.fixture
def merchant(sandbox: Sandbox, shop: Shop) -> Merchant:
    return Merchant(sandbox, shop)
