"""The endpoints of WeChat Pay v3 Native: create, query by either number, close."""

from typing import Any

from flask import Blueprint, Response, request

from portal.sandbox.wechat import errors, orders
from portal.sandbox.wechat.parameters import CLOSE, NATIVE
from portal.sandbox.wechat.validation import read_json
from portal.sandbox.wechat.wire import Call, serve, signed

blueprint = Blueprint("wechat", __name__, url_prefix="/v3")
TRADE = "/pay/transactions/out-trade-no/<order_no>"


@blueprint.post("/pay/transactions/native")
def native() -> Response:
    """Make an order and give its code_url."""

    def act(call: Call) -> dict[str, Any]:
        parameters = read_json(call.raw)
        NATIVE.check(parameters, "")
        call.about(parameters["out_trade_no"])
        check_merchant(call, parameters["mchid"])
        if parameters["appid"] != call.world.keyring.appid:
            raise errors.app_mismatch()
        with call.world.engine.begin() as connection:
            token = orders.place(connection, parameters, call.world.clock.now())
        return {"code_url": _code_url(call, token)}

    return serve("native", act)


def _code_url(call: Call, token: str) -> str:
    if call.world.switches.get("code_url") == "weixin":
        return f"weixin://wxpay/bizpayurl?pr={token}"
    return f"{call.world.settings.public_url}/w/{token}"


@blueprint.get(TRADE)
def query(order_no: str) -> Response:
    """Tell an order's state by the merchant's number."""

    def act(call: Call) -> dict[str, Any]:
        call.about(order_no)
        mchid = _mchid_of_query(call)
        with call.world.engine.connect() as connection:
            order = orders.get(connection, mchid, order_no)
            return orders.describe(order, orders.payment_of(connection, order))

    return serve("query", act)


@blueprint.get("/pay/transactions/id/<transaction_id>")
def query_transaction(transaction_id: str) -> Response:
    """Tell an order's state by WeChat Pay's number, which exists once it is paid."""

    def act(call: Call) -> dict[str, Any]:
        _mchid_of_query(call)
        if not (transaction_id.isascii() and transaction_id.isdigit() and len(transaction_id) <= 32):
            raise errors.bad_parameter("transaction_id", "must be up to 32 digits", location="path")
        with call.world.engine.connect() as connection:
            order, payment = orders.order_of_transaction(connection, transaction_id)
        call.order_no = order.order_no
        return orders.describe(order, payment)

    return serve("query", act)


@blueprint.post(TRADE + "/close")
def close(order_no: str) -> Response:
    """Close an order that is not paid."""

    def act(call: Call) -> None:
        call.about(order_no)
        body = read_json(call.raw)
        CLOSE.check(body, "")
        check_merchant(call, body["mchid"])
        wait = call.world.switches.get("close_after_seconds")
        with call.world.engine.begin() as connection:
            orders.close(connection, body["mchid"], order_no, wait, call.world.clock.now())

    return serve("close", act)


def check_merchant(call: Call, mchid: str) -> None:
    """The merchant named in a body must be the one who signed (providers.md §1.3)."""
    if mchid != call.world.keyring.mchid:
        raise errors.bad_signature("differs from the mchid of Authorization", "mchid")


def _mchid_of_query(call: Call) -> str:
    for name in request.args:
        if name != "mchid":
            raise errors.unknown_parameter(name)
    values = request.args.getlist("mchid")
    if len(values) != 1 or not values[0]:
        raise errors.bad_parameter("mchid", "is required once", location="query")
    if values[0] != call.world.keyring.mchid:
        raise errors.order_of_another()
    return values[0]


def not_found() -> Response:
    """Any other address under /v3."""
    return signed(errors.no_such_address())
