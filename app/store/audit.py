"""Audit: two rows a write to either system, one before and one after. Nothing here changes or deletes a row.

The personal values of a subject's `records` are kept apart (audit_subjects), with only a salted digest in the row: they
can be erased, and the row stays what it was (design.md 10).
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, bindparam, exists, insert, literal, select

from app.planning.chain import salted
from app.store.filters import newest
from app.store.tables import audit, audit_subjects, mappings

IDS = ("userid", "studentid")
"""What of a record says whom it is about; a record with one of them is of a person, and all else in it is personal."""

SITE, DIGEST = "site", "digest"
"""Stand in a stored record: whose userid it is, and for its personal values."""

ERASED = "erased"
"""Stands in a record, as it is read, for personal values that were erased."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row; `begin` and `end` of a call share `call_uid`. `subject` is personal: who and what, as sent.

    Of a person who was erased, a record holds the ids and `erased`.
    """

    id: int
    at: float
    call_uid: str
    phase: str
    actor: str
    mapping_id: int | None
    run_id: int | None
    system: str
    operation: str
    subject: dict[str, Any]
    outcome: str | None
    detail: str | None


_COPIED = (audit.c.actor, audit.c.mapping_id, audit.c.run_id, audit.c.system, audit.c.operation)
_BEGIN = insert(audit).returning(audit.c.id)
_SITE = select(mappings.c.site_id).where(mappings.c.id == bindparam("b_mapping"))
_PEOPLE = (
    select(audit_subjects)
    .where(audit_subjects.c.audit_id.in_(bindparam("b_ids", expanding=True)))
    .order_by(audit_subjects.c.audit_id, audit_subjects.c.place)
)
_ENDED = audit.alias("ended")
_AS_ENDED = select(
    bindparam("b_now", type_=audit.c.at.type),
    audit.c.call_uid,
    literal("end", audit.c.phase.type),
    bindparam("b_outcome", type_=audit.c.outcome.type),
    bindparam("b_detail", type_=audit.c.detail.type),
    bindparam("b_subject", type_=audit.c.subject.type),
    *_COPIED,
).where(audit.c.phase == "begin")
_COLUMNS = ["at", "call_uid", "phase", "outcome", "detail", "subject", *(column.name for column in _COPIED)]
_END = insert(audit).from_select(_COLUMNS, _AS_ENDED.where(audit.c.call_uid == bindparam("b_uid")))
_END_OPEN = insert(audit).from_select(
    _COLUMNS,
    _AS_ENDED.where(
        audit.c.run_id == bindparam("b_run"),
        ~exists().where(_ENDED.c.call_uid == audit.c.call_uid, _ENDED.c.phase == "end"),
    ),
)


def begin(
    tx: Connection,
    now: float,
    *,
    actor: str,
    system: str,
    operation: str,
    subject: Mapping[str, Any],
    mapping_id: int | None = None,
    run_id: int | None = None,
) -> str:
    """Write down what is about to be written to `system`; returns the call's uid. Commit before the call is sent.

    What `subject` holds of people stands in its list `records`, one object a person with her `userid` or `studentid`.
    """
    call_uid = str(uuid4())
    site_id = tx.execute(_SITE, {"b_mapping": mapping_id}).scalar() if subject.get("records") else None
    kept, people = _apart(subject, site_id)
    values = {
        "at": now,
        "call_uid": call_uid,
        "phase": "begin",
        "actor": actor,
        "mapping_id": mapping_id,
        "run_id": run_id,
        "system": system,
        "operation": operation,
        "subject": kept,
    }
    audit_id = tx.execute(_BEGIN, values).scalar_one()
    if people:
        common = {"audit_id": audit_id, "site_id": site_id, "mapping_id": mapping_id}
        tx.execute(insert(audit_subjects), [{**common, **person} for person in people])
    return call_uid


def end(
    tx: Connection,
    now: float,
    call_uid: str,
    outcome: str,
    detail: str | None = None,
    subject: Mapping[str, Any] | None = None,
) -> None:
    """Write down how a begun call ended: done, refused, failed or unknown. Nothing personal stands in it."""
    values = {
        "b_now": now,
        "b_uid": call_uid,
        "b_outcome": outcome,
        "b_detail": detail,
        "b_subject": dict(subject or {}),
    }
    tx.execute(_END, values)


def end_open(tx: Connection, now: float, run_ids: Collection[int], detail: str) -> None:
    """Write down, for each call that these runs left begun, that nobody knows how it ended."""
    values = {"b_now": now, "b_outcome": "unknown", "b_detail": detail, "b_subject": {}}
    for run_id in run_ids:
        tx.execute(_END_OPEN, {**values, "b_run": run_id})


def search(
    tx: Connection,
    *,
    mapping_id: int | None = None,
    run_id: int | None = None,
    site_id: int | None = None,
    call_uid: str | None = None,
    actor: str | None = None,
    system: str | None = None,
    operation: str | None = None,
    since: float | None = None,
    until: float | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """Rows that fit every given filter, the newest first; `before_id` pages on.

    Rows of `since` and later, and from before `until` (seconds since the epoch). A site has the rows of its mappings.
    """
    given = {
        "mapping_id": mapping_id,
        "run_id": run_id,
        "call_uid": call_uid,
        "actor": actor,
        "system": system,
        "operation": operation,
    }
    query = newest(audit, given, before_id=before_id, limit=limit)
    if site_id is not None:
        query = query.where(audit.c.mapping_id.in_(select(mappings.c.id).where(mappings.c.site_id == site_id)))
    if since is not None:
        query = query.where(audit.c.at >= since)
    if until is not None:
        query = query.where(audit.c.at < until)
    return whole(tx, [Entry(**row._mapping) for row in tx.execute(query)])


def whole(tx: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Rows as stored, with the personal values of their records put back in."""
    concerned = [each.id for each in entries if each.subject.get("records")]
    if not concerned:
        return list(entries)
    people: dict[int, dict[int, dict[str, Any]]] = {}
    for row in tx.execute(_PEOPLE, {"b_ids": concerned}):
        people.setdefault(row.audit_id, {})[row.place] = row.personal
    return [
        replace(each, subject=filled(each.subject, people[each.id])) if each.id in people else each for each in entries
    ]


def filled(subject: Mapping[str, Any], people: Mapping[int, Mapping[str, Any] | None]) -> dict[str, Any]:
    """A subject as stored, with the personal values of its records, by place; None: they were erased."""
    records = list(subject["records"])
    for place, personal in people.items():
        if place < len(records) and isinstance(records[place], dict):
            ids = {name: value for name, value in records[place].items() if name in IDS}
            records[place] = {**ids, **({ERASED: True} if personal is None else personal)}
    return {**subject, "records": records}


def _apart(subject: Mapping[str, Any], site_id: int | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A subject with digests in place of personal values, and the rows that keep these.

    Whose they are stays in the subject too, so that it is sealed: nobody can be made to be missed by an erasure.
    """
    site = {} if site_id is None else {SITE: site_id}
    records, people = list(subject.get("records", ())), []
    for place, record in enumerate(records):
        ids = {name: record[name] for name in IDS if record.get(name) is not None}
        if ids:
            personal = {name: value for name, value in record.items() if name not in ids}
            salt = secrets.token_hex(16)
            records[place] = {**ids, **site, DIGEST: salted(salt, personal)}
            whom = {"userid": None, "studentid": None, **ids}
            people.append({**whom, "place": place, "salt": salt, "personal": personal})
    return ({**subject, "records": records} if records else dict(subject)), people
