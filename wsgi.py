"""The entry of a WSGI server: ``granian --interface wsgi wsgi:app``."""

from portal.app import create_app

app = create_app()
