"""Everything that is stored about a person, for the person (docs/privacy.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from app.kit import Kit
from app.setup import whom
from app.setup.acts import record
from app.setup.stored import Stored, stored
from app.setup.whom import Person
from app.store import mappings, people
from app.store.people import Seen

OPERATION = "disclose"
"""How the audit calls it."""

_TIMES = ("at", "received_at", "created_at", "ended_at", "written_at")


def disclose(kit: Kit, person: Person, actor: str) -> dict[str, Any]:
    """All that is stored of a person, ready for JSON; nothing in it is about anybody else. It is written down."""
    with kit.database.reading() as tx:
        found = stored(tx, person)
        told = _told(tx, found)
    with kit.database.transaction() as tx:
        subject = {
            "users": [list(each) for each in sorted(person.users)],
            "students": [list(each) for each in sorted(person.students)],
        }
        record(tx, kit.database.now(tx), actor, OPERATION, subject)
    return told


def _told(tx: Connection, found: Stored) -> dict[str, Any]:
    courses = {each.id: each for each in mappings.every(tx)}
    person = found.person
    return {
        "person": whom.shown(tx, person),
        "courses": [
            {"mapping": each, "moodle": courses[each].course_name, "kuracloud": courses[each].kura_course_name}
            for each in sorted(found.concerned)
            if each in courses
        ],
        "links": [_of_link(link) for link in found.links],
        "roster": [{"mapping": member.mapping_id, **member.values} for member in found.members],
        "as_last_read": [{"mapping": seen.mapping_id, **seen.values} for seen in found.readings],
        "plans": _documents(found, "runs"),
        "previews": _documents(found, "tasks"),
        "holds": _documents(found, "holds"),
        "grades": [_timed(cell) for cell in found.cells],
        "audit": _audited(tx, found),
        "events": [_timed(event) for event in people.of_events(tx, person.users)],
        "exceptions": [_timed(each) for each in people.of_exemptions(tx, person.users, person.students)],
    }


def _of_link(link: Seen) -> dict[str, Any]:
    about = {"mapping": link.mapping_id, "userid": link.userid, "studentid": link.studentid}
    return {**about, **_timed(link.values)}


def _documents(found: Stored, table: str) -> list[dict[str, Any]]:
    return [
        {"number": each.key, "mapping": each.mapping_id, "kind": each.kind, "at": _moment(each.at), "entries": said}
        for each, said in found.documents
        if each.table == table and said
    ]


def _audited(tx: Connection, found: Stored) -> list[dict[str, Any]]:
    rows = people.audit_rows(tx, {each.key for each in found.audit})
    return [
        {
            **_timed(rows[each.key]),
            "mapping": each.mapping_id,
            "userid": each.userid,
            "studentid": each.studentid,
            "values": each.values,
        }
        for each in found.audit
    ]


def _timed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _moment(value) if name in _TIMES else value for name, value in row.items()}


def _moment(epoch: float | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)
