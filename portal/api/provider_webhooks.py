"""Where providers call us: the raw bytes go to the inbox, and success is answered only when it is committed.

It is answered within a second or not at all; providers come again after anything else.
"""

from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError

from portal.kit import edge, logging, metrics
from portal.kit.errors import DomainError
from portal.kit.views import public
from portal.payments import inbox
from portal.payments.errors import ProviderNotConfigured
from portal.payments.inbox import SignatureRejected

bp = Blueprint("provider_webhooks", __name__, url_prefix="/api/v1/webhooks")
_MAX_BODY = 64 * 1024
log = logging.logger()


@bp.post("/<provider>")
@public
def receive(provider: str) -> Response:
    """Store a verified message once. 401 for a bad proof, 404 for a provider we do not use, 503 without a database."""
    if (request.content_length or 0) > _MAX_BODY:
        return _refused(413, "too large")
    body = request.get_data()
    try:
        message = inbox.verify(provider, request.headers, body)
        inbox.receive(provider, message, edge.at_once)
    except ProviderNotConfigured:
        return _refused(404, "unknown provider")
    except SignatureRejected as error:
        metrics.EVENTS.labels(provider, "rejected").inc()
        log.warning("event_rejected", provider=provider, reason=str(error))
        return _refused(401, "signature")
    except (SQLAlchemyError, DomainError) as error:
        log.error("event_not_stored", provider=provider, error=type(error).__name__)
        return _refused(503, "try again")
    return Response(status=204)


def _refused(status: int, reason: str) -> Response:
    """Answer in the form that WeChat Pay asks for."""
    return Response(f'{{"code":"FAIL","message":"{reason}"}}', status=status, content_type="application/json")
