"""What a person does in the pages, in one call each."""

from flask.testing import FlaskClient

from portal.identity import queries, sign_in
from portal.identity.models import User
from portal.identity.sign_in import Kind
from portal.kit import clock, edge


def log_in(client: FlaskClient, email: str) -> None:
    """Give the browser what the form would give it, without the time that checking a password takes on purpose."""

    def begin() -> tuple[User, str]:
        user = queries.get_user_of(email)
        return user, sign_in.open_session(user, Kind.VENDOR, edge.now(), clock.wall())

    user, token = edge.write(begin)
    with client.session_transaction() as cookie:
        cookie.update(_user_id=token, _fresh=True, locale=user.locale)
