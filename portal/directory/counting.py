"""Telling those who limit how many products a business shows that their number may have changed.

The room does not know them: it stages a job, one for all changes until it runs, and the worker knows whom to ask.
"""

from datetime import datetime
from uuid import UUID

from portal.kit import jobs

PRODUCTS_COUNTED = "directory.products_counted"


def note(business_id: UUID, now: datetime) -> None:
    """Have the business's products looked at once the open transaction is kept."""
    key = f"{PRODUCTS_COUNTED}:{business_id}"
    jobs.stage(PRODUCTS_COUNTED, queue=jobs.Queue.DEFAULT, due_at=now, key=key, business_id=str(business_id))
