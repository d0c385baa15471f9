"""Instances: one row a kuraCloud instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, or_, select, update

from app.errors import Refused
from app.store.dialect import chosen, per_dialect
from app.store.tables import instances, mappings


@dataclass(frozen=True, slots=True)
class Instance:
    """A kuraCloud instance. `token` is encrypted; `remote_id` is what GET /v2/instance calls it.

    `lms_enabled` is what it said last of its LMS integration; `dialect` what a probe found out about its API.
    """

    id: int
    name: str
    url: str
    token: str = field(repr=False)
    remote_id: str
    display_name: str
    lms_enabled: bool | None
    dialect: dict[str, Any] | None
    probed_at: float | None
    gate: str
    gate_reason: str | None
    failures: int
    paused_until: float
    probe_at: float | None
    last_success_at: float | None
    created_at: float


_ADD = per_dialect(
    lambda insert: insert(instances).on_conflict_do_nothing(index_elements=["name"]).returning(instances.c.id)
)
_GET = select(instances).where(instances.c.id == bindparam("b_id"))
_BY_NAME = select(instances).where(instances.c.name == bindparam("b_name"))
_EVERY = select(instances).order_by(instances.c.name)


def add(tx: Connection, now: float, *, name: str, url: str, token: str, remote_id: str, display_name: str) -> int:
    """A new instance; raises Refused when the name is taken. `token` must be encrypted."""
    values = {
        "name": name,
        "url": url,
        "token": token,
        "remote_id": remote_id,
        "display_name": display_name,
        "created_at": now,
    }
    found = tx.execute(chosen(tx, _ADD), values).scalar()
    if found is None:
        raise Refused(f"There is an instance called {name} already.")
    return int(found)


def get(tx: Connection, instance_id: int) -> Instance | None:
    """The instance with this number."""
    return _instance(tx.execute(_GET, {"b_id": instance_id}).first())


def by_name(tx: Connection, name: str) -> Instance | None:
    """The instance with this name."""
    return _instance(tx.execute(_BY_NAME, {"b_name": name}).first())


def every(tx: Connection, site_id: int | None = None) -> list[Instance]:
    """All instances by name, or those that serve this site, or nobody yet."""
    query = _EVERY
    if site_id is not None:
        serves = exists().where(mappings.c.instance_id == instances.c.id)
        query = query.where(or_(serves.where(mappings.c.site_id == site_id), ~serves))
    return [Instance(**row._mapping) for row in tx.execute(query)]


def remove(tx: Connection, instance_id: int) -> None:
    """Forget an instance; raises Refused while it has mappings."""
    if tx.execute(select(mappings.c.id).where(mappings.c.instance_id == instance_id).limit(1)).first():
        raise Refused("The instance still has mappings: remove them first.")
    tx.execute(delete(instances).where(instances.c.id == instance_id))


def set_dialect(tx: Connection, instance_id: int, answers: Mapping[str, Any], now: float) -> None:
    """What a probe found out about the instance's API, by the name of each question."""
    values = {"dialect": dict(answers), "probed_at": now}
    tx.execute(update(instances).where(instances.c.id == instance_id).values(**values))


def set_lms_enabled(tx: Connection, instance_id: int, enabled: bool) -> None:
    """What the instance said of its LMS integration; writes nothing while that stays the same."""
    differs = instances.c.lms_enabled.is_distinct_from(enabled)
    tx.execute(update(instances).where(instances.c.id == instance_id, differs).values(lms_enabled=enabled))


def set_token(tx: Connection, instance_id: int, token: str) -> None:
    """Use another token, encrypted, from now on."""
    tx.execute(update(instances).where(instances.c.id == instance_id).values(token=token))


def _instance(row: Row[Any] | None) -> Instance | None:
    return None if row is None else Instance(**row._mapping)
