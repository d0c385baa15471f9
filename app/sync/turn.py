"""One turn at one mapping: claim it, do the work, settle what came of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from app import metrics
from app.errors import KurasyncError
from app.kit import Kit
from app.setup.backups import older
from app.store import events, mappings, worklist
from app.sync import grades, roster
from app.sync.backoff import Chance
from app.sync.lease import Ended, Lease, Waiting, boottime
from app.sync.settle import Result, settle

Verb = Callable[[Kit, Lease], Ended | Waiting]

VERBS: Mapping[str, Verb] = {"roster": roster.run, "grades": grades.run}
"""What each kind of work does."""

REFUSED = "refused"
"""The outcome when there was nothing to do: a duplicate, moved, parked, or being worked on."""

_EVENTS_NAMED = 5

_log = structlog.get_logger()


def take_turn(
    kit: Kit,
    mapping_id: int,
    kind: str,
    owner: str,
    stopping: Callable[[], bool] = lambda: False,
    *,
    verbs: Mapping[str, Verb] = VERBS,
    chance: Chance = random.random,
) -> str:
    """Returns the run's outcome (tables.runs), or `refused` when there was none.

    `owner` is host:pid:start:random (queue.md 2). `stopping` says when the process has to end. Raises only when the
    database is away: then the lease ends by itself, and another run follows.
    """
    idle = stopping() or older(kit) is not None  # a database put back from a backup: docs/backup.md
    lease = None if idle else _claim(kit, mapping_id, kind, owner, stopping)
    if lease is None:
        _log.debug("turn_refused", mapping_id=mapping_id, kind=kind)
        return REFUSED
    metrics.run_began(kind)
    with bound_contextvars(**_named(kit, lease)):
        return settle(kit, lease, _work(kit, verbs[kind], lease), chance)


def _named(kit: Kit, lease: Lease) -> dict[str, Any]:
    """What every log line of a run carries."""
    with kit.database.reading() as tx:
        asked = events.first_behind(tx, lease.claim, _EVENTS_NAMED)
    named: dict[str, Any] = {"run_id": lease.run_id, "mapping_id": lease.mapping_id, "kind": lease.kind}
    return {**named, "event_ids": asked} if asked else named


def _claim(kit: Kit, mapping_id: int, kind: str, owner: str, stopping: Callable[[], bool]) -> Lease | None:
    given = kit.settings
    taken_at = boottime()
    with kit.database.transaction() as tx:
        # Before the row of the worklist, as whoever removes it or points it elsewhere locks them.
        mappings.hold_still(tx, mapping_id)
        now = kit.database.now(tx)
        claim = worklist.claim(tx, now, mapping_id, kind, owner, given.lease, given.runs_per_instance)
    return Lease(kit, claim, taken_at=taken_at, stopping=stopping) if claim else None


def _work(kit: Kit, verb: Verb, lease: Lease) -> Result:
    try:
        return verb(kit, lease)
    except KurasyncError as error:
        return error
    except Exception as error:
        # Nobody knows in what state it left them.
        kit.database.dispose()
        return error
