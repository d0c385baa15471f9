"""The seals of the audit: rows without one, and the chain as it is stored. Whether a seal fits is not decided here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, and_, bindparam, exists, func, insert, or_, select, text

from app.planning.chain import Head
from app.planning.verification import ERASE, Link, Person
from app.store.dialect import as_text
from app.store.tables import audit, audit_seals, audit_subjects

LATE = 10_000
"""How far below the highest sealed id a row counts as new: on PostgreSQL a lower id may be committed later.

Ids are given out for some seconds at most before they are committed: the server ends what is idle for longer
(app.store.db), and nobody writes that many rows in that time.
"""

COLUMNS = [column.name for column in audit.columns]
_SUBJECT = COLUMNS.index("subject")
# As text: what is not JSON any more is a row that was changed, not an error of ours.
_ROW = [as_text(column).label("subject") if column is audit.c.subject else column for column in audit.columns]
_HEAD = select(audit_seals.c.seq, audit_seals.c.seal, audit_seals.c.sealed_at).order_by(audit_seals.c.seq.desc())
_NEWEST = _HEAD.limit(1)
_AT = _HEAD.where(audit_seals.c.seq == bindparam("b_seq"))
_HIGHEST = select(func.max(audit_seals.c.audit_id))
_OPEN = ~exists().where(audit_seals.c.audit_id == audit.c.id)
_SLICE = 1000
_AFTER, _LAST = bindparam("b_after", type_=BigInteger), bindparam("b_last", type_=BigInteger)
_BEFORE = audit_seals.alias("before")
_CHAIN = (
    select(
        audit_seals.c.seq, audit_seals.c.seal, audit_seals.c.sealed_at, _BEFORE.c.seal, audit_seals.c.audit_id, *_ROW
    )
    .join_from(audit_seals, audit, audit.c.id == audit_seals.c.audit_id, isouter=True)
    .join(_BEFORE, _BEFORE.c.seq == audit_seals.c.seq - 1, isouter=True)
    .where(audit_seals.c.seq > _AFTER)
    .order_by(audit_seals.c.seq)
    .limit(_SLICE)
)
_UNSEALED = select(*_ROW).where(audit.c.id > _AFTER, _OPEN).order_by(audit.c.id).limit(bindparam("b_limit"))
_SINCE = select(func.min(audit_seals.c.seq)).where(audit_seals.c.sealed_at >= bindparam("b_since"))
_PERSON = [
    audit_subjects.c.place,
    audit_subjects.c.site_id,
    audit_subjects.c.mapping_id,
    audit_subjects.c.userid,
    audit_subjects.c.studentid,
    audit_subjects.c.salt,
    as_text(audit_subjects.c.personal).label("personal"),
]
_PEOPLE = select(audit_subjects.c.audit_id, *_PERSON).order_by(audit_subjects.c.audit_id, audit_subjects.c.place)
_OF_SEALS = _PEOPLE.join_from(
    audit_seals, audit_subjects, audit_subjects.c.audit_id == audit_seals.c.audit_id
).where(audit_seals.c.seq > _AFTER, audit_seals.c.seq <= _LAST)
_OF_ROWS = _PEOPLE.where(audit_subjects.c.audit_id > _AFTER, audit_subjects.c.audit_id <= _LAST)
_ERASING = select(audit.c.id, as_text(audit.c.subject)).where(
    audit.c.operation == ERASE, audit.c.phase == "begin"
)
# A seal below the first is in no chain: it would hide a row.
_HIDDEN = exists().where(audit_seals.c.audit_id == audit.c.id, audit_seals.c.seq < 1)
_OVERLOOKED = (
    select(audit.c.id)
    .where(or_(and_(audit.c.id <= bindparam("b_floor"), _OPEN), _HIDDEN))
    .order_by(audit.c.id)
)
_WAITING = select(func.count(), func.min(audit.c.at)).select_from(audit).where(audit.c.id > bindparam("b_floor"), _OPEN)


def lock(tx: Connection) -> None:
    """Let nobody else seal until the transaction ends; on SQLite nobody else writes anyhow."""
    if tx.dialect.name != "sqlite":
        tx.execute(text("LOCK TABLE audit_seals IN SHARE ROW EXCLUSIVE MODE"))


def head(tx: Connection) -> Head | None:
    """The end of the chain; None: nothing was sealed yet."""
    row = tx.execute(_NEWEST).one_or_none()
    return Head(*row) if row else None


def at(tx: Connection, seq: int) -> Head | None:
    """The end of the chain as it was with `seq` rows; None: it never had so many."""
    row = tx.execute(_AT, {"b_seq": seq}).one_or_none()
    return Head(*row) if row else None


def floor(tx: Connection) -> int:
    """The id above which a row without a seal is new: one below it should have had one long ago."""
    return max(0, (tx.execute(_HIGHEST).scalar() or 0) - LATE)


def unsealed(tx: Connection, above: int, limit: int) -> list[dict[str, Any]]:
    """New rows without a seal, the lowest id first."""
    return [as_row(each) for each in tx.execute(_UNSEALED, {"b_after": above, "b_limit": limit})]


def add(tx: Connection, seals: Sequence[tuple[Head, int]]) -> None:
    """Append seals, each with the id of the row that it is of."""
    if seals:
        rows = [
            {"seq": each.seq, "audit_id": audit_id, "seal": each.seal, "sealed_at": each.sealed_at}
            for each, audit_id in seals
        ]
        tx.execute(insert(audit_seals), rows)


def links(tx: Connection) -> Iterator[Link]:
    """The whole chain, in pages: it fits into no memory."""
    after = 0
    while found := page(tx, after):
        yield from found
        after = _seq(found[-1])


def page(tx: Connection, after: int, mapping_id: int | None = None) -> list[Link]:
    """The first thousand links after the seal `after`, of one mapping or of all."""
    query, whose = (_CHAIN, _OF_SEALS) if mapping_id is None else _of(mapping_id, _CHAIN, _OF_SEALS)
    rows = [tuple(row) for row in tx.execute(query, {"b_after": after})]
    people = _people(tx, whose, after, rows[-1][0]) if rows else {}
    return [_link(row, people.get(row[4], ())) for row in rows]


def page_of_rest(tx: Connection, after: int, mapping_id: int | None = None) -> list[Link]:
    """The first thousand rows without a seal whose id is above `after`, of one mapping or of all."""
    query, whose = (_UNSEALED, _OF_ROWS) if mapping_id is None else _of(mapping_id, _UNSEALED, _OF_ROWS)
    rows = [as_row(each) for each in tx.execute(query, {"b_after": after, "b_limit": _SLICE})]
    people = _people(tx, whose, after, rows[-1]["id"]) if rows else {}
    return [Link(None, None, row["id"], row, people.get(row["id"], ())) for row in rows]


def since(tx: Connection, moment: float) -> int | None:
    """The first seal made at this time or later; None: there is none."""
    found: int | None = tx.execute(_SINCE, {"b_since": moment}).scalar()
    return found


def erasing(tx: Connection) -> Iterator[tuple[int, Any]]:
    """Id and subject of the rows that say what was erased."""
    for row in tx.execute(_ERASING):
        yield row[0], parsed(row[1])


def overlooked(tx: Connection, below: int) -> Iterator[int]:
    """Ids of rows that are not new, and have no seal in the chain."""
    yield from tx.execute(_OVERLOOKED, {"b_floor": below}).scalars()


def waiting(tx: Connection, above: int) -> tuple[int, float | None]:
    """How many new rows have no seal yet, and the time of the oldest (None: there is none)."""
    row = tx.execute(_WAITING, {"b_floor": above}).one()
    return row[0], row[1]


def as_row(values: Sequence[Any]) -> dict[str, Any]:
    """A row of the audit as the chain takes it, from its columns in order, `subject` as text."""
    row = dict(zip(COLUMNS, values, strict=True))
    row["subject"] = parsed(values[_SUBJECT])
    return row


def parsed(stored: Any) -> Any:
    """The value of stored JSON; what is not JSON stands for itself."""
    try:
        return json.loads(stored)
    except (ValueError, TypeError, RecursionError):
        return stored


def _link(values: tuple[Any, ...], people: Sequence[Person]) -> Link:
    seq, seal, sealed_at, previous, audit_id, *row = values
    return Link(Head(seq, seal, sealed_at), previous, audit_id, as_row(row) if row[0] is not None else None, people)


def _seq(link: Link) -> int:
    return link.head.seq if link.head else 0


def _of(mapping_id: int, rows: Select[Any], people: Select[Any]) -> tuple[Select[Any], Select[Any]]:
    return rows.where(audit.c.mapping_id == mapping_id), people.where(audit_subjects.c.mapping_id == mapping_id)


def _people(tx: Connection, query: Select[Any], after: int, last: int) -> dict[int, list[Person]]:
    rows = (tuple(row) for row in tx.execute(query, {"b_after": after, "b_last": last}))
    return {audit_id: [_person(*row) for row in group] for audit_id, group in groupby(rows, itemgetter(0))}


def _person(_audit_id: int, *values: Any) -> Person:
    return Person(*(*values[:-1], parsed(values[-1])))
