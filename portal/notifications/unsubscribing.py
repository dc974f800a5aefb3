"""The link of a mail by which its reader gets no more of that category, without a log-in.

Its token names reader and category and carries our signature, so nothing of it is stored; it does nothing else.
"""

from uuid import UUID

from portal.identity.queries import find_user_of
from portal.kit import config, tokens
from portal.kit.errors import N_, NotFound
from portal.notifications.kinds import OPTIONAL, Category


def token_of(reader: str, category: Category) -> str:
    """Return the token of a reader (public id) for a category."""
    signature = tokens.token_for(config.current().secret_key, f"unsubscribe {reader} {category}")
    return f"{reader}.{category}.{signature}"


def holder(token: str) -> tuple[UUID, str, Category]:
    """Return whose token this is, their address, and of what category.

    :raises NotFound: it is none of ours.
    """
    reader, _, rest = token.partition(".")
    category = next((category for category in OPTIONAL if rest.startswith(f"{category}.")), None)
    if category is not None and tokens.is_same(token, token_of(reader, category)):
        user = find_user_of(reader)
        if user is not None:
            return user.id, user.email, category
    raise NotFound("unsubscribe_link_unknown", N_("This link is not one of ours. Please copy all of it."))
