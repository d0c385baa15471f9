"""Course mappings: one Moodle course, one kuraCloud course, each side at most once."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as Dictionary
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, or_, select, union, update
from sqlalchemy.exc import IntegrityError

from app.errors import Refused
from app.store.connections import Kind
from app.store.dialect import chosen, greatest, per_dialect
from app.store.tables import (
    bypasses,
    event_requests,
    exemptions,
    grade_cells,
    grade_columns,
    grade_exports,
    holds,
    links,
    mappings,
    readings,
    rosters,
    runs,
    sites,
    steps,
    tasks,
    worklist,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """The two courses of a mapping, with the connections they are reached by."""

    site_id: int
    courseid: int
    course_name: str
    instance_id: int
    kura_courseid: int
    kura_course_name: str

    @property
    def ours(self) -> tuple[int, int]:
        """The Moodle course, whatever it is called."""
        return self.site_id, self.courseid

    @property
    def theirs(self) -> tuple[int, int]:
        """The kuraCloud course, whatever it is called."""
        return self.instance_id, self.kura_courseid

    @property
    def connections(self) -> tuple[int, int]:
        """The site and the instance."""
        return self.site_id, self.instance_id


@dataclass(frozen=True, slots=True)
class Mapping:
    """A course mapping; `settings` is what app.planning.rules.from_settings reads.

    `started_at` None: nothing was approved yet, everything is held. Before `quiet_until` nobody may be removed: the
    Moodle course is being deleted or reset. `grades_at`: when grades are looked at next by schedule. `restored_as`: the
    id under which its deleted Moodle course came back, until a person decides.
    """

    id: int
    site_id: int
    courseid: int
    course_name: str
    instance_id: int
    kura_courseid: int
    kura_course_name: str
    settings: dict[str, Any]
    started_at: float | None
    quiet_until: float
    reconcile_at: float
    grades_at: float | None
    restored_as: int | None
    created_at: float

    @property
    def courses(self) -> Pair:
        """The two courses, as they were called last."""
        return Pair(**{name: getattr(self, name) for name in Pair.__slots__})


_ADD = per_dialect(lambda insert: insert(mappings).on_conflict_do_nothing().returning(mappings.c.id))
_GET = select(mappings).where(mappings.c.id == bindparam("b_id"))
_FOR_COURSE = select(mappings.c.id).where(
    mappings.c.site_id == bindparam("b_site"), mappings.c.courseid == bindparam("b_course")
)
_OF_SITE = select(mappings.c.id).where(mappings.c.site_id == bindparam("b_site"))
# A run under way may have read a user before this and link the user after it. In one statement, so that of a run that
# ends at this moment either the lease is seen or the link.
_FOR_USER = union(
    _OF_SITE.join(links, links.c.mapping_id == mappings.c.id).where(links.c.userid == bindparam("b_user")),
    _OF_SITE.join(worklist, worklist.c.mapping_id == mappings.c.id).where(worklist.c.lease_until.is_not(None)),
).order_by("id")
_FIND = (
    select(mappings)
    .join(sites, sites.c.id == mappings.c.site_id)
    .where(sites.c.name == bindparam("b_name"), mappings.c.courseid == bindparam("b_course"))
)
_RECONCILE_DUE = (
    select(mappings.c.id)
    .where(mappings.c.reconcile_at <= bindparam("b_now"))
    .order_by(mappings.c.reconcile_at, mappings.c.id)
    .limit(bindparam("b_limit"))
)

_GRADES_DUE = (
    select(mappings.c.id)
    .join(sites, sites.c.id == mappings.c.site_id)
    .where(sites.c.plugin.is_not(None), or_(mappings.c.grades_at.is_(None), mappings.c.grades_at <= bindparam("b_now")))
    .order_by(mappings.c.grades_at, mappings.c.id)
    .limit(bindparam("b_limit"))
)


def add(
    tx: Connection,
    now: float,
    *,
    site_id: int,
    courseid: int,
    course_name: str,
    instance_id: int,
    kura_courseid: int,
    kura_course_name: str,
    settings: Dictionary[str, Any],
    reconcile_at: float,
) -> int:
    """A new mapping; raises Refused, saying which, when either course is mapped already."""
    values = {
        "site_id": site_id,
        "courseid": courseid,
        "course_name": course_name,
        "instance_id": instance_id,
        "kura_courseid": kura_courseid,
        "kura_course_name": kura_course_name,
        "settings": dict(settings),
        "reconcile_at": reconcile_at,
        "created_at": now,
    }
    found = tx.execute(chosen(tx, _ADD), values).scalar()
    if found is None:
        raise Refused(_already_mapped(tx, site_id, courseid, instance_id, kura_courseid))
    return int(found)


def get(tx: Connection, mapping_id: int) -> Mapping | None:
    """The mapping with this number."""
    return _mapping(tx.execute(_GET, {"b_id": mapping_id}).first())


def every(tx: Connection) -> list[Mapping]:
    """All mappings by number."""
    return [Mapping(**row._mapping) for row in tx.execute(select(mappings).order_by(mappings.c.id))]


def some(tx: Connection, mapping_ids: Collection[int]) -> list[Mapping]:
    """Those of these mappings that there are, by number."""
    query = select(mappings).where(mappings.c.id.in_(mapping_ids)).order_by(mappings.c.id)
    return [Mapping(**row._mapping) for row in tx.execute(query)]


def sites_of(tx: Connection) -> dict[int, int]:
    """Of every mapping the site: mapping id -> site id."""
    return {row.id: row.site_id for row in tx.execute(select(mappings.c.id, mappings.c.site_id))}


def find(tx: Connection, site_name: str, courseid: int) -> Mapping | None:
    """The mapping of a site's Moodle course."""
    return _mapping(tx.execute(_FIND, {"b_name": site_name, "b_course": courseid}).first())


def for_course(tx: Connection, site_id: int, courseid: int) -> list[int]:
    """The mappings of a Moodle course: one or none."""
    return list(tx.execute(_FOR_COURSE, {"b_site": site_id, "b_course": courseid}).scalars())


def for_user(tx: Connection, site_id: int, userid: int) -> list[int]:
    """The mappings in which a Moodle user is or was linked to a student, or may be about to be: those with a run."""
    return list(tx.execute(_FOR_USER, {"b_site": site_id, "b_user": userid}).scalars())


def for_site(tx: Connection, site_id: int) -> list[int]:
    """All mappings of a site."""
    return of_connection(tx, "site", site_id)


def of_connection(tx: Connection, kind: Kind, connection_id: int) -> list[int]:
    """All mappings of a site or an instance."""
    column = mappings.c.site_id if kind == "site" else mappings.c.instance_id
    return list(tx.execute(select(mappings.c.id).where(column == connection_id).order_by(mappings.c.id)).scalars())


def per_connection(tx: Connection, kind: Kind) -> dict[int, int]:
    """How many mappings each site, or each instance, has; one without any is absent."""
    column = mappings.c.site_id if kind == "site" else mappings.c.instance_id
    return {row[0]: row[1] for row in tx.execute(select(column, func.count()).group_by(column))}


def kura_courses(tx: Connection, instance_id: int) -> dict[int, int]:
    """By course of an instance, the mapping that has it."""
    query = select(mappings.c.kura_courseid, mappings.c.id).where(mappings.c.instance_id == instance_id)
    return {row[0]: row[1] for row in tx.execute(query)}


def connected(tx: Connection) -> set[tuple[int, int]]:
    """Which site is mapped to which instance, by their numbers."""
    return {(row[0], row[1]) for row in tx.execute(select(mappings.c.site_id, mappings.c.instance_id).distinct())}


def repoint(tx: Connection, mapping_id: int, pair: Pair, *, quiet_until: float, reconcile_at: float) -> None:
    """Give a mapping other courses: nothing of it is approved any more. Raises Refused when either has a mapping."""
    values = {
        **asdict(pair),
        "started_at": None,
        "quiet_until": quiet_until,
        "reconcile_at": reconcile_at,
        "grades_at": None,
        "restored_as": None,
    }
    try:
        tx.execute(update(mappings).where(mappings.c.id == mapping_id).values(**values))
    except IntegrityError as error:
        raise Refused("One of the courses was mapped by somebody else just now: look at `mapping list`.") from error


def set_settings(tx: Connection, mapping_id: int, settings: Dictionary[str, Any]) -> None:
    """Replace the mapping's own settings; the time of its grades is chosen anew."""
    values = {"settings": dict(settings), "grades_at": None}
    tx.execute(update(mappings).where(mappings.c.id == mapping_id).values(**values))


def set_names(tx: Connection, mapping_id: int, course_name: str, kura_course_name: str) -> None:
    """The courses' names as they were read last."""
    values = {"course_name": course_name, "kura_course_name": kura_course_name}
    tx.execute(update(mappings).where(mappings.c.id == mapping_id).values(**values))


def quieten(tx: Connection, mapping_ids: Collection[int], until: float) -> None:
    """Remove nobody before `until`; an earlier call that reaches further stays in force."""
    # In the order of their numbers: two deliveries that quieten the same mappings could deadlock on PostgreSQL.
    lock(tx, *mapping_ids)
    later = greatest(mappings.c.quiet_until, bindparam("b_until", until))
    tx.execute(update(mappings).where(mappings.c.id.in_(mapping_ids)).values(quiet_until=later))


def lock(tx: Connection, *mapping_ids: int) -> None:
    """Let nobody else change these mappings until `tx` ends; before rows of the worklist, as a delivery locks them."""
    which = select(mappings.c.id).where(mappings.c.id.in_(mapping_ids)).order_by(mappings.c.id)
    tx.execute(which.with_for_update(key_share=True)).all()


def hold_still(tx: Connection, *mapping_ids: int) -> None:
    """Let nobody remove these mappings or point them elsewhere until `tx` ends; before rows of the worklist.

    PostgreSQL asks for it by itself when a row that hangs on a mapping is changed twice in one transaction: too late,
    for whoever has the mapping may be waiting for the first of the two.
    """
    which = select(mappings.c.id).where(mappings.c.id.in_(mapping_ids)).order_by(mappings.c.id)
    tx.execute(which.with_for_update(read=True, key_share=True)).all()


def seize(tx: Connection, mapping_id: int) -> Mapping | None:
    """The mapping as it is; until `tx` ends nobody else changes it, nor hangs anything on it. Locked first of all."""
    return _mapping(tx.execute(_GET.with_for_update(), {"b_id": mapping_id}).first())


def come_back_as(tx: Connection, site_id: int, courseid: int) -> list[int]:
    """The mappings whose own Moodle course was deleted and had come back as this one."""
    query = select(mappings.c.id).where(mappings.c.site_id == site_id, mappings.c.restored_as == courseid)
    return list(tx.execute(query.order_by(mappings.c.id)).scalars())


def set_restored(tx: Connection, mapping_id: int, restored_as: int) -> None:
    """A new course was made of the mapping's own: if that one is gone, this is the one that came back."""
    tx.execute(update(mappings).where(mappings.c.id == mapping_id).values(restored_as=restored_as))


def forget_restored(tx: Connection, mapping_id: int, restored_as: int) -> None:
    """The mapping's own course is there, so what was made of it is a copy; a later one is not forgotten."""
    mine = update(mappings).where(mappings.c.id == mapping_id, mappings.c.restored_as == restored_as)
    tx.execute(mine.values(restored_as=None))


def start(tx: Connection, mapping_id: int, now: float) -> None:
    """The first plan was approved: from now on only what is risky is held."""
    first = update(mappings).where(mappings.c.id == mapping_id, mappings.c.started_at.is_(None))
    tx.execute(first.values(started_at=now))


def reconcile_due(tx: Connection, now: float, limit: int) -> list[int]:
    """Mappings whose time to be compared without an event has come, the longest waiting first."""
    return list(tx.execute(_RECONCILE_DUE, {"b_now": now, "b_limit": limit}).scalars())


def set_reconcile_at(tx: Connection, mapping_id: int, at: float) -> None:
    """When the mapping is compared next without an event."""
    tx.execute(update(mappings).where(mappings.c.id == mapping_id).values(reconcile_at=at))


def grades_due(tx: Connection, now: float, limit: int) -> list[int]:
    """Mappings whose time for grades has come, or was never chosen, where Moodle can take some."""
    return list(tx.execute(_GRADES_DUE, {"b_now": now, "b_limit": limit}).scalars())


def set_grades_at(tx: Connection, mapping_id: int, at: float) -> None:
    """When grades are looked at next by schedule."""
    tx.execute(update(mappings).where(mappings.c.id == mapping_id).values(grades_at=at))


def remove(tx: Connection, mapping_id: int) -> None:
    """Forget a mapping and everything that hangs on it, except its audit rows."""
    # The mapping first: a delivery that makes removals wait locks it before its rows of the worklist.
    seize(tx, mapping_id)
    hanging_on_it = (event_requests, worklist, steps, holds, runs, links, rosters, readings, tasks)
    for table in (*hanging_on_it, grade_exports, grade_columns, grade_cells, exemptions, bypasses):
        tx.execute(delete(table).where(table.c.mapping_id == mapping_id))
    tx.execute(delete(mappings).where(mappings.c.id == mapping_id))


def _mapping(row: Row[Any] | None) -> Mapping | None:
    return None if row is None else Mapping(**row._mapping)


def _already_mapped(tx: Connection, site_id: int, courseid: int, instance_id: int, kura_courseid: int) -> str:
    columns = mappings.c
    mine = (columns.site_id == site_id) & (columns.courseid == courseid)
    theirs = (columns.instance_id == instance_id) & (columns.kura_courseid == kura_courseid)
    other = tx.execute(select(columns.id, mine.label("mine")).where(or_(mine, theirs)).order_by(columns.id)).first()
    if other is None:
        return "One of the courses was mapped and unmapped by somebody else just now: try again."
    which = f"Moodle course {courseid}" if other.mine else f"kuraCloud course {kura_courseid}"
    return f"The {which} is mapped already, by mapping {other.id}: a course belongs to one mapping."
