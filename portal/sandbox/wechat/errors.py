"""The refusals of WeChat Pay v3: HTTP status, string code, Chinese message and the number that ends Request-ID."""

from typing import Any


class Refusal(Exception):
    """An answer that is not what the merchant hoped for; rendered as WeChat Pay renders it."""

    def __init__(self, status: int, code: str, number: int, message: str, detail: dict[str, Any] | None = None) -> None:
        super().__init__(f"{code} {message}")
        self.status = status
        self.code = code
        self.number = number
        self.message = message
        self.detail = detail

    def body(self) -> dict[str, Any]:
        """The JSON body: code, message and, for faults of the request, detail."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        return body | {"detail": self.detail} if self.detail else body


def bad_signature(issue: str, field: str = "signature") -> Refusal:
    """401: who asks could not be made certain."""
    detail = {"field": field, "issue": issue, "location": "authorization"}
    return Refusal(401, "SIGN_ERROR", 268443699, "签名错误，请检查后再试", detail)


def bad_parameter(field: str, issue: str, value: object = None, location: str = "body") -> Refusal:
    """400: a parameter breaks its rule."""
    detail = {"field": field, "value": value, "issue": issue, "location": location}
    return Refusal(400, "PARAM_ERROR", 268435461, f"参数错误：{field}", detail)


def out_of_range(field: str, issue: str, value: object) -> Refusal:
    """400: a parameter of the right kind that is too small, too large or too long."""
    detail = {"field": field, "value": value, "issue": issue, "location": "body"}
    return Refusal(400, "PARAM_ERROR", 268435464, f"参数超出取值范围：{field}", detail)


def unknown_parameter(field: str) -> Refusal:
    """400: a parameter the documents do not name."""
    detail = {"field": field, "issue": "undefined parameter", "location": "body"}
    return Refusal(400, "PARAM_ERROR", 270924358, "请求中含有未在API文档中定义的参数", detail)


def null_value(field: str) -> Refusal:
    """500: what the real one answers to a JSON null."""
    detail = {"field": field, "value": None, "issue": "null is not a value", "location": "body"}
    return Refusal(500, "SYSTEM_ERROR", 268435462, "系统繁忙，请稍后重试", detail)


def app_mismatch() -> Refusal:
    """400: appid is not bound to mchid."""
    return Refusal(400, "APPID_MCHID_NOT_MATCH", 268445527, "appid和mch_id不匹配，请检查后再试")


def order_of_another() -> Refusal:
    """400: the merchant asked with is not the merchant who signs."""
    return Refusal(400, "INVALID_REQUEST", 268447843, "商户号与订单不匹配，请检查后再试")


def different_reentry() -> Refusal:
    """400: the order number is known with other parameters."""
    return Refusal(400, "INVALID_REQUEST", 268498688, "请求重入时，参数与首次请求时不一致")


def order_expired() -> Refusal:
    """400: the payment deadline of the order has passed."""
    return Refusal(400, "INVALID_REQUEST", 268447914, "订单已失效，请更换商户单号重新下单")


def order_paid(number: int = 268449538) -> Refusal:
    """400: too late to close or to ask for a code again."""
    return Refusal(400, "ORDER_PAID", number, "该订单已支付")


def order_closed() -> Refusal:
    """400: the order number was closed and is spent."""
    return Refusal(400, "ORDER_CLOSED", 268447914, "该订单已关闭")


def order_unknown() -> Refusal:
    """404: no such order."""
    return Refusal(404, "ORDER_NOT_EXIST", 268512771, "订单不存在")


def close_too_early(seconds: int) -> Refusal:
    """403: the order is too young to be closed (a switch of the sandbox)."""
    return Refusal(403, "RULE_LIMIT", 268447840, f"订单生成后不能马上调用关单接口，最短调用间隔为{seconds}秒")


def no_such_address() -> Refusal:
    """404: no such endpoint."""
    return Refusal(404, "RESOURCE_NOT_EXISTS", 268435463, "请求的资源不存在")


def too_often() -> Refusal:
    """429: rate limit (a fault of the sandbox)."""
    return Refusal(429, "FREQUENCY_LIMITED", 268447840, "频率超限，请降低请求频率")


def system_error() -> Refusal:
    """500: the outcome is unknown to the merchant (a fault of the sandbox)."""
    return Refusal(500, "SYSTEM_ERROR", 268435462, "系统异常，请用相同参数重新调用")
