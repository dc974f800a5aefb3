"""Who asks must be certain: one refusal for every part of the signature, each beside the request that passes."""

import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox.signer import Draft, Signer
from tests.support.sandbox import Sandbox

NOW = time.time
BAD_CLAIMS = {
    "other merchant": {"mchid": "1900000000"},
    "other serial": {"serial_no": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"},
    "timestamp not a number": {"timestamp": "now"},
    "timestamp with a sign": {"timestamp": "+1795227284"},
    "timestamp in wide digits": {"timestamp": "１７９５２２７２８４"},
    "nonce too long": {"nonce_str": "a" * 33},
    "nonce empty": {"nonce_str": ""},
    "nonce not letters": {"nonce_str": "a b"},
    "signature empty": {"signature": ""},
    "signature not base64": {"signature": "%%%"},
    "unknown value": {"extra": "1"},
}


@pytest.fixture
def signer(sandbox: Sandbox) -> Signer:
    return Signer(sandbox)


@pytest.fixture
def draft(signer: Signer) -> Draft:
    return Draft(body=json.dumps(signer.order()).encode())


def test_the_untouched_request_passes(signer: Signer, draft: Draft) -> None:
    assert signer.send(draft).status_code == 200


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_a_wrong_claim_is_refused(signer: Signer, draft: Draft, name: str) -> None:
    draft.claim = {key: value.encode().decode("latin-1") for key, value in BAD_CLAIMS[name].items()}
    refused(signer, draft)


@pytest.mark.parametrize("seconds", [-301, 310, -86400])
def test_a_timestamp_more_than_five_minutes_away_is_refused(signer: Signer, draft: Draft, seconds: int) -> None:
    draft.claim = {"timestamp": str(int(NOW()) + seconds)}
    refused(signer, draft)


@pytest.mark.parametrize("seconds", [-290, 290])
def test_a_timestamp_within_five_minutes_passes(signer: Signer, draft: Draft, seconds: int) -> None:
    draft.claim = {"timestamp": str(int(NOW()) + seconds)}
    assert signer.send(draft).status_code == 200


def test_business_time_does_not_age_a_signature(sandbox: Sandbox, signer: Signer, draft: Draft) -> None:
    sandbox.advance(7200)
    assert signer.send(draft).status_code == 200


def test_a_nonce_is_good_once(signer: Signer, draft: Draft) -> None:
    draft.claim = {"nonce_str": "0123456789abcdef0123456789abcdef"}
    assert signer.send(draft).status_code == 200
    refused(signer, draft)


def test_one_byte_of_the_body_is_noticed(signer: Signer, draft: Draft) -> None:
    draft.signed_body, draft.body = draft.body, draft.body.replace(b"888", b"889")
    refused(signer, draft)


def test_a_reserialised_body_is_noticed(signer: Signer, draft: Draft) -> None:
    draft.signed_body, draft.body = draft.body, json.dumps(json.loads(draft.body), indent=1).encode()
    refused(signer, draft)


def test_another_key_is_noticed(signer: Signer, draft: Draft) -> None:
    draft.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    refused(signer, draft)


def test_the_query_is_part_of_the_signature(signer: Signer) -> None:
    signer.native()
    path = f"/v3/pay/transactions/out-trade-no/order-0001?mchid={signer.env['WECHAT_PAY_MCHID']}"
    header = signer.authorization(Draft("GET", path.split("?")[0]))
    assert signer.send(Draft("GET", path)).status_code == 200
    refused(signer, Draft("GET", path, headers={"Authorization": header}))


@pytest.mark.parametrize("scheme", ["Bearer", "WECHATPAY2-SM2-WITH-SM3", "wechatpay2-sha256-rsa2048"])
def test_another_scheme_is_refused(signer: Signer, draft: Draft, scheme: str) -> None:
    draft.scheme = scheme
    refused(signer, draft)


@pytest.mark.parametrize("header", [None, "", "WECHATPAY2-SHA256-RSA2048", 'WECHATPAY2-SHA256-RSA2048 mchid="1"'])
def test_a_missing_or_broken_authorization_is_refused(signer: Signer, draft: Draft, header: str | None) -> None:
    draft.headers = {"Authorization": header}
    refused(signer, draft)


def test_a_repeated_value_is_refused(signer: Signer, draft: Draft) -> None:
    draft.headers = {"Authorization": signer.authorization(draft) + ',mchid="1"'}
    refused(signer, draft)


def test_an_unknown_platform_key_is_refused(signer: Signer, draft: Draft) -> None:
    draft.headers = {"Wechatpay-Serial": "PUB_KEY_ID_evil"}
    refused(signer, draft)


def test_a_known_platform_key_passes(signer: Signer, draft: Draft) -> None:
    draft.headers = {"Wechatpay-Serial": signer.env["WECHAT_PAY_PUBLIC_KEY_ID"]}
    assert signer.send(draft).status_code == 200


def test_every_answer_is_signed(signer: Signer) -> None:
    answers = {
        200: signer.native(),
        204: signer.close(),
        400: signer.native(),
        401: signer.send(Draft(body=b"{}", claim={"mchid": "1900000000"})),
        404: signer.query("order-none"),
        500: signer.native("order-0002", attach=None),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        signer.verify(answer)
    assert answers[204].content == b""


def refused(signer: Signer, draft: Draft) -> None:
    """401 SIGN_ERROR, and nothing came of it."""
    before = len(signer.sandbox.log()["requests"])
    answer = signer.send(draft)
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    assert answer.headers["Request-ID"].endswith("-268443699")
    logged = signer.sandbox.log()["requests"][before:]
    assert [entry["verdict"].split(":")[0] for entry in logged] == ["SIGN_ERROR"]
