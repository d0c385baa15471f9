"""Somebody who may do anything in the database: the triggers are no hindrance, and foreign keys are not either."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection, insert, select, text

from app.kit import Kit
from app.planning import chain
from app.planning.chain import GENESIS
from app.planning.verification import Finding, Verdict
from app.setup import auditing, sealing
from app.store import audit, seals
from app.store.tables import audit as rows

PERSON = {"userid": 7, "studentid": 70, "email": "ada@example.edu", "before": {"given_name": "Ada"}}
OTHER = {"userid": 8, "studentid": 80, "email": "bob@example.edu", "before": {"given_name": "Bob"}}


def written(kit: Kit, how_many: int = 1, people: tuple[dict[str, Any], ...] = (PERSON, OTHER)) -> None:
    """So many calls, two rows each, of which the first names two people."""
    with kit.database.transaction() as tx:
        for _ in range(how_many):
            now = kit.database.now(tx)
            call = audit.begin(
                tx, now, actor="kurasync", system="kuracloud", operation="add", subject={"records": list(people)}
            )
            audit.end(tx, now, call, "done")


def sealed(kit: Kit, how_many: int = 3) -> None:
    """So many calls, each with a head of its own that is remembered: seals 1 and 2, 3 and 4, and so on."""
    for _ in range(how_many):
        written(kit)
        sealing.seal(kit)


def put_in(kit: Kit, audit_id: int, at: float) -> None:
    """A row that kurasync did not write."""
    values = {"id": audit_id, "at": at, "call_uid": "u", "phase": "end", "actor": "x", "system": "kurasync"}
    with kit.database.transaction() as tx:
        tx.execute(insert(rows).values(**values, operation="o", subject={}))


def erased(kit: Kit, audit_id: int, *places: int, say: bool = True) -> None:
    """Take personal values out, as `kurasync erase` does; without `say` as nobody should."""
    with kit.database.transaction() as tx:
        for place in places:
            tx.execute(
                text("UPDATE audit_subjects SET salt = NULL, personal = NULL WHERE audit_id = :id AND place = :place"),
                {"id": audit_id, "place": place},
            )
        if say:
            now, subject = kit.database.now(tx), {"erased": {str(audit_id): list(places)}}
            call = audit.begin(tx, now, actor="cli:x", system="kurasync", operation="erase", subject=subject)
            audit.end(tx, now, call, "done")


def attack(kit: Kit, *statements: str) -> None:
    """Run statements that the guard of the database would refuse."""
    if kit.database.is_sqlite:
        with closing(sqlite3.connect(str(kit.database.url.database), isolation_level=None)) as connection:
            guards = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for statement in (*(f"DROP TRIGGER {name}" for (name,) in guards), *statements):
                connection.execute(statement)
    else:
        with _unguarded(kit) as tx:
            for statement in statements:
                tx.execute(text(statement))


def sealed_anew(kit: Kit, from_seq: int, to_seq: int = 1_000_000) -> None:
    """Give the rows of these seals the seals that fit now, as somebody who knows how would."""
    with kit.database.reading() as tx:
        first = seals.at(tx, from_seq - 1)
        links = [link for link in seals.links(tx) if link.head and from_seq <= link.head.seq <= to_seq]
    previous, updates = first.seal if first else GENESIS, []
    for link in links:
        assert link.head is not None
        assert link.row is not None
        previous = chain.seal(previous, link.head.seq, link.head.sealed_at, link.row)
        updates.append(f"UPDATE audit_seals SET seal = '{previous}' WHERE seq = {link.head.seq}")
    attack(kit, *updates)


def subject(kit: Kit, audit_id: int) -> Any:
    """What a row holds, as it is stored."""
    with kit.database.reading() as tx:
        return tx.execute(select(rows.c.subject).where(rows.c.id == audit_id)).scalar_one()


def as_stored(value: object) -> str:
    """A value of JSON for a statement."""
    return "'" + json.dumps(value).replace("'", "''") + "'"


def wrong(kit: Kit) -> list[tuple[str, int | None, int | None]]:
    """What verify finds: what is wrong, with which seal, with which row."""
    return [(each.wrong, each.seq, each.audit_id) for each in verdict(kit).findings]


def first(kit: Kit) -> Finding:
    """The first thing that verify names."""
    return verdict(kit).findings[0]


def verdict(kit: Kit) -> Verdict:
    """What verify says against the anchor that the clock keeps."""
    return auditing.verify(kit, auditing.kept(kit))


@contextmanager
def _unguarded(kit: Kit) -> Iterator[Connection]:
    with kit.database.transaction() as tx:
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        yield tx
