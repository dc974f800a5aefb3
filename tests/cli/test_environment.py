"""The supervisor completes the environment: the owner's word comes first, and secrets stay."""

from pathlib import Path

import pytest

from portal.cli import environment
from portal.kit.config import STRIPE_KEYS, WECHAT_PAY_KEYS, ConfigError, load_settings

SERVERS = {
    "DATABASE_OWNER_URL": "postgresql://o:p@127.0.0.1:1/stallholder",
    "DATABASE_URL": "postgresql://u:p@127.0.0.1:1/stallholder",
    "REDIS_URL": "redis://:p@127.0.0.1:2/0",
}


def completed(tmp_path: Path, servers: dict[str, str] = SERVERS, **given: str) -> dict[str, str]:
    given = {"PORTAL_STATE": str(tmp_path), **given}
    return environment.completed(given, environment.checked(given), servers)


def test_a_bare_environment_becomes_a_whole_sandbox(tmp_path: Path) -> None:
    environ = completed(tmp_path)

    assert load_settings(environ).is_sandbox
    assert environ["WECHAT_PAY_BASE_URL"] == "http://127.0.0.1:8001"
    assert environ["SMTP_URL"] == "smtp://127.0.0.1:8002"
    assert environ["PORTAL_SANDBOX_DATABASE_URL"] == "postgresql://o:p@127.0.0.1:1/sandbox"
    assert environ["PORTAL_SANDBOX_STRIPE_WEBHOOK"] == "http://127.0.0.1:8000/api/v1/webhooks/stripe"


def test_secrets_stay_the_same_from_start_to_start(tmp_path: Path) -> None:
    assert completed(tmp_path) == completed(tmp_path)


def test_the_owners_word_comes_first(tmp_path: Path) -> None:
    environ = completed(
        tmp_path, SECRET_KEY="s" * 40, SMTP_URL="smtp://mail.example:25", PORTAL_BASE_URL="https://a.example"
    )

    assert environ["SECRET_KEY"] == "s" * 40
    assert environ["SMTP_URL"] == "smtp://mail.example:25"
    assert environ["PORTAL_BASE_URL"] == "https://a.example"


def test_a_named_database_lends_its_name_to_the_sandbox(tmp_path: Path) -> None:
    environ = completed(tmp_path, {}, DATABASE_URL="postgresql://u@db.example/shop", REDIS_URL="redis://r.example")

    assert environ["PORTAL_SANDBOX_DATABASE_URL"] == "postgresql://u@db.example/shop_sandbox"


def test_live_keys_switch_the_sandbox_off_and_half_of_them_are_refused() -> None:
    assert environment.sandbox_flag({"WECHAT_PAY_MCHID": "1900000001"}) == "0"
    assert environment.sandbox_flag({"WECHAT_PAY_MCHID": " "}) == "1"
    with pytest.raises(ConfigError, match="half set up"):
        environment.checked({"WECHAT_PAY_MCHID": "1900000001"})


def test_without_a_sandbox_nothing_is_pretended(tmp_path: Path) -> None:
    environ = completed(tmp_path, PORTAL_SANDBOX="0")

    assert "WECHAT_PAY_BASE_URL" not in environ
    assert "PORTAL_SANDBOX_DATABASE_URL" not in environ


def test_no_proxy_comes_between_our_own_processes(tmp_path: Path) -> None:
    assert completed(tmp_path, NO_PROXY="intern.example")["no_proxy"].startswith("intern.example,127.0.0.1,localhost")


def test_another_terminal_finds_the_running_instance(tmp_path: Path) -> None:
    given = {"PORTAL_STATE": str(tmp_path)}
    file = environment.written_file(tmp_path)
    file.parent.mkdir()
    environment.write_down(completed(tmp_path), given, file)

    assert environment.of_instance(given)["DATABASE_URL"] == SERVERS["DATABASE_URL"]
    assert environment.of_instance(given | {"REDIS_URL": "redis://other"})["REDIS_URL"] == "redis://other"
    assert file.stat().st_mode & 0o077 == 0


def test_the_product_takes_its_keys_from_the_ceremony_unless_it_has_its_own(tmp_path: Path) -> None:
    product_env = tmp_path / "product.env"
    product_env.write_text("WECHAT_PAY_MCHID=1\nWECHAT_PAY_APIV3_KEY=a=b\n")

    assert environment.with_product_keys({"WECHAT_PAY_MCHID": "2"}, product_env) == {
        "WECHAT_PAY_MCHID": "2",
        "WECHAT_PAY_APIV3_KEY": "a=b",
    }


def test_a_ceremony_of_an_earlier_version_is_held_again(tmp_path: Path) -> None:
    product_env = tmp_path / "product.env"
    assert environment.lacks_product_keys(product_env)
    product_env.write_text("".join(f"{name}=x\n" for name in WECHAT_PAY_KEYS))
    assert environment.lacks_product_keys(product_env)
    product_env.write_text("".join(f"{name}=x\n" for name in (*WECHAT_PAY_KEYS, *STRIPE_KEYS)))
    assert not environment.lacks_product_keys(product_env)
