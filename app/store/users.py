"""Users of the console and their sessions; of a session only the digest of what the browser holds is known."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, insert, select, update

from app.errors import Refused
from app.planning.roles import Role
from app.store.dialect import chosen, per_dialect
from app.store.tables import sessions, users


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who signs in; `password` is hashed, None: proven elsewhere."""

    id: int
    name: str
    password: str | None = field(repr=False)
    role: Role
    created_at: float
    failures: int
    locked_until: float
    signed_in_at: float | None


_ADD = per_dialect(lambda insert: insert(users).on_conflict_do_nothing(index_elements=["name"]).returning(users.c.id))


def add(tx: Connection, now: float, *, name: str, role: Role, password: str | None) -> int:
    """A new user; raises Refused when the name is taken."""
    values = {"name": name, "role": role, "password": password, "created_at": now}
    made = tx.execute(chosen(tx, _ADD), values).scalar()
    if made is None:
        raise Refused(f"There is a user {name} already. `kurasync user list` shows them.", reason="name_taken")
    return int(made)


def by_name(tx: Connection, name: str) -> User | None:
    """The user with this name."""
    row = tx.execute(select(users).where(users.c.name == name)).first()
    return None if row is None else User(**row._mapping)


def seize(tx: Connection, name: str) -> User | None:
    """The same; until `tx` ends nobody else changes it."""
    row = tx.execute(select(users).where(users.c.name == name).with_for_update()).first()
    return None if row is None else User(**row._mapping)


def every(tx: Connection) -> list[User]:
    """All users, by name."""
    return [User(**row._mapping) for row in tx.execute(select(users).order_by(users.c.name))]


def admins(tx: Connection) -> int:
    """How many administrators there are; until `tx` ends nobody else changes who they are."""
    return len(tx.execute(select(users.c.id).where(users.c.role == "admin").with_for_update()).all())


def set_password(tx: Connection, user_id: int, password: str) -> None:
    """Another (hashed) password; a lock-out ends with it."""
    values = {"password": password, "failures": 0, "locked_until": 0.0}
    tx.execute(update(users).where(users.c.id == user_id).values(**values))


def set_role(tx: Connection, user_id: int, role: Role) -> None:
    """Another role, from the next request on."""
    tx.execute(update(users).where(users.c.id == user_id).values(role=role))


def failed(tx: Connection, user_id: int, failures: int, locked_until: float) -> None:
    """One more wrong password."""
    tx.execute(update(users).where(users.c.id == user_id).values(failures=failures, locked_until=locked_until))


def remove(tx: Connection, user_id: int) -> None:
    """Forget a user and the sessions."""
    end_sessions(tx, user_id)
    tx.execute(delete(users).where(users.c.id == user_id))


def begin_session(tx: Connection, now: float, user_id: int, digest: str) -> None:
    """The user signed in."""
    tx.execute(update(users).where(users.c.id == user_id).values(failures=0, locked_until=0.0, signed_in_at=now))
    tx.execute(insert(sessions).values(digest=digest, user_id=user_id, created_at=now, seen_at=now))


def of_session(tx: Connection, digest: str, *, begun_since: float, seen_since: float) -> tuple[User, float] | None:
    """Who is signed in, and when that was seen last; None where the session is unknown or too old."""
    query = (
        select(users, sessions.c.seen_at)
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(sessions.c.digest == digest, sessions.c.created_at > begun_since, sessions.c.seen_at > seen_since)
    )
    row = tx.execute(query).first()
    if row is None:
        return None
    facts = dict(row._mapping)
    seen_at = facts.pop("seen_at")
    return User(**facts), seen_at


def touch_session(tx: Connection, digest: str, now: float) -> None:
    """The session was used."""
    tx.execute(update(sessions).where(sessions.c.digest == digest).values(seen_at=now))


def end_session(tx: Connection, digest: str) -> None:
    """The user signed out."""
    tx.execute(delete(sessions).where(sessions.c.digest == digest))


def end_sessions(tx: Connection, user_id: int) -> None:
    """Sign a user out everywhere."""
    tx.execute(delete(sessions).where(sessions.c.user_id == user_id))


def forget_sessions(tx: Connection, *, begun_before: float, seen_before: float) -> int:
    """Delete sessions that are too old; returns how many."""
    old = (sessions.c.created_at <= begun_before) | (sessions.c.seen_at <= seen_before)
    return tx.execute(delete(sessions).where(old)).rowcount


def count(tx: Connection) -> int:
    """How many users there are."""
    return int(tx.execute(select(func.count()).select_from(users)).scalar_one())
