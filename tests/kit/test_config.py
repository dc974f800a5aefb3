"""Settings are read once and refused as a whole, every problem in words that say what to change."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from portal.kit import config
from portal.kit.config import ConfigError, Settings, load_settings

NEEDED = {
    "SECRET_KEY": "k" * 32,
    "DATABASE_URL": "postgresql://app:pw@127.0.0.1:5432/stallholder",
    "REDIS_URL": "redis://:pw@127.0.0.1:6379/0",
}


STRIPE = {
    "STRIPE_SECRET_KEY": "sk_test_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_12345678",
    "STRIPE_BASE_URL": "http://127.0.0.1:8001",
}


def load(**given: str) -> Settings:
    return load_settings(NEEDED | given)


def problems(**given: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(**given)
    return refused.value.problems


@pytest.fixture
def wechat_pay(tmp_path: Path) -> dict[str, str]:
    for name in ("private.pem", "public.pem"):
        (tmp_path / name).write_text("key")
    return {
        "WECHAT_PAY_MCHID": "1900000001",
        "WECHAT_PAY_APPID": "wx0000000000000001",
        "WECHAT_PAY_PRIVATE_KEY_FILE": str(tmp_path / "private.pem"),
        "WECHAT_PAY_CERT_SERIAL": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        "WECHAT_PAY_APIV3_KEY": "a" * 32,
        "WECHAT_PAY_PUBLIC_KEY_FILE": str(tmp_path / "public.pem"),
        "WECHAT_PAY_PUBLIC_KEY_ID": "PUB_KEY_ID_0000000001",
    }


def test_defaults_are_those_of_a_first_start() -> None:
    settings = load()

    assert (settings.port, settings.sandbox_port, settings.sandbox_smtp_port) == (8000, 8001, 8002)
    assert (settings.base_url, settings.sandbox_url) == ("http://127.0.0.1:8000", "http://127.0.0.1:8001")
    assert settings.state == Path("var").absolute()
    assert settings.database_owner_url == settings.database_url
    assert (settings.seller.country, settings.seller.time_zone) == ("GB", "Europe/London")
    assert settings.wechat_pay is None
    assert not settings.is_sandbox


def test_the_base_url_follows_the_port_and_loses_its_slash() -> None:
    assert load(PORTAL_PORT="9000").base_url == "http://127.0.0.1:9000"
    assert load(PORTAL_BASE_URL="https://stalls.example/").base_url == "https://stalls.example"


def test_a_blank_setting_counts_as_absent() -> None:
    assert load(PORTAL_PORT=" ", LOG_LEVEL="").port == 8000


def test_smtp_is_taken_apart() -> None:
    smtp = load(SMTP_URL="smtp://user:p%40ss@mail.example:587?starttls=1").smtp

    assert (smtp.host, smtp.port, smtp.user, smtp.password, smtp.is_starttls) == (
        "mail.example",
        587,
        "user",
        "p@ss",
        True,
    )
    assert "p@ss" not in repr(smtp)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("PORTAL_PORT", "http", "must be a port from 1 to 65535, not 'http'"),
        ("PORTAL_PORT", "0", "must be a port"),
        ("PORTAL_PORT", "65536", "must be a port"),
        ("PORTAL_PORT", "８０００", "must be a port"),
        ("PORTAL_LAN", "yes", "must be 0 or 1, not 'yes'"),
        ("PORTAL_SANDBOX", "true", "must be 0 or 1"),
        ("PORTAL_STATE", __file__, "must be a folder"),
        ("PORTAL_BASE_URL", "stalls.example", "must look like https://portal.example"),
        ("PORTAL_BASE_URL", "https://stalls.example/?a=b", "without user, query or fragment"),
        ("PORTAL_BASE_URL", "https://stalls.example:99999", "must look like"),
        ("DATABASE_URL", "mysql://app@127.0.0.1/stallholder", "must look like postgresql://"),
        ("DATABASE_URL", "postgresql://app@127.0.0.1", "must look like postgresql://"),
        ("REDIS_URL", "127.0.0.1:6379", "must look like redis://"),
        ("SMTP_URL", "smtp://user@mail.example", "must look like smtp://"),
        ("SMTP_URL", "smtp://mail.example?tls=1", "must look like smtp://"),
        ("MAIL_FROM", "nobody", "must be an address"),
        ("SECRET_KEY", "short", "at least 32 characters, it has 5"),
        ("SECRET_KEY", "k" * 32 + "\x07" + "k", "control character"),
        ("SELLER_COUNTRY", "UK of GB", "two capital letters"),
        ("SELLER_TIME_ZONE", "Mars/Olympus", "must be a time zone"),
        ("SELLER_VAT_RATES", "20", "must be countries with their percentages, such as GB=20,DE=19, not '20'"),
        ("SELLER_VAT_RATES", "GB=20,", "not ''"),
        ("SELLER_VAT_RATES", "GB=20;DE=19", "not 'GB=20;DE=19'"),
        ("SELLER_VAT_RATES", "gb=20", "not 'gb=20'"),
        ("SELLER_VAT_RATES", "GB=20%", "not 'GB=20%'"),
        ("SELLER_VAT_RATES", "GB=100", "not 'GB=100'"),
        ("SELLER_VAT_RATES", "GB=-1", "not 'GB=-1'"),
        ("SELLER_VAT_RATES", "GB=1.234", "not 'GB=1.234'"),
        ("SELLER_VAT_RATES", "GB=２０", "not 'GB=２０'"),
        ("SELLER_VAT_RATES", "GB=20, GB=19", "names GB twice"),
        ("LOG_LEVEL", "loud", "must be one of DEBUG, INFO"),
        ("PORTAL_REDIS_BIN", "/nowhere/redis-server", "names no file"),
    ],
)
def test_an_unfit_value_is_named_with_what_would_do(name: str, text: str, said: str) -> None:
    (problem,) = problems(**{name: text})

    assert problem.startswith(f"{name} ")
    assert said in problem


def test_tax_is_known_by_country_and_printed_nowhere() -> None:
    seller = load(SELLER_VAT_RATES="GB=20, FR=5.5,IE=0").seller

    assert [seller.vat_rate(country) for country in ("GB", "FR", "IE", "DE")] == [20, Decimal("5.5"), 0, 0]
    assert load().seller.vat_rates == {}
    assert "vat_rates" not in seller.printed()


def test_secrets_are_never_repeated() -> None:
    told = " ".join(problems(SECRET_KEY="hunter2", DATABASE_URL="mysql://app:hunter2@127.0.0.1/x"))

    assert "hunter2" not in told
    assert NEEDED["SECRET_KEY"] not in repr(load())


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings({"PORTAL_PORT": "x", "PORTAL_LAN": "x"})

    told = str(refused.value)
    assert all(name in told for name in ("PORTAL_PORT", "PORTAL_LAN", "SECRET_KEY", "DATABASE_URL", "REDIS_URL"))


def test_ports_must_differ() -> None:
    assert problems(PORTAL_SANDBOX="1", PORTAL_PORT="8001") == [
        "PORTAL_PORT and PORTAL_SANDBOX_PORT must differ, both are 8001"
    ]
    assert problems(PORTAL_SANDBOX="1", PORTAL_SANDBOX_PORT="65535") == [
        "PORTAL_SANDBOX_SMTP_PORT must be a port from 1 to 65535, it is 65536"
    ]
    assert load(PORTAL_SANDBOX="0", PORTAL_PORT="8001").port == 8001


def test_wechat_pay_is_set_up_whole(wechat_pay: dict[str, str]) -> None:
    keys = load(**wechat_pay).wechat_pay

    assert keys is not None
    assert keys.base_url == "https://api.mch.weixin.qq.com"
    assert keys.notify_url == "http://127.0.0.1:8000/api/v1/webhooks/wechat_pay"
    assert "a" * 32 not in repr(keys)


def test_half_of_wechat_pay_is_refused_by_name(wechat_pay: dict[str, str]) -> None:
    del wechat_pay["WECHAT_PAY_CERT_SERIAL"]

    (problem,) = problems(**wechat_pay)

    assert problem == "WeChat Pay is half set up, missing: WECHAT_PAY_CERT_SERIAL; give all or none"


def test_wechat_pay_keys_have_their_shapes(wechat_pay: dict[str, str]) -> None:
    wrong = {"WECHAT_PAY_APIV3_KEY": "a" * 31, "WECHAT_PAY_MCHID": "19x", "WECHAT_PAY_PUBLIC_KEY_FILE": "/nowhere.pem"}

    assert len(problems(**wechat_pay | wrong)) == 3


@pytest.mark.parametrize("held", [b"", b"key", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_certificate_that_cannot_be_read_is_told_at_the_start(
    wechat_pay: dict[str, str], tmp_path: Path, held: bytes
) -> None:
    (tmp_path / "cert.pem").write_bytes(held)

    (problem,) = problems(**wechat_pay, WECHAT_PAY_CERT_FILE=str(tmp_path / "cert.pem"))

    assert problem.startswith("WECHAT_PAY_CERT_FILE is no certificate in PEM form that can be read")


@pytest.mark.parametrize("base_url", ["", "https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"])
def test_the_sandbox_refuses_live_wechat_pay(wechat_pay: dict[str, str], base_url: str) -> None:
    (problem,) = problems(**wechat_pay, PORTAL_SANDBOX="1", WECHAT_PAY_BASE_URL=base_url)

    assert problem.startswith("PORTAL_SANDBOX=1 beside live keys: WECHAT_PAY_BASE_URL")


def test_the_sandbox_refuses_a_live_card_key() -> None:
    (problem,) = problems(**STRIPE | {"STRIPE_SECRET_KEY": "sk_live_1"}, PORTAL_SANDBOX="1")

    assert problem.startswith("PORTAL_SANDBOX=1 beside live keys: STRIPE_SECRET_KEY")


def test_the_sandbox_refuses_the_real_stripe() -> None:
    (problem,) = problems(**STRIPE | {"STRIPE_BASE_URL": ""}, PORTAL_SANDBOX="1")

    assert problem.startswith("PORTAL_SANDBOX=1 beside live keys: STRIPE_BASE_URL")


def test_stripe_is_set_up_whole() -> None:
    keys = load(**STRIPE | {"STRIPE_BASE_URL": "", "STRIPE_SECRET_KEY": "rk_live_abc"}).stripe

    assert keys is not None
    assert (keys.base_url, keys.is_live) == ("https://api.stripe.com", True)
    assert "rk_live_abc" not in repr(keys)
    assert "whsec_12345678" not in repr(keys)
    assert load().stripe is None


@pytest.mark.parametrize("name", ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"])
def test_half_of_stripe_is_refused_by_name(name: str) -> None:
    (problem,) = problems(**STRIPE | {name: " "})

    assert problem == f"Stripe is half set up, missing: {name}; give both or none"


def test_stripe_keys_have_their_shapes_and_are_not_repeated() -> None:
    told = problems(**STRIPE | {"STRIPE_SECRET_KEY": "pk_test_hunter2", "STRIPE_WEBHOOK_SECRET": "hunter2"})

    assert [problem.split()[0] for problem in told] == ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"]
    assert "hunter2" not in str(told)


def test_the_sandbox_takes_keys_of_its_own(wechat_pay: dict[str, str]) -> None:
    assert load(**wechat_pay, PORTAL_SANDBOX="1", WECHAT_PAY_BASE_URL="http://127.0.0.1:8001").is_sandbox


def test_the_readme_lists_every_setting() -> None:
    source = Path(config.__file__).read_text()
    names = set(
        re.findall(r'"((?:PORTAL|WECHAT_PAY|SELLER|DATABASE|REDIS|SMTP|ECB|MAIL|LOG|SECRET)_[A-Z0-9_]+)"', source)
    )
    readme = (Path(__file__).parents[2] / "README.md").read_text()

    assert len(names) > 20
    assert [name for name in sorted(names) if f"`{name}`" not in readme] == []
