"""Faults on order: each is tripped over as often as was said, before or after acting, and then all is well."""

import time

import pytest
import requests
from cryptography.exceptions import InvalidSignature

from tests.sandbox.signer import Signer
from tests.support.sandbox import Sandbox


@pytest.fixture
def signer(sandbox: Sandbox) -> Signer:
    return Signer(sandbox)


def state(signer: Signer) -> int:
    return signer.query().status_code


@pytest.mark.parametrize(("after", "status"), [(False, 404), (True, 200)])
def test_500_before_and_after_acting(sandbox: Sandbox, signer: Signer, after: bool, status: int) -> None:
    sandbox.fault("http500", after=after)
    answer = signer.native()
    assert (answer.status_code, answer.json()["code"]) == (500, "SYSTEM_ERROR")
    assert state(signer) == status
    assert signer.native().status_code == 200


@pytest.mark.parametrize(
    ("mode", "wish", "status"),
    [
        ("timeout_before", {"hold": 0.2}, 404),
        ("timeout_after", {"hold": 0.2}, 200),
        ("drop", {}, 404),
        ("drop", {"after": True}, 200),
    ],
)
def test_no_answer(sandbox: Sandbox, signer: Signer, mode: str, wish: dict[str, object], status: int) -> None:
    sandbox.fault(mode, **wish)
    began = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        signer.native()
    assert (time.monotonic() - began >= 0.2) == ("hold" in wish)
    assert state(signer) == status
    [first, _] = sandbox.log()["requests"]
    assert first["status"] is None
    assert first["fault"].startswith(mode)
    assert signer.native().status_code == 200


def test_429(sandbox: Sandbox, signer: Signer) -> None:
    sandbox.fault("http429", count=2)
    assert [signer.native().status_code for _ in range(3)] == [429, 429, 200]


def test_an_unsigned_answer(sandbox: Sandbox, signer: Signer) -> None:
    sandbox.fault("unsigned")
    answer = signer.native()
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.lower().startswith("wechatpay")]


def test_a_tampered_answer(sandbox: Sandbox, signer: Signer) -> None:
    sandbox.fault("tamper")
    with pytest.raises(InvalidSignature):
        signer.verify(signer.native())


def test_a_stale_answer_is_well_signed(sandbox: Sandbox, signer: Signer) -> None:
    sandbox.fault("stale")
    answer = signer.native()
    assert time.time() - int(answer.headers["Wechatpay-Timestamp"]) > 3500
    with pytest.raises(AssertionError):
        signer.verify(answer)


def test_a_fault_keeps_to_its_endpoint(sandbox: Sandbox, signer: Signer) -> None:
    sandbox.fault("http500", "close")
    assert signer.native().status_code == 200
    assert signer.query().status_code == 200
    assert signer.close().status_code == 500
    assert signer.close().status_code == 204


def test_a_fault_for_seconds_ends_by_itself(sandbox: Sandbox, signer: Signer) -> None:
    sandbox.fault("http500", "*", seconds=0.5)
    assert [signer.native().status_code, signer.query().status_code] == [500, 500]
    time.sleep(0.5)
    assert signer.native().status_code == 200


def test_faults_can_be_taken_away(sandbox: Sandbox, signer: Signer) -> None:
    sandbox.fault("http500", count=100)
    sandbox.fault("none")
    assert signer.native().status_code == 200
