"""Certificates that run out soon, told early enough that the provider can be asked for new ones."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.kit import logging
from portal.kit.config import Settings
from portal.payments.providers import registry

CHECK_KEYS = "payments.check_keys"
AHEAD = timedelta(days=30)
log = logging.logger()


@dataclass(frozen=True, slots=True)
class Expiring:
    """Our certificate at ``provider`` is good until ``until``, which is soon or past."""

    provider: str
    until: datetime


def expiring(wall: datetime) -> list[Expiring]:
    """Return what runs out within 30 days."""
    ends = [(name, registry.get(name).valid_until) for name in registry.names()]
    return [Expiring(name, until) for name, until in ends if until is not None and until - wall < AHEAD]


def expiring_with(settings: Settings, wall: datetime) -> list[Expiring]:
    """Return the same for a process that is not wired: one that only examines settings."""
    registry.configure(settings)
    return expiring(wall)


def check(wall: datetime) -> None:
    """Tell the logs of everything that runs out soon, each time it is asked."""
    for found in expiring(wall):
        log.error("certificate_expires", provider=found.provider, until=found.until.isoformat())
