"""Jobs of the directory: products that come in by file."""

from datetime import datetime
from uuid import UUID

from portal.directory import product_import
from worker.runner import Args, Handler, Plain


def _import_products(args: Args, now: datetime) -> None:
    product_import.step(UUID(args["import_id"]), now)


HANDLERS: dict[str, Handler] = {product_import.IMPORT_PRODUCTS: Plain(_import_products)}
