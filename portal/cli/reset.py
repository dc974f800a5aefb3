"""Wiping a sandbox: books, log-ins, queues and pictures go, keys and secrets stay, and the next start begins anew.

It refuses a running instance, and any that is no sandbox: nothing of real money is ever wiped from here.
"""

import shutil
from collections.abc import Mapping

from portal.cli import databases, environment
from portal.cli.supervisor import StartError, Supervisor
from portal.kit.config import Settings


def wipe(checked: Settings, given: Mapping[str, str]) -> None:
    """Remove everything a sandbox has stored, of its own servers and of those that were named.

    :param checked: the settings as far as their owner gave them; ``given`` is the environment itself.
    :raises StartError: this is no sandbox, or its instance runs.
    """
    if not checked.is_sandbox:
        raise StartError("this is no sandbox; what real money left behind is not wiped")
    with Supervisor(checked.state).in_charge():
        if given.get("DATABASE_URL", "").strip():
            _drop_databases(checked, given)
        for folder in ("postgres/data", "redis", "uploads"):
            shutil.rmtree(checked.state / folder, ignore_errors=True)


def _drop_databases(checked: Settings, given: Mapping[str, str]) -> None:
    environ = environment.completed(given, checked, servers={})
    for url in (checked.database_owner_url, environ["PORTAL_SANDBOX_DATABASE_URL"]):
        databases.drop(databases.renamed(url, "postgres"), databases.name_of(url))
