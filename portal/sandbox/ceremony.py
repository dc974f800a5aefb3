"""Key ceremony: makes the keys of both sides of the pretend WeChat Pay and Stripe and hands the product its half.

Run as `python -m portal.sandbox.ceremony FOLDER`. Running it again changes nothing.
"""

import json
import secrets
import string
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from portal.sandbox.keyring import MANIFEST, new_platform_key, private_pem, public_name, write_secret

PRODUCT_ENV = "product.env"
CERTIFICATE_YEARS = 5


def hold(folder: Path) -> Path:
    """Make in the folder the keys that are not there yet; gives the path of product.env.

    A folder of an earlier version is completed, and what it holds stays as it is.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    product_env, ours = folder / PRODUCT_ENV, folder / MANIFEST
    known = _lines(product_env)
    # Only what product.env tells was made to the end: the manifest is written before it.
    manifest, lines = json.loads(ours.read_bytes()) if known else {}, dict(known)
    if "WECHAT_PAY_MCHID" not in known:
        _make_wechat(folder, manifest, lines)
    if "STRIPE_SECRET_KEY" not in known:
        _make_stripe(manifest, lines)
    if lines != known:
        write_secret(ours, json.dumps(manifest, indent=2).encode())
        write_secret(product_env, "".join(f"{name}={value}\n" for name, value in lines.items()).encode())
    return product_env


def _lines(product_env: Path) -> dict[str, str]:
    if not product_env.exists():
        return {}
    return dict(line.split("=", 1) for line in product_env.read_text().splitlines() if line)


def _make_wechat(folder: Path, manifest: dict[str, Any], lines: dict[str, str]) -> None:
    mchid = f"19{secrets.randbelow(10**8):08d}"
    appid = "wx" + secrets.token_hex(8)
    apiv3_key = _random(32)
    serial = _write_merchant(folder, mchid)
    key_id, key_file = new_platform_key(folder)
    manifest |= {
        "mchid": mchid,
        "appid": appid,
        "apiv3_key": apiv3_key,
        "platform_keys": [{"id": key_id, "file": key_file}],
    }
    lines |= {
        "WECHAT_PAY_MCHID": mchid,
        "WECHAT_PAY_APPID": appid,
        "WECHAT_PAY_PRIVATE_KEY_FILE": str(folder / "merchant_key.pem"),
        "WECHAT_PAY_CERT_SERIAL": serial,
        "WECHAT_PAY_CERT_FILE": str(folder / "merchant_cert.pem"),
        "WECHAT_PAY_APIV3_KEY": apiv3_key,
        "WECHAT_PAY_PUBLIC_KEY_FILE": str(folder / public_name(key_id)),
        "WECHAT_PAY_PUBLIC_KEY_ID": key_id,
    }


def _make_stripe(manifest: dict[str, Any], lines: dict[str, str]) -> None:
    key, secret = f"sk_test_{_random(99)}", f"whsec_{_random(32)}"
    manifest |= {"stripe_key": key, "stripe_webhook_secret": secret}
    lines |= {"STRIPE_SECRET_KEY": key, "STRIPE_WEBHOOK_SECRET": secret}


def _random(length: int) -> str:
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _write_merchant(folder: Path, mchid: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, mchid),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Stallholder sandbox merchant"),
        ]
    )
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=365 * CERTIFICATE_YEARS))
        .sign(key, hashes.SHA256())
    )
    write_secret(folder / "merchant_key.pem", private_pem(key))
    write_secret(folder / "merchant_cert.pem", certificate.public_bytes(serialization.Encoding.PEM))
    return f"{certificate.serial_number:X}"


def main(arguments: list[str]) -> int:
    """The command line: one argument, the folder."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m portal.sandbox.ceremony FOLDER\n")
        return 2
    sys.stdout.write(f"{hold(Path(arguments[0]))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
