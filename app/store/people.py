"""Everything personal in every table: found, read and emptied. Whose it is, is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    and_,
    delete,
    exists,
    false,
    null,
    or_,
    select,
    tuple_,
    update,
)

from app.store.tables import (
    audit,
    audit_subjects,
    events,
    exemptions,
    grade_cells,
    holds,
    links,
    mappings,
    readings,
    rosters,
    runs,
    tasks,
)

_CHUNK = 400  # values in one statement: SQLite takes no expression that is much deeper


DocumentTable = Literal["runs", "holds", "tasks"]
Key = tuple[DocumentTable, int]
"""A run, a hold or a task by its number."""


NO_SITE = 0
"""Stands for the site of audit records of mappings that were removed before sites were written down with them."""


class User(NamedTuple):
    """A Moodle user of a site."""

    site_id: int
    userid: int


class Student(NamedTuple):
    """A kuraCloud student of a mapping."""

    mapping_id: int
    studentid: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One stored record of one person; `key` is the link's number, the roster's mapping or the audit row's number.

    `site_id` and `mapping_id` None: nobody knows any more. `place` is that of an audit record in its row.
    """

    key: int
    site_id: int | None
    mapping_id: int | None
    userid: int | None
    studentid: int | None
    values: Mapping[str, Any]
    place: int = 0

    @property
    def user(self) -> User | None:
        """The Moodle user it names."""
        return None if self.userid is None else User(NO_SITE if self.site_id is None else self.site_id, self.userid)

    @property
    def student(self) -> Student | None:
        """The kuraCloud student it names."""
        return None if self.studentid is None or self.mapping_id is None else Student(self.mapping_id, self.studentid)


@dataclass(frozen=True, slots=True)
class Document:
    """The plan of a run or a task, or the items of a hold: entries about many people. `state` is a hold's, else ""."""

    table: DocumentTable
    key: int
    mapping_id: int
    kind: str
    at: float
    value: Any
    message: str
    state: str = ""


def of_links(tx: Connection, mapping_ids: Collection[int]) -> Iterator[Seen]:
    """Every link of these mappings, those in force and those that ended."""
    query = select(links, mappings.c.site_id).join(mappings, mappings.c.id == links.c.mapping_id)
    for part in _parts(mapping_ids):
        for row in tx.execute(query.where(links.c.mapping_id.in_(part)).order_by(links.c.id)):
            values = {
                "email": row.email,
                "echo": row.echo,
                "created_at": row.created_at,
                "ended_at": row.ended_at,
                "ended_reason": row.ended_reason,
            }
            yield Seen(row.id, row.site_id, row.mapping_id, row.userid, row.studentid, values)


def of_rosters(tx: Connection, mapping_ids: Collection[int]) -> Iterator[Seen]:
    """Every member of the rosters known."""
    query = select(rosters.c.mapping_id, rosters.c.members, mappings.c.site_id)
    query = query.join(mappings, mappings.c.id == rosters.c.mapping_id)
    for part in _parts(mapping_ids):
        for row in tx.execute(query.where(rosters.c.mapping_id.in_(part)).order_by(rosters.c.mapping_id)):
            for member in row.members:
                yield Seen(row.mapping_id, row.site_id, row.mapping_id, member["userid"], None, member)


def of_readings(tx: Connection, mapping_ids: Collection[int]) -> Iterator[Seen]:
    """Everybody whom the last runs read, on either side."""
    query = select(readings, mappings.c.site_id).join(mappings, mappings.c.id == readings.c.mapping_id)
    for part in _parts(mapping_ids):
        for row in tx.execute(query.where(readings.c.mapping_id.in_(part)).order_by(readings.c.mapping_id)):
            for member in row.members:
                yield Seen(row.mapping_id, row.site_id, row.mapping_id, member["userid"], None, member)
            for student in row.students:
                yield Seen(row.mapping_id, row.site_id, row.mapping_id, None, student["studentid"], student)


def documents(tx: Connection, mapping_ids: Collection[int]) -> Iterator[Document]:
    """Every hold, then the plan of every task and run, one at a time: a plan may be large."""
    for part in _parts(mapping_ids):
        held = select(holds).where(holds.c.mapping_id.in_(part)).order_by(holds.c.id)
        for row in tx.execute(held, execution_options={"yield_per": 1}):
            yield _hold(row)
        shown = select(tasks).where(tasks.c.mapping_id.in_(part), tasks.c.result.is_not(None)).order_by(tasks.c.id)
        for row in tx.execute(shown, execution_options={"yield_per": 1}):
            yield _task(row)
        ended = select(runs).where(runs.c.mapping_id.in_(part), runs.c.ended_at.is_not(None)).order_by(runs.c.id)
        for row in tx.execute(ended, execution_options={"yield_per": 1}):
            yield _run(row)


def document(tx: Connection, table: DocumentTable, key: int) -> Document | None:
    """One run, hold or task as it is now."""
    source, made = _DOCUMENTS[table]
    row = tx.execute(select(source).where(source.c.id == key)).first()
    return None if row is None else made(row)


def keys(tx: Connection, mapping_ids: Collection[int]) -> set[Key]:
    """Every hold of these mappings, and every run that has ended."""
    found: set[Key] = set()
    for part in _parts(mapping_ids):
        ended = select(runs.c.id).where(runs.c.ended_at.is_not(None), runs.c.mapping_id.in_(part))
        found |= {("runs", number) for number in tx.execute(ended).scalars()}
        held = select(holds.c.id).where(holds.c.mapping_id.in_(part))
        found |= {("holds", number) for number in tx.execute(held).scalars()}
    return found


def of_audit(tx: Connection, users: Collection[User], students: Collection[Student]) -> Iterator[Seen]:
    """What the audit keeps of these users, and of these students where it names no user; erased records left out.

    A record of a mapping that was removed before sites were written down is taken for any of these users' sites.
    """
    for each in sorted(users):
        at_site = or_(audit_subjects.c.site_id == each.site_id, audit_subjects.c.site_id.is_(None))
        yield from _audited(tx, and_(audit_subjects.c.userid == each.userid, at_site))
    key = tuple_(audit_subjects.c.mapping_id, audit_subjects.c.studentid)
    for part in _parts(students):
        yield from _audited(tx, and_(audit_subjects.c.userid.is_(None), key.in_(part)))


def of_whole_audit(tx: Connection, *, without_user: bool) -> Iterator[Seen]:
    """What the audit keeps of everybody, or of the students for whom it names no user."""
    which = audit_subjects.c.userid.is_(None) if without_user else audit_subjects.c.audit_id.is_not(None)
    yield from _audited(tx, which)


def audit_rows(tx: Connection, ids: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """When and what these audit rows were, by number."""
    query = select(audit.c.id, audit.c.at, audit.c.actor, audit.c.system, audit.c.operation)
    found = (row for part in _parts(ids) for row in tx.execute(query.where(audit.c.id.in_(part))))
    return {row.id: dict(row._mapping) for row in found}


def of_cells(tx: Connection, users: Collection[User]) -> list[Mapping[str, Any]]:
    """The grades remembered of these users."""
    query = select(grade_cells).join(mappings, mappings.c.id == grade_cells.c.mapping_id)
    return [dict(row._mapping) for row in tx.execute(query.where(_is(users, grade_cells.c.userid)))]


def of_events(tx: Connection, users: Collection[User]) -> list[Mapping[str, Any]]:
    """The events that name these users: numbers and times alone."""
    columns = (events.c.id, events.c.name, events.c.courseid, events.c.received_at)
    whom = or_(false(), *(and_(events.c.site_id == u.site_id, events.c.relateduserid == u.userid) for u in users))
    return [dict(row._mapping) for row in tx.execute(select(*columns).where(whom).order_by(events.c.id))]


def of_exemptions(tx: Connection, users: Collection[User], students: Collection[Student]) -> list[Mapping[str, Any]]:
    """The exemptions of these users and students."""
    number = exemptions.c.number
    moodle = and_(exemptions.c.side == "moodle", _is(users, number))
    key = tuple_(exemptions.c.mapping_id, number)
    kuracloud = and_(exemptions.c.side == "kuracloud", or_(false(), *(key == tuple(each) for each in students)))
    query = select(exemptions).join(mappings, mappings.c.id == exemptions.c.mapping_id)
    return [dict(row._mapping) for row in tx.execute(query.where(or_(moodle, kuracloud)))]


def asked_to_erase(tx: Connection, name: str) -> list[User]:
    """Users of whom an event of this name came, and of whom something personal is still stored."""
    linked = exists().where(
        links.c.userid == events.c.relateduserid,
        links.c.mapping_id == mappings.c.id,
        mappings.c.site_id == events.c.site_id,
        links.c.email.contains("@"),
    )
    audited = exists().where(
        audit_subjects.c.userid == events.c.relateduserid,
        audit_subjects.c.site_id == events.c.site_id,
        audit_subjects.c.salt.is_not(None),
    )
    query = select(events.c.site_id, events.c.relateduserid).where(
        events.c.name == name, events.c.relateduserid.is_not(None), or_(linked, audited)
    )
    return [User(*row) for row in tx.execute(query.distinct().order_by(*query.selected_columns))]


def empty_links(tx: Connection, addresses: Mapping[int, str]) -> None:
    """Put what stands for an erased address (by the link's number) in place of addresses and echoes."""
    for number, address in addresses.items():
        tx.execute(update(links).where(links.c.id == number).values(email=address, echo={}))


def leave_roster(tx: Connection, mapping_id: int, userids: Collection[int]) -> None:
    """Take users out of a roster known. It is no longer whole, so no run goes by it: the next one reads all."""
    row = tx.execute(select(rosters.c.members).where(rosters.c.mapping_id == mapping_id)).first()
    if row is not None:
        kept = [member for member in row.members if member["userid"] not in userids]
        tx.execute(update(rosters).where(rosters.c.mapping_id == mapping_id).values(members=kept, basis=""))


def leave_reading(tx: Connection, mapping_id: int, userids: Collection[int], studentids: Collection[int]) -> None:
    """Take users and students out of what the last run read."""
    row = tx.execute(select(readings).where(readings.c.mapping_id == mapping_id)).first()
    if row is not None:
        members = [member for member in row.members if member["userid"] not in userids]
        students = [student for student in row.students if student["studentid"] not in studentids]
        mine = update(readings).where(readings.c.mapping_id == mapping_id)
        tx.execute(mine.values(members=members, students=students))


def forget_documents(tx: Connection, mapping_id: int) -> None:
    """Empty the plans of all runs and the items of all holds of a mapping."""
    tx.execute(update(runs).where(runs.c.mapping_id == mapping_id).values(plan=null()))
    tx.execute(update(holds).where(holds.c.mapping_id == mapping_id).values(items=[]))


def put_document(tx: Connection, changed: Document) -> None:
    """Store a plan with its message, or items, anew."""
    if changed.table == "holds":
        tx.execute(update(holds).where(holds.c.id == changed.key).values(items=changed.value))
    else:
        values = {"plan": changed.value, "message": changed.message}
        tx.execute(update(runs).where(runs.c.id == changed.key).values(**values))


def empty_audit(tx: Connection, seen: Iterable[Seen]) -> None:
    """Take the personal values of audit records, and the salt of their digests, out for good."""
    for each in seen:
        here = (audit_subjects.c.audit_id == each.key, audit_subjects.c.place == each.place)
        tx.execute(update(audit_subjects).where(*here).values(salt=None, personal=null()))


def forget_cells(tx: Connection, users: Collection[User]) -> None:
    """Forget the grades of these users."""
    for user in users:
        of_site = grade_cells.c.mapping_id.in_(select(mappings.c.id).where(mappings.c.site_id == user.site_id))
        tx.execute(delete(grade_cells).where(grade_cells.c.userid == user.userid, of_site))


def _audited(tx: Connection, which: ColumnElement[bool]) -> Iterator[Seen]:
    query = select(audit_subjects).where(which, audit_subjects.c.salt.is_not(None))
    ordered = query.order_by(audit_subjects.c.audit_id, audit_subjects.c.place)
    for row in tx.execute(ordered, execution_options={"yield_per": 500}):
        yield Seen(
            row.audit_id, row.site_id, row.mapping_id, row.userid, row.studentid, row.personal or {}, row.place
        )


def _hold(row: Row[Any]) -> Document:
    return Document("holds", row.id, row.mapping_id, row.kind, row.created_at, row.items, "", row.state)


def _run(row: Row[Any]) -> Document:
    return Document("runs", row.id, row.mapping_id, row.kind, row.started_at, row.plan, row.message or "")


def _task(row: Row[Any]) -> Document:
    return Document("tasks", row.id, row.mapping_id, row.kind, row.asked_at, (row.result or {}).get("plan"), "")


def _is(users: Collection[User], column: Any) -> ColumnElement[bool]:
    return or_(false(), *(and_(mappings.c.site_id == each.site_id, column == each.userid) for each in users))


def _parts(values: Collection[Any]) -> Iterator[list[Any]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


_DOCUMENTS: Mapping[DocumentTable, tuple[Table, Callable[[Row[Any]], Document]]] = {
    "holds": (holds, _hold),
    "runs": (runs, _run),
    "tasks": (tasks, _task),
}
