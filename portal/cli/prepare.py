"""What an installation needs before its first request, brought into its database; there already, it stays as it is."""

from portal.catalogue import price_book
from portal.currency import feed, rates
from portal.kit import edge, heartbeat
from portal.kit.config import Settings


def prepare(settings: Settings, *, is_start: bool = False) -> None:
    """Bring what every installation starts from into its database: the price book and the history of rates.

    :param is_start: nothing of it runs yet, so what an earlier run left as its signs of life is forgotten: ready is
        who has a living worker now. Otherwise a release may be at work beside us, whose signs are left alone.
    """
    settings.state.joinpath("uploads").mkdir(parents=True, exist_ok=True)
    edge.connect(settings.database_url, pool_size=1, application="prepare")
    if is_start:
        edge.write(heartbeat.forget)
    edge.write(price_book.load_first)
    if edge.write(lambda: rates.newest_day() is None):
        history = feed.shipped_history()
        edge.write(lambda: rates.store(history, "ecb history", edge.now()))
    edge.disconnect()
