"""A day in numbers, as the overview shows it: events, runs and their lags, hour by hour, and what needs somebody."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from app.store import events, holds
from app.store.tables import runs
from tests.making import event

HOUR = 3600.0


def add_run(
    tx: Connection,
    ended_at: float,
    mapping_id: int,
    outcome: str = "done",
    *,
    lag: float | None = None,
    drift: int = 0,
    kind: str = "roster",
) -> None:
    """A run that ended then, `lag` seconds after what it covers was asked for."""
    values = {
        "mapping_id": mapping_id,
        "kind": kind,
        "fence": 1,
        "gen_from": 0,
        "gen_to": 1,
        "started_at": ended_at - 1,
        "ended_at": ended_at,
        "owner": "host:1:1:a",
        "outcome": outcome,
        "drift": drift,
        "asked_at": None if lag is None else ended_at - lag,
    }
    tx.execute(insert(runs).values(**values))


def add_events(tx: Connection, at: float, site_id: int, number: int) -> None:
    """So many events that were received then."""
    events.insert(tx, at, site_id, "signed", None, [event() for _ in range(number)])


def live_through(tx: Connection, now: float, site_id: int, mapping_id: int) -> None:
    """A day with quiet hours and busy ones, failures, drift, and a hold that waits since noon."""
    for ago in range(24):
        at = now - ago * HOUR - 600
        busy = (ago * 7) % 11
        add_events(tx, at, site_id, busy * 3)
        for number in range(busy):
            add_run(tx, at, mapping_id, lag=2.0 + number * 0.7 + (30 if ago == 5 else 0))
        if ago in (5, 6):
            add_run(tx, at, mapping_id, "retry")
        if ago == 5:
            add_run(tx, at, mapping_id, "dead", drift=3)
    holds.create(tx, now - 8 * HOUR, mapping_id=mapping_id, kind="roster", digest="d", items=[], run_id=1)
