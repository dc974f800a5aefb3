"""The parameter tables of the endpoints, as the WeChat Pay documents print them (providers.md §1.5, §1.8)."""

from portal.sandbox.wechat.validation import ORDER_NO, Address, Body, Flag, Many, Whole, Words

GOODS = Body(
    required={"merchant_goods_id": Words(32), "quantity": Whole(1), "unit_price": Whole(0)},
    optional={"wechatpay_goods_id": Words(32), "goods_name": Words(256)},
)

STORE = Body(
    required={"id": Words(32)},
    optional={"name": Words(256), "area_code": Words(32), "address": Words(512)},
)

NATIVE = Body(
    required={
        "appid": Words(32),
        "mchid": Words(32),
        "description": Words(127),
        "out_trade_no": Words(32, 6, ORDER_NO),
        "notify_url": Address(255),
        "amount": Body(required={"total": Whole(1, 10**11)}, optional={"currency": Words(16)}),
    },
    optional={
        "time_expire": Words(64),
        "attach": Words(128),
        "goods_tag": Words(32),
        "limit_pay": Many(Words(32)),
        "support_fapiao": Flag(),
        "detail": Body(
            optional={"cost_price": Whole(0), "invoice_id": Words(32), "goods_detail": Many(GOODS)},
        ),
        "scene_info": Body(
            required={"payer_client_ip": Words(45)},
            optional={"device_id": Words(32), "store_info": STORE},
        ),
        "settle_info": Body(optional={"profit_sharing": Flag()}),
    },
)

CLOSE = Body(required={"mchid": Words(32)})
