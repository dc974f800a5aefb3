"""Counters and durations of the web processes; figures about jobs and money are read from the database at scrape."""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from sqlalchemy import text

from portal.kit.db import db

REQUESTS = Counter("portal_requests_total", "Requests answered", ["method", "endpoint", "status"])
SECONDS = Histogram("portal_request_seconds", "Time to answer a request", ["endpoint"])
EVENTS = Counter("portal_provider_events_total", "Provider notifications received", ["provider", "outcome"])
CACHE = Counter("portal_cache_total", "Looks into the cache of public pages", ["kind", "outcome"])

_JOBS = text("SELECT queue, state, count(*) FROM staged_jobs WHERE state <> 'done' GROUP BY queue, state")
_WAITING = text(
    "SELECT coalesce(extract(epoch FROM business_now() - min(due_at)), 0) FROM staged_jobs WHERE state = 'pending'"
)
_BROKEN = text("SELECT count(*) FROM (SELECT DISTINCT rule, subject FROM invariant_findings) found")
_UNASKED = text(
    "SELECT name, coalesce(extract(epoch FROM clock_timestamp() - asked_at), 1e9) "
    "FROM unnest(ARRAY['recent', 'whole']) AS every (name) LEFT JOIN invariant_checks USING (name)"
)


def exposition() -> bytes:
    """Return everything in Prometheus text format; opens a read of the database."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        for metric in (REQUESTS, SECONDS, EVENTS, CACHE):
            registry.register(metric)
    staged = Gauge("portal_staged_jobs", "Staged jobs not done", ["queue", "state"], registry=registry)
    for queue, state, count in db.execute(_JOBS):
        staged.labels(queue, state).set(count)
    overdue = Gauge("portal_oldest_job_seconds", "How long the oldest pending job is overdue", registry=registry)
    overdue.set(max(0, int(db.execute(_WAITING).scalar_one())))
    broken = Gauge("portal_invariant_violations", "Broken rules of the books, by the last checks", registry=registry)
    broken.set(db.execute(_BROKEN).scalar_one())
    told = "How long ago the books were checked"
    unasked = Gauge("portal_invariants_unasked_seconds", told, ["check"], registry=registry)
    for check, seconds in db.execute(_UNASKED):
        unasked.labels(check).set(int(seconds))
    return generate_latest(registry)
