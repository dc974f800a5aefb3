"""Which providers this installation has set up."""

from portal.kit.config import Settings
from portal.payments.errors import ProviderNotConfigured
from portal.payments.providers.base import Listened, MethodKeeper, Provider
from portal.payments.providers.stripe import Stripe
from portal.payments.providers.wechat_pay import WeChatPay

_providers: dict[str, Provider] = {}
_keepers: dict[str, MethodKeeper] = {}


def configure(settings: Settings) -> None:
    """Build the adapters of the providers whose keys are given."""
    _providers.clear()
    if settings.wechat_pay is not None:
        adapter = WeChatPay(settings.wechat_pay, settings.code_prefixes)
        _providers[adapter.name] = adapter
    _keepers.clear()
    if settings.stripe is not None:
        keeper = Stripe(settings.stripe)
        _keepers[keeper.name] = keeper


def get(name: str) -> Provider:
    """Return the provider called ``name``.

    :raises ProviderNotConfigured: where its keys are not given.
    """
    if name not in _providers:
        raise ProviderNotConfigured
    return _providers[name]


def get_keeper(name: str) -> MethodKeeper:
    """Return who keeps cards, by name.

    :raises ProviderNotConfigured: where its keys are not given.
    """
    if name not in _keepers:
        raise ProviderNotConfigured
    return _keepers[name]


def keeps(name: str) -> bool:
    """Whether somebody of this name keeps cards for us."""
    return name in _keepers


def get_listened(name: str) -> Listened:
    """Return whoever sends us messages under this name.

    :raises ProviderNotConfigured: where its keys are not given.
    """
    return _keepers[name] if name in _keepers else get(name)


def names() -> list[str]:
    """Return the names of the providers that can be used."""
    return sorted(_providers)
