import hmac

# ruleid: callers-outside-have-one-door
import requests
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

# ok: callers-outside-have-one-door
from portal.kit import http, logging, tokens

log = logging.logger()


def check(given, expected, session):
    # ruleid: secrets-are-compared-in-constant-time
    if session.token == given:
        return True
    signature = given
    # ruleid: secrets-are-compared-in-constant-time
    if signature != expected:
        return False
    # ok: secrets-are-compared-in-constant-time
    found = select(sessions).where(sessions.token == given)
    # ok: secrets-are-compared-in-constant-time
    return bool(found) and hmac.compare_digest(signature, expected) or tokens.is_same(given, expected)


def tell(request, user, form):
    # ruleid: secrets-and-bodies-are-not-logged
    log.info("log_in_failed", email=user, password="hunter2")
    # ruleid: secrets-and-bodies-are-not-logged
    log.warning("strange_form", sent=request.form)
    # ruleid: secrets-and-bodies-are-not-logged
    log.error("refused", given=form.password.data)
    # ok: secrets-and-bodies-are-not-logged
    log.info("log_in_failed", user=user.public_id)


def wake(connection):
    # ruleid: queues-speak-json
    loose = Queue("default", connection=connection)
    # ok: queues-speak-json
    tight = Queue("default", connection=connection, serializer=JSONSerializer)
    # ruleid: queues-speak-json
    SimpleWorker([loose], connection=connection)
    # ok: queues-speak-json
    SimpleWorker([tight], connection=connection, serializer=JSONSerializer)
