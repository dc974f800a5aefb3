from portal.kit import edge
from portal.payments.providers import registry
from portal.payments.states import move


def start(session, order):
    session.charge = order
    # ruleid: providers-are-called-between-transactions
    return registry.get("wechat_pay").create_charge(order)


def start_under_a_lock(provider, order):
    # ruleid: providers-are-called-between-transactions
    return edge.write(lambda: provider.create_charge(order))


def _send_charge(message):
    provider, order = message
    # ok: providers-are-called-between-transactions
    return registry.get(provider).create_charge(order)


def receive(provider, headers, body):
    # ok: providers-are-called-between-transactions
    return registry.get(provider).read_notification(headers, body)


def look(provider, number):
    # ruleid: provider-failures-are-not-swallowed
    try:
        provider.query(number)
    except OSError:
        pass


def look_at_all(provider, numbers):
    for number in numbers:
        # ruleid: provider-failures-are-not-swallowed
        try:
            provider.query(number)
        except Exception as error:
            continue


def look_and_say(provider, number, log):
    # ok: provider-failures-are-not-swallowed
    try:
        return provider.query(number)
    except OSError as error:
        log.warning("provider_away", error=type(error).__name__)


def settle(invoice, payment):
    # ruleid: a-status-moves-by-the-table
    invoice.status = "paid"
    # ok: a-status-moves-by-the-table
    move(payment, "completed")
    # ok: a-status-moves-by-the-table
    is_paid = invoice.status == "paid"
    return is_paid
