"""What a person does in the pages, in one call each."""

from flask.testing import FlaskClient

from tests.support.shop import PASSWORD


def log_in(client: FlaskClient, email: str, password: str = PASSWORD) -> None:
    """Log in through the form."""
    answer = client.post("/login", data={"email": email, "password": password})
    assert answer.status_code == 303, answer.text
