"""B21: keys change and certificates run out, and nobody is surprised: both are believed, and the end is told early."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask

from portal.cli import doctor
from portal.identity.permissions import OperatorRole
from portal.kit import clock
from portal.kit.config import Settings, WeChatPay
from portal.payments import key_expiry
from portal.payments.providers import registry
from tests.console.desk import operator
from tests.support.portal import Portal


def believe(portal: Portal, **changes: object) -> None:
    """Let the product be set up with other keys."""
    keys = portal.settings.wechat_pay
    assert keys is not None
    registry.configure(replace(portal.settings, wechat_pay=replace(keys, **changes)))  # type: ignore[arg-type]


def test_b21_while_the_key_is_changed_over_both_are_believed(
    portal: Portal, tmp_path: Path, saw: Callable[[str], None]
) -> None:
    public_id = portal.open_session()
    order = portal.order(public_id)
    portal.sandbox.pay(order, lose=True)
    before = portal.settings.wechat_pay
    assert before is not None
    assert portal.sandbox.notify(order) == [204]
    new = portal.sandbox.rotate()
    new_file = tmp_path / "new.pem"
    new_file.write_text(new["public_key"])
    assert portal.sandbox.notify(order) == [401], "signed with a key that nobody told us of"

    believe(portal, next_public_key_id=new["public_key_id"], next_public_key_file=new_file)
    assert portal.sandbox.notify(order, fresh_ids=True) == [204]
    portal.settle()
    other = portal.open_session(email="other@shop.example")
    assert portal.session(other).status == "open", "answers are signed with the key that we name"

    changed = {"public_key_id": new["public_key_id"], "public_key_file": new_file}
    believe(portal, **changed, next_public_key_id=before.public_key_id, next_public_key_file=before.public_key_file)
    last = portal.open_session(email="last@shop.example")
    assert portal.session(last).status == "open"
    assert portal.sandbox.notify(portal.order(last), "not_paid") == [204]
    assert portal.session(public_id).status == "paid"
    assert portal.money_postings() == ["payment_received"]
    saw("new key: 401 until named, then both keys believed before and after the change-over; one payment, one posting")


def certificate(folder: Path, days: int) -> Path:
    """Write a certificate that is good for so many days."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "1900000001")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    made = builder.not_valid_after(now + timedelta(days=days, hours=1)).sign(key, hashes.SHA256())
    file = folder / f"{days}.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return file


def with_certificate(settings: Settings, file: Path) -> Settings:
    assert isinstance(settings.wechat_pay, WeChatPay)
    return replace(settings, wechat_pay=replace(settings.wechat_pay, cert_file=file), is_sandbox=False)


@pytest.mark.parametrize(("days", "is_told"), [(31, False), (29, True), (0, True)])
def test_b21_a_certificate_that_runs_out_is_told_30_days_ahead_wherever_somebody_looks(
    app: Flask, settings: Settings, tmp_path: Path, saw: Callable[[str], None], days: int, is_told: bool
) -> None:
    changed = with_certificate(settings, certificate(tmp_path, days))
    registry.configure(changed)
    with structlog.testing.capture_logs() as logs:
        key_expiry.check(clock.wall())
    assert [entry["event"] for entry in logs] == ["certificate_expires"] * is_told
    desk = operator(app, OperatorRole.FINANCE)
    assert ("A certificate runs out" in desk.get("/console").text) == is_told
    assert any("our certificate at wechat_pay" in finding for finding in doctor._expiring(changed)) == is_told
    saw(f"certificate good for {days} more days: {'told by log, console and doctor' if is_told else 'nothing said'}")
