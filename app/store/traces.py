"""What a trace reads: where one person, run or event stands in what is kept. Nothing here writes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, and_, bindparam, cast, false, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.store.audit import Entry, whole
from app.store.events import Event
from app.store.holds import Hold
from app.store.links import Link
from app.store.people import Student, User
from app.store.runs import Run
from app.store.tables import (
    audit,
    audit_subjects,
    event_requests,
    events,
    holds,
    links,
    mappings,
    rosters,
    runs,
)
from app.store.worklist import Claim

_CHUNK = 500  # ids in one statement
_CONDITIONS = 50  # in one statement
_KEPT = 5  # events about one user, or about a whole course, that are kept with a call

ASKED_BY = "asked_by"
"""In the audit row of a call: the events that asked for its run, which outlive the events themselves."""


class Request(NamedTuple):
    """An event's request: the generation of a row of the worklist it asked for."""

    mapping_id: int
    kind: str
    gen: int
    event_id: int


_BEHIND = (
    select(events.c.id, events.c.name, events.c.relateduserid, events.c.received_at)
    .join(event_requests, event_requests.c.event_id == events.c.id)
    .where(
        event_requests.c.mapping_id == bindparam("b_mapping"),
        event_requests.c.kind == bindparam("b_kind"),
        event_requests.c.gen > bindparam("b_from"),
        event_requests.c.gen <= bindparam("b_to"),
    )
    .distinct()
    .order_by(events.c.id.desc())
)


def asked_by(tx: Connection, run: Claim | Run, userids: Collection[int]) -> list[dict[str, Any]]:
    """Of the events that asked for what a run covers: the last about each of these users, and about no user at all."""
    of_range = {"b_mapping": run.mapping_id, "b_kind": run.kind, "b_from": run.gen_from, "b_to": run.gen_to}
    query = _BEHIND.where(or_(events.c.relateduserid.in_(list(userids)), events.c.relateduserid.is_(None)))
    times: Counter[int | None] = Counter()
    told = []
    for row in tx.execute(query, of_range):
        times[row.relateduserid] += 1
        if times[row.relateduserid] <= _KEPT:
            told.append({"event": row.id, "name": row.name, "userid": row.relateduserid, "at": row.received_at})
    return told[::-1]


def event_by_uid(tx: Connection, uid: str) -> list[int]:
    """The numbers of the events that their sites sent under this id."""
    return list(tx.execute(select(events.c.id).where(events.c.event_uid == uid).order_by(events.c.id)).scalars())


def requests_of(tx: Connection, event_ids: Collection[int]) -> list[Request]:
    """What these events asked for."""
    columns = event_requests.c
    query = select(columns.mapping_id, columns.kind, columns.gen, columns.event_id)
    return [Request(*row) for part in _parts(event_ids) for row in tx.execute(query.where(columns.event_id.in_(part)))]


def requests_in(tx: Connection, run: Run) -> list[Request]:
    """What events asked of a run."""
    columns = event_requests.c
    query = select(columns.mapping_id, columns.kind, columns.gen, columns.event_id).where(
        columns.mapping_id == run.mapping_id,
        columns.kind == run.kind,
        columns.gen > run.gen_from,
        columns.gen <= run.gen_to,
    )
    return [Request(*row) for row in tx.execute(query.order_by(columns.gen, columns.event_id))]


def events_by_id(tx: Connection, ids: Collection[int]) -> list[Event]:
    """Those of these events that are still kept."""
    query = select(events).order_by(events.c.id)
    return [Event(**row._mapping) for part in _parts(ids) for row in tx.execute(query.where(events.c.id.in_(part)))]


def events_of(tx: Connection, users: Collection[User], limit: int) -> list[int]:
    """The numbers of the newest events about these users."""
    about = [and_(events.c.site_id == user.site_id, events.c.relateduserid == user.userid) for user in users]
    query = select(events.c.id).where(or_(false(), *about)).order_by(events.c.id.desc()).limit(limit)
    return list(tx.execute(query).scalars())


def links_of(tx: Connection, users: Collection[User], students: Collection[Student]) -> list[Link]:
    """Every link of these, ended ones too, the oldest first."""
    of_users = [and_(mappings.c.site_id == user.site_id, links.c.userid == user.userid) for user in users]
    own = [and_(links.c.mapping_id == each.mapping_id, links.c.studentid == each.studentid) for each in students]
    # Two statements: one with both conditions reads every link there is.
    queries = (
        select(links).join(mappings, mappings.c.id == links.c.mapping_id).where(or_(false(), *of_users)),
        select(links).where(or_(false(), *own)),
    )
    found = {row.id: Link(**row._mapping) for query in queries for row in tx.execute(query)}
    return [found[number] for number in sorted(found)]


def called(tx: Connection, users: Collection[User], students: Collection[Student], limit: int) -> list[int]:
    """The newest audit rows that are about these."""
    columns = audit_subjects.c
    about = [and_(columns.userid == user.userid, columns.site_id == user.site_id) for user in users]
    about += [and_(columns.studentid == each.studentid, columns.mapping_id == each.mapping_id) for each in students]
    query = select(columns.audit_id).where(or_(false(), *about)).distinct().order_by(columns.audit_id.desc())
    return list(tx.execute(query.limit(limit)).scalars())


def calls_of_run(tx: Connection, run_id: int) -> list[int]:
    """The audit rows with which a run began its calls."""
    query = select(audit.c.id).where(audit.c.run_id == run_id, audit.c.phase == "begin", audit.c.system != "kurasync")
    return list(tx.execute(query.order_by(audit.c.id)).scalars())


def named_by(tx: Connection, event_id: int) -> list[int]:
    """The audit rows that name an event; it looks through the whole audit, since the event itself is gone."""
    query = select(audit.c.id).where(
        audit.c.phase == "begin",
        audit.c.run_id.is_not(None),
        cast(audit.c.subject, Text).contains(f'"event": {event_id},', autoescape=True),
    )
    return list(tx.execute(query.order_by(audit.c.id)).scalars())


def calls_after(tx: Connection, approval: Entry) -> list[int]:
    """The calls of the first run that did what somebody let go ahead."""
    query = select(audit.c.id, audit.c.run_id).where(
        audit.c.mapping_id == approval.mapping_id,
        audit.c.phase == "begin",
        audit.c.actor.in_([f"approved by {approval.actor}", f"limits lifted by {approval.actor}"]),
        audit.c.id > approval.id,
    )
    found = tx.execute(query.order_by(audit.c.id)).all()
    return [row.id for row in found if row.run_id == found[0].run_id]


def begun(tx: Connection, ids: Collection[int]) -> list[Entry]:
    """These rows with the people in them, the oldest first."""
    query = select(audit).order_by(audit.c.id)
    return [
        entry
        for part in _parts(ids)
        for entry in whole(tx, [Entry(**row._mapping) for row in tx.execute(query.where(audit.c.id.in_(part)))])
    ]


def ended(tx: Connection, call_uids: Collection[str]) -> dict[str, Entry]:
    """The rows that say how these calls ended, by call."""
    query = select(audit).where(audit.c.phase == "end")
    return {
        row.call_uid: Entry(**row._mapping)
        for part in _parts(call_uids)
        for row in tx.execute(query.where(audit.c.call_uid.in_(part)))
    }


def acts(tx: Connection, mapping_ids: Collection[int], operations: Collection[str]) -> list[Entry]:
    """What people did to these mappings in kurasync itself, the oldest first."""
    query = select(audit).where(
        audit.c.mapping_id.in_(list(mapping_ids)),
        audit.c.system == "kurasync",
        audit.c.phase == "begin",
        audit.c.operation.in_(list(operations)),
    )
    return whole(tx, [Entry(**row._mapping) for row in tx.execute(query.order_by(audit.c.id))])


def runs_by_id(tx: Connection, ids: Collection[int]) -> list[Run]:
    """Those of these runs that are still kept."""
    query = select(runs).order_by(runs.c.id)
    return [Run(**row._mapping) for part in _parts(ids) for row in tx.execute(query.where(runs.c.id.in_(part)))]


def runs_covering(tx: Connection, requests: Collection[Request]) -> list[int]:
    """The numbers of the runs that looked because of these."""
    found: set[int] = set()
    for part in _parts([(each.mapping_id, each.kind, each.gen) for each in requests], _CONDITIONS):
        covering = [
            and_(runs.c.mapping_id == mapping_id, runs.c.kind == kind, runs.c.gen_from < gen, runs.c.gen_to >= gen)
            for mapping_id, kind, gen in part
        ]
        found.update(tx.execute(select(runs.c.id).where(or_(*covering))).scalars())
    return sorted(found)


def runs_naming(
    tx: Connection,
    mapping_ids: Collection[int],
    userids: Collection[int],
    studentids: Collection[int],
    also: Collection[int],
) -> Iterator[Run]:
    """The runs `also` named and those whose plans may name one of these, the oldest first.

    One at a time: a plan may be large.
    """
    naming = and_(runs.c.mapping_id.in_(list(mapping_ids)), _naming(runs.c.plan, userids, studentids))
    query = select(runs).where(or_(naming, runs.c.id.in_(list(also)))).order_by(runs.c.id)
    for row in tx.execute(query, execution_options={"yield_per": 1}):
        yield Run(**row._mapping)


def holds_naming(
    tx: Connection, mapping_ids: Collection[int], userids: Collection[int], studentids: Collection[int]
) -> list[Hold]:
    """The holds whose items may name one of these, the oldest first."""
    naming = _naming(holds.c["items"], userids, studentids)
    query = select(holds).where(holds.c.mapping_id.in_(list(mapping_ids)), naming)
    return [Hold(**row._mapping) for row in tx.execute(query.order_by(holds.c.id))]


def holds_of_runs(tx: Connection, run_ids: Collection[int]) -> list[Hold]:
    """The holds that these runs made."""
    query = select(holds).order_by(holds.c.id)
    return [
        Hold(**row._mapping) for part in _parts(run_ids) for row in tx.execute(query.where(holds.c.run_id.in_(part)))
    ]


def addresses(tx: Connection, key: str) -> Iterator[tuple[str, User | None, Student | None]]:
    """Everybody who may have had an address, each with the address as it is stored: the caller compares.

    Looked for in links, in the rosters as last read, and in what the audit keeps of people: the whole of it.
    """
    lowered = key.lower()
    of_links = select(links.c.email, links.c.mapping_id, links.c.studentid, links.c.userid, mappings.c.site_id)
    of_links = of_links.join(mappings, mappings.c.id == links.c.mapping_id)
    for row in tx.execute(of_links.where(func.lower(links.c.email).contains(lowered, autoescape=True))):
        yield row.email, User(row.site_id, row.userid), Student(row.mapping_id, row.studentid)
    written = json.dumps(lowered)[1:-1]
    of_rosters = select(rosters.c.members, mappings.c.site_id).join(mappings, mappings.c.id == rosters.c.mapping_id)
    of_rosters = of_rosters.where(_lowered(rosters.c.members).contains(written, autoescape=True))
    for members, site_id in tx.execute(of_rosters):
        for member in members:
            yield member["email"], User(site_id, member["userid"]), None
    of_audit = select(audit_subjects).where(_lowered(audit_subjects.c.personal).contains(written, autoescape=True))
    for kept in tx.execute(of_audit):
        user = User(kept.site_id, kept.userid) if kept.site_id and kept.userid else None
        student = Student(kept.mapping_id, kept.studentid) if kept.mapping_id and kept.studentid else None
        yield str((kept.personal or {}).get("email", "")), user, student


def _lowered(column: Any) -> Any:
    return func.lower(cast(column, Text))


def _naming(column: Any, userids: Collection[int], studentids: Collection[int]) -> ColumnElement[bool]:
    """Whether a JSON column may hold one of these; the caller looks closer."""
    text = cast(column, Text)
    named = [("userid", userids), ("leaver", userids), ("studentid", studentids), ("restores", studentids)]
    alone = [f'"{name}": {number}{end}' for name, numbers in named for number in numbers for end in ",}"]
    several = [f'%"{name}s": [%{number}%' for name, numbers in named for number in numbers]
    return or_(false(), *(text.contains(words, autoescape=True) for words in alone), *map(text.like, several))


def _parts(values: Collection[Any], size: int = _CHUNK) -> Iterator[Sequence[Any]]:
    ordered = sorted(set(values))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
