"""Wanting work: `wanted` is a counter, so that whatever is wanted after a claim leads to another run (D2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Double, and_, bindparam, case, func, insert, literal_column, update

from app.store.dialect import INSERTS, chosen, greatest, least
from app.store.tables import event_requests, worklist

Target = tuple[int, str]

_ROW = worklist.c


@lru_cache(maxsize=16)
def _want(dialect: str, cap: float, urgent: bool) -> Any:
    """The upsert; VALUES brings now as first_wanted_at and now + quiet as due_at, which SET knows as `excluded`.

    A bound parameter in SET would make SQLAlchemy send one row a statement, so `cap` is part of the text.
    """
    statement = INSERTS[dialect](worklist)
    now, settled = statement.excluded.first_wanted_at, statement.excluded.due_at
    longest = func.coalesce(_ROW.first_wanted_at, now) + literal_column(repr(float(cap)), Double)
    due_at = least(settled, longest)
    return statement.on_conflict_do_update(
        index_elements=["mapping_id", "kind"],
        set_={
            "wanted": _ROW.wanted + literal_column("1"),
            "first_wanted_at": func.coalesce(_ROW.first_wanted_at, now),
            "not_before": literal_column("0") if urgent else _ROW.not_before,
            # D11: once due, stays due. A row that moved while its job is in Redis would lose its place.
            "due_at": case(
                (and_(_ROW.due_at <= now, _ROW.lease_until.is_(None)), _ROW.due_at),
                else_=due_at if urgent else greatest(_ROW.not_before, due_at),
            ),
            "recheck_at": _kept_recheck(),
        },
    ).returning(_ROW.mapping_id, _ROW.kind, _ROW.wanted)


def _kept_recheck() -> Any:
    """A look that waits in `due_at` with nothing wanted is a recheck: the earlier look must not swallow it (D12).

    One whose time has come is kept too: the claim clears it, and knows then that it is more than the events tell.
    """
    waits = and_(_ROW.wanted == _ROW.seen, _ROW.lease_until.is_(None), _ROW.due_at.is_not(None))
    return case((waits, least(func.coalesce(_ROW.recheck_at, _ROW.due_at), _ROW.due_at)), else_=_ROW.recheck_at)


# RETURNING makes many rows one statement, which PostgreSQL needs and SQLite does better without.
_REQUEST = {"sqlite": insert(event_requests), "postgresql": insert(event_requests).returning(event_requests.c.gen)}
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
    settled = now if urgent else now + min(quiet, cap)
    common = {"wanted": 1, "due_at": settled, "first_wanted_at": now}
    parameters = [{**common, "mapping_id": mapping_id, "kind": kind} for mapping_id, kind in sorted(targets)]
    found = tx.execute(_want(tx.dialect.name, cap, urgent), parameters[0] if len(parameters) == 1 else parameters)
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
        tx.execute(chosen(tx, _REQUEST), requests)
