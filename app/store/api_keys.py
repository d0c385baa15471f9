"""Keys of programs that use the API: only the digest of a key is stored."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, or_, select, update

from app.errors import Refused
from app.planning.roles import Role
from app.store.dialect import chosen, per_dialect
from app.store.tables import api_keys


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key by its digest; `site_id` None: for every site; `used_at` is exact to the minute."""

    id: int
    name: str
    digest: str
    role: Role
    site_id: int | None
    created_by: str
    created_at: float
    ends_at: float | None
    used_at: float | None


_ADD = per_dialect(
    lambda insert: insert(api_keys).on_conflict_do_nothing(index_elements=["name"]).returning(api_keys.c.id)
)


def add(
    tx: Connection,
    now: float,
    *,
    name: str,
    digest: str,
    role: Role,
    site_id: int | None,
    created_by: str,
    ends_at: float | None,
) -> int:
    """A new key; raises Refused when the name is taken."""
    values = {
        "name": name,
        "digest": digest,
        "role": role,
        "site_id": site_id,
        "created_by": created_by,
        "created_at": now,
        "ends_at": ends_at,
    }
    made = tx.execute(chosen(tx, _ADD), values).scalar()
    if made is None:
        raise Refused(f"There is a key {name} already. `kurasync key list` shows them.", reason="name_taken")
    return int(made)


def by_digest(tx: Connection, digest: str, now: float) -> ApiKey | None:
    """The key with this digest, unless it has ended."""
    valid = or_(api_keys.c.ends_at.is_(None), api_keys.c.ends_at > now)
    row = tx.execute(select(api_keys).where(api_keys.c.digest == digest, valid)).first()
    return None if row is None else ApiKey(**row._mapping)


def by_name(tx: Connection, name: str) -> ApiKey | None:
    """The key with this name."""
    row = tx.execute(select(api_keys).where(api_keys.c.name == name)).first()
    return None if row is None else ApiKey(**row._mapping)


def every(tx: Connection) -> list[ApiKey]:
    """All keys, by name."""
    return [ApiKey(**row._mapping) for row in tx.execute(select(api_keys).order_by(api_keys.c.name))]


def touch(tx: Connection, key_id: int, now: float) -> None:
    """The key was used."""
    tx.execute(update(api_keys).where(api_keys.c.id == key_id).values(used_at=now))


def remove(tx: Connection, key_id: int) -> None:
    """Let a key open nothing any more."""
    tx.execute(delete(api_keys).where(api_keys.c.id == key_id))
