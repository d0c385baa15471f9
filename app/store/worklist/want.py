"""Wanting work: `wanted` is a counter, so that whatever is wanted after a claim leads to another run (D2)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Double, and_, bindparam, case, func, insert, update

from app.store.dialect import chosen, greatest, least, per_dialect
from app.store.tables import event_requests, worklist

Target = tuple[int, str]

_NOW = bindparam("b_now", type_=Double)
_QUIET = bindparam("b_quiet", type_=Double)
_CAP = bindparam("b_cap", type_=Double)
_ROW = worklist.c


def _want(insert: Callable[[Any], Any], *, urgent: bool) -> Any:
    not_before = 0.0 if urgent else _ROW.not_before
    settled = least(_NOW + _QUIET, func.coalesce(_ROW.first_wanted_at, _NOW) + _CAP)
    first = insert(worklist).values(
        mapping_id=bindparam("b_mapping"),
        kind=bindparam("b_kind"),
        wanted=1,
        due_at=bindparam("b_first_due", type_=Double),
        first_wanted_at=_NOW,
    )
    return first.on_conflict_do_update(
        index_elements=["mapping_id", "kind"],
        set_={
            "wanted": _ROW.wanted + 1,
            "first_wanted_at": func.coalesce(_ROW.first_wanted_at, _NOW),
            "not_before": not_before,
            # D11: once due, stays due. A row that moved while its job is in Redis would lose its place.
            "due_at": case(
                (and_(_ROW.due_at <= _NOW, _ROW.lease_until.is_(None)), _ROW.due_at),
                else_=settled if urgent else greatest(not_before, settled),
            ),
            "recheck_at": _kept_recheck(),
        },
    ).returning(_ROW.mapping_id, _ROW.kind, _ROW.wanted)


def _kept_recheck() -> Any:
    """A look that waits in `due_at` with nothing wanted is a recheck: the earlier look must not swallow it (D12)."""
    waits = and_(_ROW.wanted == _ROW.seen, _ROW.lease_until.is_(None), _ROW.due_at > _NOW)
    return case((waits, least(func.coalesce(_ROW.recheck_at, _ROW.due_at), _ROW.due_at)), else_=_ROW.recheck_at)


_WANT = per_dialect(lambda insert: _want(insert, urgent=False))
_WANT_NOW = per_dialect(lambda insert: _want(insert, urgent=True))
_REQUEST = insert(event_requests)
_AT = bindparam("b_at", type_=Double)
_RECHECK = (
    update(worklist)
    .where(_ROW.mapping_id == bindparam("b_mapping"), _ROW.kind == bindparam("b_kind"))
    .values(recheck_at=least(func.coalesce(_ROW.recheck_at, _AT), _AT), due_at=func.coalesce(_ROW.due_at, _AT))
)


def want(
    tx: Connection,
    now: float,
    targets: Mapping[Target, Collection[int]],
    *,
    quiet: float,
    cap: float,
    urgent: bool = False,
) -> dict[Target, int]:
    """Want a look at each (mapping, kind), for the events given (none: a person or a clock asks); returns the gens.

    It is due `quiet` seconds from now, at most `cap` after the first thing wanted, never before its backoff ends.
    `urgent`: now, whatever the backoff (queue.md 3, accept). Rows are locked in the order of their keys, so that two
    deliveries cannot deadlock.
    """
    if not targets:
        return {}
    settle = 0.0 if urgent else quiet
    common = {"b_now": now, "b_quiet": settle, "b_cap": cap, "b_first_due": now + min(settle, cap)}
    parameters = [{**common, "b_mapping": mapping_id, "b_kind": kind} for mapping_id, kind in sorted(targets)]
    statement = chosen(tx, _WANT_NOW if urgent else _WANT)
    found = tx.execute(statement, parameters[0] if len(parameters) == 1 else parameters)
    gens = {(row.mapping_id, row.kind): row.wanted for row in found}
    _note_requests(tx, targets, gens)
    return gens


def set_recheck(tx: Connection, targets: Iterable[Target], at: float) -> None:
    """One more look at `at`, after whatever is wanted now; of several the earliest wins (D12).

    For rows that `want` has made.
    """
    parameters = [{"b_mapping": mapping_id, "b_kind": kind, "b_at": at} for mapping_id, kind in sorted(targets)]
    if parameters:
        tx.execute(_RECHECK, parameters)


def _note_requests(tx: Connection, targets: Mapping[Target, Collection[int]], gens: Mapping[Target, int]) -> None:
    requests = [
        {"mapping_id": mapping_id, "kind": kind, "gen": gens[mapping_id, kind], "event_id": event_id}
        for (mapping_id, kind), ids in targets.items()
        for event_id in ids
    ]
    if requests:
        tx.execute(_REQUEST, requests)
