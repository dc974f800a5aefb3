"""The sandbox's half of the keys: the merchant's public key to check requests, the platform keys to sign answers.

The merchant's private key is never read here: the sandbox can check what the product signs and cannot sign for it.
"""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

MANIFEST = "sandbox.json"


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, replacing it whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    draft.chmod(0o600)
    draft.write_bytes(content)
    draft.replace(path)


def new_platform_key(folder: Path) -> tuple[str, str]:
    """Make a WeChat Pay key pair in the folder; gives its PUB_KEY_ID and the name of its private key file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key_id = f"PUB_KEY_ID_01{secrets.randbelow(10**32):032d}"
    name = f"wechat_{key_id}.pem"
    write_secret(folder / name, private_pem(key))
    write_secret(folder / public_name(key_id), public_pem(key))
    return key_id, name


def public_name(key_id: str) -> str:
    """The file name of a platform key's public half."""
    return f"wechat_{key_id}_public.pem"


def private_pem(key: rsa.RSAPrivateKey) -> bytes:
    """PKCS#8, the only form the merchant SDKs read."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    """SubjectPublicKeyInfo as PEM."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Keyring:
    """The one merchant of this world and the platform's keys, oldest first."""

    folder: Path
    mchid: str
    appid: str
    merchant_serial: str
    merchant_key: rsa.RSAPublicKey
    apiv3_key: bytes
    platform_keys: dict[str, rsa.RSAPrivateKey]
    stripe_key: str
    stripe_webhook_secret: str
    _lock: Lock = field(default_factory=Lock)

    @property
    def first_key_id(self) -> str:
        """The key of the ceremony, which the product holds from the start."""
        return next(iter(self.platform_keys))

    def public_text(self, key_id: str) -> str:
        """The public half of a platform key as PEM."""
        return public_pem(self.platform_keys[key_id]).decode()

    def add_platform_key(self) -> str:
        """Make and remember a further platform key; gives its PUB_KEY_ID."""
        with self._lock:
            key_id, name = new_platform_key(self.folder)
            manifest = json.loads((self.folder / MANIFEST).read_bytes())
            manifest["platform_keys"].append({"id": key_id, "file": name})
            write_secret(self.folder / MANIFEST, json.dumps(manifest, indent=2).encode())
            self.platform_keys[key_id] = _private_key(self.folder / name)
            return key_id


def load(folder: Path) -> Keyring:
    """Read the folder of the ceremony; raises FileNotFoundError or ValueError when it is not one."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    certificate = x509.load_pem_x509_certificate((folder / "merchant_cert.pem").read_bytes())
    merchant_key = certificate.public_key()
    if not isinstance(merchant_key, rsa.RSAPublicKey):
        raise ValueError("the merchant certificate holds no RSA key")
    return Keyring(
        folder=folder,
        mchid=manifest["mchid"],
        appid=manifest["appid"],
        merchant_serial=f"{certificate.serial_number:X}",
        merchant_key=merchant_key,
        apiv3_key=manifest["apiv3_key"].encode(),
        platform_keys={entry["id"]: _private_key(folder / entry["file"]) for entry in manifest["platform_keys"]},
        stripe_key=manifest["stripe_key"],
        stripe_webhook_secret=manifest["stripe_webhook_secret"],
    )


def _private_key(path: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path.name} holds no RSA key")
    return key
