"""Alembic's entry: migrations are plain SQL, one transaction each, and import nothing of the product."""

import os

from alembic import context
from sqlalchemy import create_engine, pool

_URL = os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"]


def run() -> None:
    """Bring the database named by DATABASE_OWNER_URL to the wanted revision; give up a lock after two seconds.

    Whoever comes after us waits for as long: their own patience is five seconds, so that nobody is refused.
    """
    engine = create_engine(_URL.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            connection.exec_driver_sql("SET lock_timeout = '2s'")
            context.run_migrations()


run()
