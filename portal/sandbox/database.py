"""The sandbox's own tables and their creation: orders, payments, cards, notices, mails and the memory of the wire.

Nothing here refers to the product's database; `reset` empties every table.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()
Instant = DateTime(timezone=True)

switches = Table(
    "switches",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("mchid", Text, nullable=False),
    Column("appid", Text, nullable=False),
    Column("order_no", Text, nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("description", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("notify_url", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("claimed_by", Text),
    UniqueConstraint("provider", "mchid", "order_no"),
)

codes = Table(
    "codes",
    metadata,
    Column("token", Text, primary_key=True),
    Column("order_id", BigInteger, ForeignKey("orders.id"), nullable=False, index=True),
    Column("issued_at", Instant, nullable=False),
    Column("replaced", Boolean, nullable=False),
)

payments = Table(
    "payments",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("order_id", BigInteger, ForeignKey("orders.id"), nullable=False, index=True),
    Column("transaction_id", Text, nullable=False, unique=True),
    Column("mchid", Text, nullable=False),
    Column("appid", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("openid", Text, nullable=False),
    Column("bank_type", Text, nullable=False),
    Column("paid_at", Instant, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("provider", Text, nullable=False, server_default="wechat_pay"),
    Column("event_id", Text, nullable=False, unique=True),
    Column("order_no", Text, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("copies", Integer, nullable=False),
    Column("gap", Double, nullable=False),
    Column("state", Text, nullable=False),
    Index("notices_due", "due_at", postgresql_where="state = 'waiting'"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("order_no", Text, nullable=False),
    Column("variant", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("business_at", Instant, nullable=False),
    Column("status", Integer),
    Column("answer", Text, nullable=False),
    Column("took_ms", Integer, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("received_at", Instant, nullable=False),
    Column("business_at", Instant, nullable=False),
    Column("provider", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("order_no", Text),
    Column("body", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("fault", Text),
    Column("status", Integer),
)

nonces = Table(
    "nonces",
    metadata,
    Column("mchid", Text, primary_key=True),
    Column("nonce", Text, primary_key=True),
    Column("seen_at", Instant, nullable=False, index=True),
)

faults = Table(
    "faults",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("after", Boolean, nullable=False),
    Column("hold_seconds", Double, nullable=False),
    Column("remaining", Integer),
    Column("until", Instant),
)

stripe_objects = Table(
    "stripe_objects",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("customer", Text),
    Column("body", JSONB, nullable=False),
    Column("secret", JSONB, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("stripe_objects_of_customer", "customer", "kind", "created_at"),
)

stripe_replies = Table(
    "stripe_replies",
    metadata,
    Column("key", Text, primary_key=True),
    Column("request", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
)

mails = Table(
    "mails",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("received_at", Instant, nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipients", ARRAY(Text), nullable=False),
    Column("subject", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)


_SINCE_STRIPE = text("ALTER TABLE notices ADD COLUMN IF NOT EXISTS provider text NOT NULL DEFAULT 'wechat_pay'")


def connect(url: str) -> Engine:
    """An engine on the sandbox's database with its tables made where they are missing."""
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"), pool_size=8, max_overflow=24, pool_pre_ping=True
    )
    metadata.create_all(engine)
    with engine.begin() as connection:
        # A database made before there were two providers lacks what tells them apart.
        connection.execute(_SINCE_STRIPE)
    return engine


def clean(text: str) -> str:
    """Text that the database can hold: no NUL, no lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def empty(engine: Engine) -> None:
    """Delete every row of every table, in one transaction."""
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
