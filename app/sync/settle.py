"""What follows from the way a run ended: for its row, for the run, and for the two connections (design.md 9)."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from app import metrics
from app.errors import ConnectionBroken, CourseGone, KurasyncError, LeaseLost, RunStopped, TransientError
from app.kit import Kit
from app.store import connections, instances, mappings, runs, sites, worklist
from app.store.mappings import Mapping
from app.store.worklist import Claim, Dead, Done, Ending, Later, Parked, Retry
from app.sync import alerting
from app.sync.backoff import Chance, backoff
from app.sync.lease import Ended, Lease, Waiting
from app.sync.parking import park

Result = Ended | Waiting | Exception

COURSE_GONE = "course_gone"
"""The gate's reason of a row whose course is not there; reconciling looks again."""

DEFECT = "defect"

# So many in a row, of different mappings, and it is the connection that fails.
_STRIKES = 3

_log = structlog.get_logger()
_LEVELS = {
    "done": logging.INFO,
    "later": logging.INFO,
    "retry": logging.WARNING,
    "lost": logging.WARNING,
    "parked": logging.WARNING,
    "dead": logging.ERROR,
}


@dataclass(frozen=True, slots=True)
class _Verdict:
    ending: Ending
    outcome: str
    reason: str = ""
    message: str = ""


def settle(kit: Kit, lease: Lease, result: Result, chance: Chance) -> str:
    """Release the row and end the run in one transaction; returns the run's outcome (tables.runs)."""
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        verdict = _verdict(kit, now, lease.claim, result, chance)
        # Connections before rows, as a claim locks them: the other way round two of them could deadlock.
        _tell_connections(kit, tx, now, lease.claim, result, chance)
        kept = worklist.release(tx, now, lease.claim, verdict.ending, wrote=lease.wrote)
        outcome = verdict.outcome if kept else "lost"
        _end_run(tx, now, lease.claim, outcome, verdict, result)
        _alert(tx, now, lease.claim, outcome, verdict, result)
        if isinstance(result, Waiting):
            runs.fold(tx, lease.claim)
    _report(lease.claim, outcome, verdict, result)
    _count(now, lease.claim, outcome)
    return outcome


def _verdict(kit: Kit, now: float, claim: Claim, result: Result, chance: Chance) -> _Verdict:
    match result:
        case Ended():
            return _Verdict(Done(result.again_at), "done", result.reason, result.message)
        case Waiting():
            return _Verdict(Later(result.until), "later", result.reason, result.message)
        case RunStopped() | LeaseLost():
            return _Verdict(Later(now), "later", result.reason, result.message)
        case ConnectionBroken(origin="moodle" | "kuracloud"):
            return _Verdict(Parked(result.reason), "parked", result.reason, result.message)
        case CourseGone():
            return _Verdict(Parked(COURSE_GONE), "parked", result.reason, result.message)
        case KurasyncError():
            return _failed(kit, now, claim, result, result.reason, result.message, chance)
        case _:
            message = f"An unexpected {type(result).__name__}; the log of the worker shows where."
            return _failed(kit, now, claim, result, DEFECT, message, chance)


def _failed(
    kit: Kit, now: float, claim: Claim, error: Exception, reason: str, message: str, chance: Chance
) -> _Verdict:
    if _gives_up(kit, now, claim):
        return _Verdict(Dead(), "dead", reason, message)
    return _Verdict(Retry(now + _pause(kit, claim, error, chance)), "retry", reason, message)


def _gives_up(kit: Kit, now: float, claim: Claim) -> bool:
    """Both for long enough and often enough: with age alone a busy or a broken day of our own kills rows (D10)."""
    if claim.failing_since is None or now - claim.failing_since <= kit.settings.dead_after:
        return False
    return claim.attempts + 1 >= kit.settings.dead_attempts


def _pause(kit: Kit, claim: Claim, error: Exception, chance: Chance) -> float:
    pause = backoff(kit.settings, claim.attempts, chance)
    if not isinstance(error, TransientError):
        return pause
    if error.acted:
        pause += kit.settings.settle
    return max(pause, error.retry_after or 0.0)


def _tell_connections(kit: Kit, tx: Connection, now: float, claim: Claim, result: Result, chance: Chance) -> None:
    mapping = mappings.get(tx, claim.mapping_id)
    if mapping is None:
        return
    if isinstance(result, Ended):
        connections.note_success(tx, "site", mapping.site_id, now)
        connections.note_success(tx, "instance", mapping.instance_id, now)
    elif isinstance(result, ConnectionBroken | TransientError) and result.origin:
        kind, connection_id = _connection(mapping, result.origin)
        if isinstance(result, TransientError):
            _strike(kit, tx, now, claim, kind, connection_id, result, chance)
        else:
            park(kit, tx, now, kind, connection_id, result.reason)


def _connection(mapping: Mapping, origin: str) -> tuple[connections.Kind, int]:
    return ("site", mapping.site_id) if origin == "moodle" else ("instance", mapping.instance_id)


def _strike(
    kit: Kit,
    tx: Connection,
    now: float,
    claim: Claim,
    kind: connections.Kind,
    connection_id: int,
    error: TransientError,
    chance: Chance,
) -> None:
    """Count a failure of the connection; pause it as long as it asks for, or from the third in a row on.

    A mapping that fails again says nothing new about its connection: one bad course must not pause the others.
    """
    if claim.attempts > 0 and error.retry_after is None:
        return
    strikes = _failures(tx, kind, connection_id) + 1
    pause = error.retry_after or 0.0
    if strikes >= _STRIKES:
        # No longer than a parked connection waits for its probe: others wait behind it.
        pause = max(pause, min(backoff(kit.settings, strikes - _STRIKES, chance), kit.settings.probe_interval))
    connections.note_failure(tx, kind, connection_id, now + pause if pause else 0.0)


def _failures(tx: Connection, kind: connections.Kind, connection_id: int) -> int:
    found = sites.get(tx, connection_id) if kind == "site" else instances.get(tx, connection_id)
    return found.failures if found else 0


def _end_run(tx: Connection, now: float, claim: Claim, outcome: str, verdict: _Verdict, result: Result) -> None:
    ended = result if isinstance(result, Ended) else Ended()
    runs.end(
        tx,
        now,
        claim.run_id,
        outcome,
        verdict.reason,
        verdict.message,
        plan=None if outcome == "lost" else ended.plan,  # somebody in it may have been erased since
        counts=dict(ended.counts),
        drift=ended.drift,
    )


def _alert(tx: Connection, now: float, claim: Claim, outcome: str, verdict: _Verdict, result: Result) -> None:
    if outcome == "dead":
        alerting.gave_up(tx, now, claim.mapping_id, claim.kind, verdict.reason)
    elif outcome == "done" and isinstance(result, Ended) and result.drift:
        alerting.drifted(tx, now, claim.mapping_id, claim.run_id, result.drift)


def _count(now: float, claim: Claim, outcome: str) -> None:
    lag = now - claim.asked_at if outcome == "done" and claim.asked_at is not None else None
    metrics.run_ended(claim.kind, outcome, lag)


def _report(claim: Claim, outcome: str, verdict: _Verdict, result: Result) -> None:
    _log.log(
        _LEVELS[outcome],
        "run_ended",
        mapping_id=claim.mapping_id,
        kind=claim.kind,
        run_id=claim.run_id,
        fence=claim.fence,
        gen_from=claim.gen_from,
        gen_to=claim.gen_to,
        outcome=outcome,
        reason=verdict.reason,
        exc_info=result if verdict.reason == DEFECT and isinstance(result, Exception) else None,
    )
