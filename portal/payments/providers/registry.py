"""Which providers this installation has set up."""

from portal.kit.config import Settings
from portal.payments.errors import ProviderNotConfigured
from portal.payments.providers.base import Provider
from portal.payments.providers.wechat_pay import WeChatPay

_providers: dict[str, Provider] = {}


def configure(settings: Settings) -> None:
    """Build the adapters of the providers whose keys are given."""
    _providers.clear()
    if settings.wechat_pay is not None:
        adapter = WeChatPay(settings.wechat_pay, settings.code_prefixes)
        _providers[adapter.name] = adapter


def get(name: str) -> Provider:
    """Return the provider called ``name``.

    :raises ProviderNotConfigured: where its keys are not given.
    """
    if name not in _providers:
        raise ProviderNotConfigured
    return _providers[name]


def names() -> list[str]:
    """Return the names of the providers that can be used."""
    return sorted(_providers)
