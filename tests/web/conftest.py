"""The world that the walks go through: one of everything, everybody's cookie, and the two states of a payment."""

import pytest
from flask import Flask

from portal.kit import edge
from tests.support import callers
from tests.support.everything import World, furnish, make_everything, pay_here


@pytest.fixture
def whole_world(app: Flask) -> World:
    """One of everything, its payment waiting to be made."""
    world = edge.write(make_everything)
    edge.write(lambda: furnish(world, app.config["UPLOADS"]))
    return world


@pytest.fixture
def paid_world(whole_world: World) -> World:
    """One of everything, paid."""
    edge.write(lambda: pay_here(whole_world))
    return whole_world


@pytest.fixture
def cookies(app: Flask, whole_world: World) -> dict[str, str]:
    """The cookie of everybody who may come."""
    return callers.cookies(app)
