"""What every part of the sandbox may reach: settings, database, clock, switches, keys and the courier."""

from dataclasses import dataclass

from flask import current_app
from sqlalchemy import Engine

from portal.sandbox.clock import Clock
from portal.sandbox.deliveries import Courier
from portal.sandbox.keyring import Keyring
from portal.sandbox.settings import Settings
from portal.sandbox.switches import Switches


@dataclass(frozen=True)
class World:
    """The pretend world of one process."""

    settings: Settings
    engine: Engine
    switches: Switches
    clock: Clock
    keyring: Keyring
    courier: Courier


def world() -> World:
    """The world of the current Flask app."""
    found: World = current_app.extensions["world"]
    return found
