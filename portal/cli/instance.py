"""The instance that a command is called for, seen from a terminal beside it."""

from portal.cli import environment
from portal.kit import config, edge
from portal.kit.config import Settings


def connect(application: str, *, pool_size: int = 1) -> Settings:
    """Let this process work with the settings and on the database of the instance, and return those settings.

    :param application: shown in ``pg_stat_activity``.
    :raises ConfigError: a setting is wrong, or nothing runs that could be connected to.
    """
    settings = config.load_settings(environment.of_instance())
    config.use(settings)
    edge.connect(settings.database_url, pool_size=pool_size, application=application)
    return settings
