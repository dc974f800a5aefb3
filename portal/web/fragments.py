"""Parts of pages that are the same for everybody, kept as HTML for each language (``kit.cache``).

They are rendered where nothing of the person who asks is within reach: a template that so much as looks at the
request, the log-in, the form token or a message fails, whoever opens it first.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache as once
from pathlib import Path
from typing import Any

from flask import current_app
from jinja2 import StrictUndefined, Template
from markupsafe import Markup

from portal.kit import cache
from portal.web.language import gettext, language

PERSONAL = (
    "config", "csrf_token", "current_user", "date", "datetime", "g", "get_flashed_messages", "may", "nav_business",
    "request", "session",
)  # fmt: skip
"""What a template may know of who asks; days and times are told in the reader's zone."""
_ROOT = Path(__file__).parents[2]


def kept_html(
    template: str, parts: Sequence[str], values: Callable[[], dict[str, Any]], *, is_common: bool = True
) -> Markup:
    """Return the rendered ``template``, kept if possible.

    :param parts: what it depends on beside the language, the edition among it.
    :param values: gives what the template needs; asked only when it has to be rendered.
    :param is_common: whether others will ask for the same; what is not is not kept.
    """

    def make() -> str:
        return render(template, values())

    if not is_common:
        return Markup(make())  # noqa: S704 - rendered with everything escaped
    return Markup(cache.kept(template, (_release(), language(), *parts), make))  # noqa: S704 - rendered by us, signed


def render(template: str | Template, values: dict[str, Any]) -> Markup:
    """Render a template with nothing personal within its reach."""
    nothing = {name: StrictUndefined(name=name) for name in PERSONAL}
    return Markup(current_app.jinja_env.get_or_select_template(template).render(_=gettext, **nothing, **values))  # noqa: S704


@once
def _release() -> str:
    """Return what tells this code from another release: during a deployment both run and look into the same Redis."""
    digest = hashlib.sha256()
    for folder in ("portal", "templates"):
        for file in sorted((_ROOT / folder).rglob("*.*")):
            if file.suffix in (".py", ".html", ".mo"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
