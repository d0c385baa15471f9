"""Student links: Moodle user and kuraCloud student within a mapping; ended, never erased."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from app.store.tables import links

Echo = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Link:
    """One link; `email` is the address matched or invited by, `echo` field -> {"sent": ..., "shown": ...}.

    `elsewhere`: it is of a course that the mapping had before.
    """

    id: int
    mapping_id: int
    userid: int
    studentid: int
    email: str
    echo: Echo
    created_at: float
    ended_at: float | None
    ended_reason: str | None
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to be made."""

    userid: int
    studentid: int
    email: str
    echo: Echo


_OF_MAPPING = select(links).where(links.c.mapping_id == bindparam("b_mapping")).order_by(links.c.id)
_ACTIVE = _OF_MAPPING.where(links.c.ended_at.is_(None))
_ENDED = _OF_MAPPING.where(links.c.ended_at.is_not(None), links.c.elsewhere.is_(False))
_END = (
    update(links)
    .where(
        links.c.mapping_id == bindparam("b_mapping"),
        links.c.studentid == bindparam("b_student"),
        links.c.ended_at.is_(None),
    )
    .values(ended_at=bindparam("b_now"), ended_reason=bindparam("b_reason"))
)


def active(tx: Connection, mapping_id: int) -> list[Link]:
    """The links in force."""
    return [Link(**row._mapping) for row in tx.execute(_ACTIVE, {"b_mapping": mapping_id})]


def ended(tx: Connection, mapping_id: int) -> list[Link]:
    """The links that were ended, the oldest first, without those of courses that the mapping had before."""
    return [Link(**row._mapping) for row in tx.execute(_ENDED, {"b_mapping": mapping_id})]


def create(tx: Connection, now: float, mapping_id: int, rows: Sequence[NewLink]) -> None:
    """New links; a user or student already linked in this mapping is an IntegrityError: end the old link first."""
    if rows:
        tx.execute(insert(links), [{**asdict(row), "mapping_id": mapping_id, "created_at": now} for row in rows])


def end(tx: Connection, now: float, mapping_id: int, studentids: Collection[int], reason: str) -> None:
    """End the active links of these students."""
    if studentids:
        common: dict[str, Any] = {"b_mapping": mapping_id, "b_now": now, "b_reason": reason}
        tx.execute(_END, [{**common, "b_student": each} for each in sorted(studentids)])


def leave(tx: Connection, now: float, mapping_id: int) -> None:
    """End all links: the mapping gets another course, in which the same numbers mean other people."""
    mine = update(links).where(links.c.mapping_id == mapping_id)
    tx.execute(mine.where(links.c.ended_at.is_(None)).values(ended_at=now, ended_reason="repointed"))
    tx.execute(mine.values(elsewhere=True))


def set_echo(tx: Connection, mapping_id: int, studentid: int, echo: Mapping[str, Mapping[str, str]]) -> None:
    """What kuraCloud shows of a linked student instead of what was sent, per field (design.md 5, Sameness)."""
    values = {name: dict(pair) for name, pair in echo.items()}
    linked = (links.c.mapping_id == mapping_id, links.c.studentid == studentid, links.c.ended_at.is_(None))
    tx.execute(update(links).where(*linked).values(echo=values))
