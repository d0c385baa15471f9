"""What lists and pages read: joins over several tables, never written to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Double, Select, and_, bindparam, case, func, or_, select

from app.store.holds import WAITING
from app.store.tables import holds, instances, links, mappings, runs, sites, worklist
from app.store.worklist import lateness


@dataclass(frozen=True, slots=True)
class QueueOverview:
    """How the queue is: `states` (kind, state) -> rows; `late` seconds; `due` rows that are due behind any gate."""

    states: dict[tuple[str, str], int]
    due: int
    late: float
    oldest_failing: float | None


@dataclass(frozen=True, slots=True)
class MappingLine:
    """A mapping in a list, with what is known of its roster work."""

    id: int
    site: str
    courseid: int
    course_name: str
    instance: str
    kura_courseid: int
    kura_course_name: str
    started_at: float | None
    state: str
    gate_reason: str | None
    due_at: float | None
    links: int
    hold_id: int | None
    drift: int
    last_outcome: str | None
    last_ended_at: float | None


@dataclass(frozen=True, slots=True)
class DeadLine:
    """Work that gave up, with what its last run said."""

    mapping_id: int
    kind: str
    site: str
    courseid: int
    attempts: int
    crashes: int
    failing_since: float | None
    reason: str | None
    message: str | None




def _state(row: Any) -> Any:
    """As app.store.worklist.rows.Row.state says it."""
    return case(
        (row.c.lease_owner.is_not(None), "running"),
        (row.c.gate != "open", row.c.gate),
        (row.c.wanted > row.c.seen, "wanted"),
        (row.c.due_at.is_not(None), "scheduled"),
        else_="idle",
    )


_STATE = _state(worklist)
_STATES = select(worklist.c.kind, _STATE.label("state"), func.count().label("rows")).group_by(worklist.c.kind, _STATE)
_TOTALS = select(
    func.count(case((worklist.c.due_at <= bindparam("b_now", type_=Double), 1))).label("due"),
    func.min(worklist.c.failing_since).label("oldest_failing"),
)
_DRIFT = (
    select(runs.c.mapping_id, func.sum(runs.c.drift).label("drift"))
    .where(runs.c.ended_at >= bindparam("b_since"))
    .group_by(runs.c.mapping_id)
    .having(func.sum(runs.c.drift) > 0)
)
_OUTCOMES = (
    select(runs.c.kind, runs.c.outcome, func.count())
    .where(runs.c.ended_at >= bindparam("b_since"))
    .group_by(runs.c.kind, runs.c.outcome)
)


def queue_overview(tx: Connection, now: float) -> QueueOverview:
    """The queue in numbers."""
    states = {(row.kind, row.state): row.rows for row in tx.execute(_STATES)}
    totals = tx.execute(_TOTALS, {"b_now": now}).one()
    return QueueOverview(states, totals.due, lateness(tx, now), totals.oldest_failing)


@dataclass(frozen=True, slots=True)
class Which:
    """Which mappings a list is about: those that fit everything given. `search` is part of a name or number.

    `state` as app.store.worklist.rows.Row.state says it, or `held`: something waits for a person.
    """

    search: str = ""
    state: str | None = None
    site_id: int | None = None
    instance_id: int | None = None
    after_id: int = 0
    limit: int | None = None


ALL = Which()


def mapping_lines(tx: Connection, kind: str = "roster", which: Which = ALL) -> list[MappingLine]:
    """Mappings by number, each with the state of its work of one kind."""
    query = _chosen(_mapping_lines(kind), which).order_by(mappings.c.id).limit(which.limit)
    return [MappingLine(**row._mapping) for row in tx.execute(query)]


def mapping_line(tx: Connection, mapping_id: int, kind: str = "roster") -> MappingLine:
    """The same of one mapping, which must exist."""
    return MappingLine(**tx.execute(_mapping_lines(kind).where(mappings.c.id == mapping_id)).one()._mapping)


def courses(tx: Connection, mapping_ids: Collection[int]) -> dict[int, str]:
    """The names of the Moodle courses of these mappings, by mapping."""
    query = select(mappings.c.id, mappings.c.course_name).where(mappings.c.id.in_(set(mapping_ids)))
    return {row.id: row.course_name for row in tx.execute(query)}


def dead_lines(tx: Connection) -> list[DeadLine]:
    """Everything that gave up, the longest failing first."""
    return [DeadLine(**row._mapping) for row in tx.execute(_dead_lines())]


def drift(tx: Connection, since: float) -> dict[int, int]:
    """By mapping: how many actions were needed since then that no event explains; mappings without any are absent."""
    return {row.mapping_id: row.drift for row in tx.execute(_DRIFT, {"b_since": since})}


def outcomes(tx: Connection, since: float) -> dict[tuple[str, str], int]:
    """How many runs of each (kind, outcome) ended since then."""
    return {(kind, outcome): count for kind, outcome, count in tx.execute(_OUTCOMES, {"b_since": since})}


def _mapping_lines(kind: str) -> Select[Any]:
    row, hold, last = worklist.alias("row"), holds.alias("hold"), runs.alias("last")
    active = select(func.count()).where(links.c.mapping_id == mappings.c.id, links.c.ended_at.is_(None))
    drifted = select(func.coalesce(func.sum(runs.c.drift), 0)).where(runs.c.mapping_id == mappings.c.id)
    state = _state(row)
    waits = and_(hold.c.mapping_id == mappings.c.id, hold.c.kind == kind, hold.c.state.in_(WAITING))
    return (
        select(
            mappings.c.id,
            sites.c.name.label("site"),
            mappings.c.courseid,
            mappings.c.course_name,
            instances.c.name.label("instance"),
            mappings.c.kura_courseid,
            mappings.c.kura_course_name,
            mappings.c.started_at,
            state.label("state"),
            row.c.gate_reason,
            row.c.due_at,
            active.scalar_subquery().label("links"),
            hold.c.id.label("hold_id"),
            drifted.scalar_subquery().label("drift"),
            last.c.outcome.label("last_outcome"),
            last.c.ended_at.label("last_ended_at"),
        )
        .join(sites, sites.c.id == mappings.c.site_id)
        .join(instances, instances.c.id == mappings.c.instance_id)
        .outerjoin(row, and_(row.c.mapping_id == mappings.c.id, row.c.kind == kind))
        .outerjoin(hold, waits)
        .outerjoin(last, last.c.id == row.c.last_run_id)
    )


def _chosen(query: Select[Any], which: Which) -> Select[Any]:
    listed = query.selected_columns
    query = query.where(mappings.c.id > which.after_id)
    for column, value in ((mappings.c.site_id, which.site_id), (mappings.c.instance_id, which.instance_id)):
        query = query if value is None else query.where(column == value)
    if which.state == "held":
        query = query.where(listed["hold_id"].is_not(None))
    elif which.state is not None:
        query = query.where(func.coalesce(listed["state"], "idle") == which.state)
    if which.search:
        texts = (mappings.c.course_name, mappings.c.kura_course_name)
        numbers = (mappings.c.id, mappings.c.courseid, mappings.c.kura_courseid)
        said = [text.icontains(which.search, autoescape=True) for text in texts]
        said += [number == int(which.search) for number in numbers] if _is_number(which.search) else []
        query = query.where(or_(*said))
    return query


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _dead_lines() -> Select[Any]:
    return (
        select(
            worklist.c.mapping_id,
            worklist.c.kind,
            sites.c.name.label("site"),
            mappings.c.courseid,
            worklist.c.attempts,
            worklist.c.crashes,
            worklist.c.failing_since,
            runs.c.reason,
            runs.c.message,
        )
        .join(mappings, mappings.c.id == worklist.c.mapping_id)
        .join(sites, sites.c.id == mappings.c.site_id)
        .outerjoin(runs, runs.c.id == worklist.c.last_run_id)
        .where(worklist.c.gate == "dead")
        .order_by(worklist.c.failing_since, worklist.c.mapping_id, worklist.c.kind)
    )
