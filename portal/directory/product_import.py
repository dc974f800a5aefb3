"""Importing a file of products in the background: checked in chunks, entered all at once or not at all.

Each step is one transaction that stores how far it came, so a crash costs one chunk and a step run twice does nothing
twice. A file with any wrong line imports nothing; its report says what is wrong where.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, text

from portal.directory import counting, import_files, queries
from portal.directory.errors import ImportEnded, ImportRunning
from portal.directory.import_rows import Judge, Problem
from portal.directory.models import Business, ProductImport, ProductImportError, ProductImportRow
from portal.kit import ids, jobs
from portal.kit.db import FRESH, db
from portal.kit.errors import NotFound
from portal.kit.pagination import PAGE_SIZE, Page

IMPORT_PRODUCTS = "directory.import_products"
MAX_PROBLEMS = 1000
_CHUNK = 2000
_SECOND_CLICK = timedelta(minutes=1)
_ENTER = text(
    "INSERT INTO products (id, public_id, business_id, name, description, price_amount, price_currency, attributes, "
    "position, is_hidden, created_at) "
    "SELECT (product ->> 'id')::uuid, product ->> 'public_id', :business_id, product ->> 'name', "
    "product ->> 'description', (product ->> 'price')::bigint, "
    "CASE WHEN product ->> 'price' IS NOT NULL THEN :currency END, product -> 'attributes', "
    "(product ->> 'position')::integer, (product ->> 'hidden')::boolean, :now "
    "FROM product_import_rows WHERE import_id = :import_id ORDER BY line"
)


def start(business: Business, file_name: str, content: bytes, now: datetime) -> ProductImport:
    """Take a file in and stage its import; the same file within a minute is a second click on the same import.

    :raises BadFile: it cannot be read as a whole.
    :raises ImportRunning: another one has not ended yet.
    """
    row_count = import_files.count_rows(content)
    queries.lock_business(business.id)
    newest = find_newest(business.id)
    file_hash = hashlib.sha256(content).hexdigest()
    if newest and newest.file_hash == file_hash and newest.created_at > now - _SECOND_CLICK:
        return newest
    if newest and newest.finished_at is None:
        raise ImportRunning
    begun = ProductImport(
        public_id=ids.public_id("imp"),
        business_id=business.id,
        format=import_files.format_of(content),
        file_name=file_name[:200],
        file_hash=file_hash,
        content=content,
        state="queued",
        row_count=row_count,
        created_at=now,
    )
    db.add(begun)
    db.flush()
    _go_on(begun, now)
    return begun


def step(import_id: UUID, now: datetime) -> None:
    """Check the next chunk; after the last one enter all products, or none where a line is wrong."""
    found = _lock(import_id)
    if found is None or found.finished_at is not None:
        return
    found.state = "running"
    rows = list(islice(import_files.read(found.content or b""), found.checked_count, found.checked_count + _CHUNK))
    judge = Judge(_business(found).currency)
    judged = [(row.line, *judge.product(row)) for row in rows]
    _store_problems(found, [problem for _, _, problems in judged for problem in problems])
    if not found.error_count:
        _store_products(found, [(line, product) for line, product, _ in judged])
    found.checked_count += len(rows)
    if found.error_count >= MAX_PROBLEMS or (found.checked_count >= found.row_count and found.error_count):
        _end(found, "failed", now)
    elif found.checked_count >= found.row_count:
        _enter(found, now)
    else:
        _go_on(found, now)
    db.flush()


def cancel(found: ProductImport, now: datetime) -> None:
    """Stop an import; nothing of it was entered.

    :raises ImportEnded: it has ended already.
    """
    locked = _lock(found.id)
    if locked is None or locked.finished_at is not None:
        raise ImportEnded
    _end(locked, "cancelled", now)
    db.flush()


def get(business_id: UUID, public_id: str) -> ProductImport:
    """Return an import of this business.

    :raises NotFound: there is none.
    """
    query = select(ProductImport).where(ProductImport.business_id == business_id, ProductImport.public_id == public_id)
    found = db.scalars(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def find_newest(business_id: UUID) -> ProductImport | None:
    """Return the business's newest import, if any."""
    query = select(ProductImport).where(ProductImport.business_id == business_id)
    return db.scalars(query.order_by(ProductImport.id.desc()).limit(1)).one_or_none()


def list_problems_page(found: ProductImport, number: int) -> Page[ProductImportError]:
    """Return a page of what is wrong, in the order of the file."""
    query = _problems(found).offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    return Page(db.scalars(query).all(), number, found.error_count)


def list_problems(found: ProductImport) -> Sequence[ProductImportError]:
    """Return all that is wrong, at most ``MAX_PROBLEMS`` and a chunk's."""
    return db.scalars(_problems(found)).all()


def _problems(found: ProductImport) -> Any:
    query = select(ProductImportError).where(ProductImportError.import_id == found.id)
    return query.order_by(ProductImportError.number)


def _go_on(found: ProductImport, now: datetime) -> None:
    key = f"import:{found.id}:{found.checked_count}"
    jobs.stage(IMPORT_PRODUCTS, queue=jobs.Queue.BULK, due_at=now, key=key, import_id=str(found.id))


def _lock(import_id: UUID) -> ProductImport | None:
    query = select(ProductImport).where(ProductImport.id == import_id).with_for_update()
    return db.scalars(query.execution_options(**FRESH)).one_or_none()


def _business(found: ProductImport) -> Business:
    return db.scalars(select(Business).where(Business.id == found.business_id)).one()


def _store_problems(found: ProductImport, problems: list[Problem]) -> None:
    kept = problems[: MAX_PROBLEMS - found.error_count]
    rows = [
        {
            "import_id": found.id,
            "number": number,
            "line": problem.line,
            "column_name": problem.column,
            "message": problem.message,
            "params": problem.params,
            "value": problem.value,
        }
        for number, problem in enumerate(kept, found.error_count + 1)
    ]
    if rows:
        db.execute(insert(ProductImportError), rows)
    found.error_count += len(rows)


def _store_products(found: ProductImport, judged: list[tuple[int, dict[str, Any]]]) -> None:
    keys = sorted(ids.new_id() for _ in judged)  # the catalogue keeps the order of the file
    rows = [
        {
            "import_id": found.id,
            "line": found.checked_count + place,
            "product": product | {"id": str(keys[place]), "public_id": ids.public_id("prd")},
        }
        for place, (_, product) in enumerate(judged)
    ]
    if rows:
        db.execute(insert(ProductImportRow), rows)


def _enter(found: ProductImport, now: datetime) -> None:
    currency = _business(found).currency
    values = {"business_id": found.business_id, "currency": currency, "import_id": found.id, "now": now}
    db.execute(_ENTER, values)
    counting.note(found.business_id, now)
    _end(found, "done", now)


def _end(found: ProductImport, state: str, now: datetime) -> None:
    """Forget the file and what was checked of it; the report stays."""
    found.state, found.finished_at, found.content = state, now, None
    db.execute(delete(ProductImportRow).where(ProductImportRow.import_id == found.id))
