"""Giving a row back, by how its run ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Double, bindparam, case, func, select, update

from app.store.dialect import greatest, least
from app.store.tables import worklist
from app.store.worklist.lease import MINE, THIS_ROW, Claim, mine
from app.store.worklist.want import want

_ROW = worklist.c
_NOW = bindparam("b_now", type_=Double)
_AT = bindparam("b_at", type_=Double)
_GEN = bindparam("b_gen", type_=BigInteger)


@dataclass(frozen=True, slots=True)
class Done:
    """In step with everything wanted up to the claim; another look at `again_at` if nothing newer is wanted."""

    again_at: float | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """It failed; not again before `at`."""

    at: float


@dataclass(frozen=True, slots=True)
class Later:
    """Not finished, and no failure: stopped, shutting down, polling."""

    at: float


@dataclass(frozen=True, slots=True)
class Dead:
    """It failed for long enough: a person has to requeue it (D10)."""


@dataclass(frozen=True, slots=True)
class Parked:
    """It cannot go on until something outside changes."""

    reason: str


Ending = Done | Retry | Later | Dead | Parked

_FREE: dict[str, Any] = {"lease_owner": None, "lease_until": None, "crashes": 0}
_NEWER = _ROW.wanted > _GEN
_FAILING = {"attempts": _ROW.attempts + 1, "failing_since": func.coalesce(_ROW.failing_since, _NOW)}


def _releasing(**values: Any) -> Any:
    return update(worklist).where(MINE).values(**_FREE, **values)


def _closing(gate: str) -> Any:
    # A person who paused the row, or a breaker that parked it meanwhile, is not overruled.
    return case((_ROW.gate == "open", gate), else_=_ROW.gate)


_AGAIN = least(func.coalesce(_ROW.recheck_at, _AT), func.coalesce(_AT, _ROW.recheck_at))
_DONE = _releasing(
    seen=_GEN,
    asked_at=None,
    attempts=0,
    failing_since=None,
    not_before=0.0,
    due_at=case((_NEWER, _ROW.due_at), else_=_AGAIN),
    # What is wanted now is looked at first, the recheck after it: it may have been set for just that.
    recheck_at=case((_NEWER, _ROW.recheck_at), else_=None),
)
_LATER = _releasing(not_before=_AT, due_at=greatest(_ROW.due_at, _AT))
_RETRY = _releasing(not_before=_AT, due_at=greatest(_ROW.due_at, _AT), **_FAILING)
_DEAD = _releasing(gate=_closing("dead"), **_FAILING)
_PARKED = _releasing(
    gate=_closing("parked"), gate_reason=case((_ROW.gate == "open", bindparam("b_reason")), else_=_ROW.gate_reason)
)
_THERE = select(_ROW.mapping_id).where(THIS_ROW)


def release(tx: Connection, now: float, claim: Claim, ending: Ending, *, wrote: bool = False) -> bool:
    """Give the row back; False when the lease was lost, and nothing was changed (queue.md 3, release).

    End the run (runs.end) in the same transaction. `wrote` says that this run wrote to the other side: if the lease
    was lost, that may have come late and spoilt its successor's work, so another run is wanted here.
    """
    statement, values = _ended(now, claim, ending)
    if tx.execute(statement, {**mine(claim), **values}).rowcount == 1:
        return True
    if wrote and tx.execute(_THERE, {"b_mapping": claim.mapping_id, "b_kind": claim.kind}).first():
        want(tx, now, {(claim.mapping_id, claim.kind): ()}, quiet=0.0, cap=0.0)
    return False


def _ended(now: float, claim: Claim, ending: Ending) -> tuple[Any, dict[str, Any]]:
    match ending:
        case Done(again_at):
            return _DONE, {"b_gen": claim.gen_to, "b_at": again_at}
        case Retry(at):
            return _RETRY, {"b_now": now, "b_at": at}
        case Later(at):
            return _LATER, {"b_at": at}
        case Dead():
            return _DEAD, {"b_now": now}
        case Parked(reason):
            return _PARKED, {"b_reason": reason}
