"""Sites: one row a Moodle, with its webhook secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from app.errors import Refused
from app.store.dialect import chosen, per_dialect
from app.store.tables import events, mappings, site_secrets, sites


@dataclass(frozen=True, slots=True)
class Site:
    """A Moodle. `token` is encrypted; `wwwroot` and `identity` tell it from its clones (design.md 8).

    `plugin` is the version of local_kurasync once found there; None: never found, or never asked for.
    """

    id: int
    name: str
    url: str
    wwwroot: str
    identity: str | None
    token: str = field(repr=False)
    ways: tuple[str, ...]
    plugin: str | None
    gate: str
    gate_reason: str | None
    failures: int
    paused_until: float
    probe_at: float | None
    last_success_at: float | None
    created_at: float


@dataclass(frozen=True, slots=True)
class Secret:
    """A webhook secret of a site, encrypted; `valid_until` None: until further notice."""

    id: int
    secret: str = field(repr=False)
    valid_until: float | None
    created_at: float


_ADD = per_dialect(lambda insert: insert(sites).on_conflict_do_nothing(index_elements=["name"]).returning(sites.c.id))
_GET = select(sites).where(sites.c.id == bindparam("b_id"))
_BY_NAME = select(sites).where(sites.c.name == bindparam("b_name"))
_EVERY = select(sites).order_by(sites.c.name)
_VALID = and_(
    site_secrets.c.site_id == sites.c.id,
    or_(site_secrets.c.valid_until.is_(None), site_secrets.c.valid_until > bindparam("b_now")),
)
_WITH_SECRETS = (
    select(sites, site_secrets.c.secret)
    .outerjoin(site_secrets, _VALID)
    .where(sites.c.name == bindparam("b_name"))
    .order_by(site_secrets.c.id.desc())
)


def add(
    tx: Connection,
    now: float,
    *,
    name: str,
    url: str,
    wwwroot: str,
    identity: str | None,
    token: str,
    ways: Sequence[str],
    plugin: str | None = None,
) -> int:
    """A new site; raises Refused when the name is taken. `token` must be encrypted."""
    values = {
        "name": name,
        "url": url,
        "wwwroot": wwwroot,
        "identity": identity,
        "token": token,
        "ways": list(ways),
        "plugin": plugin,
        "created_at": now,
    }
    found = tx.execute(chosen(tx, _ADD), values).scalar()
    if found is None:
        raise Refused(f"There is a site called {name} already.")
    return int(found)


def get(tx: Connection, site_id: int) -> Site | None:
    """The site with this number."""
    row = tx.execute(_GET, {"b_id": site_id}).first()
    return _site(row._asdict()) if row else None


def by_name(tx: Connection, name: str) -> Site | None:
    """The site with this name."""
    row = tx.execute(_BY_NAME, {"b_name": name}).first()
    return _site(row._asdict()) if row else None


def every(tx: Connection) -> list[Site]:
    """All sites by name."""
    return [_site(row._asdict()) for row in tx.execute(_EVERY)]


def remove(tx: Connection, site_id: int) -> None:
    """Forget a site with its secrets and events; raises Refused while it has mappings."""
    if tx.execute(select(mappings.c.id).where(mappings.c.site_id == site_id).limit(1)).first():
        raise Refused("The site still has mappings: remove them first.")
    tx.execute(delete(events).where(events.c.site_id == site_id))
    tx.execute(delete(sites).where(sites.c.id == site_id))


def set_token(tx: Connection, site_id: int, token: str) -> None:
    """Use another token, encrypted, from now on."""
    tx.execute(update(sites).where(sites.c.id == site_id).values(token=token))


def set_plugin(tx: Connection, site_id: int, version: str) -> None:
    """Our plugin was found there in this version; nothing makes this unknown again."""
    tx.execute(update(sites).where(sites.c.id == site_id).values(plugin=version))


def set_identity(tx: Connection, site_id: int, identity: str) -> None:
    """What tells this Moodle from its copies was learned."""
    tx.execute(update(sites).where(sites.c.id == site_id).values(identity=identity))


def move(tx: Connection, site_id: int, url: str, wwwroot: str) -> None:
    """The same Moodle has another address now."""
    tx.execute(update(sites).where(sites.c.id == site_id).values(url=url, wwwroot=wwwroot))


def set_ways(tx: Connection, site_id: int, ways: Sequence[str]) -> None:
    """Which of signed, local_webhooks and tool_trigger may deliver events."""
    tx.execute(update(sites).where(sites.c.id == site_id).values(ways=list(ways)))


def with_secrets(tx: Connection, name: str, now: float) -> tuple[Site, tuple[str, ...]] | None:
    """The site with this name and its encrypted secrets that are valid now, the newest first.

    One statement: it is asked at every delivery.
    """
    found = tx.execute(_WITH_SECRETS, {"b_name": name, "b_now": now}).all()
    if not found:
        return None
    site = {name: value for name, value in found[0]._mapping.items() if name != "secret"}
    return _site(site), tuple(row.secret for row in found if row.secret is not None)


def every_secret(tx: Connection, site_id: int) -> list[Secret]:
    """All secrets of a site, ended ones too, the newest first."""
    columns = site_secrets.c
    found = select(columns.id, columns.secret, columns.valid_until, columns.created_at)
    ordered = found.where(columns.site_id == site_id).order_by(columns.id.desc())
    return [Secret(**row._mapping) for row in tx.execute(ordered)]


def add_secret(tx: Connection, now: float, site_id: int, secret: str, valid_until: float | None = None) -> int:
    """One more valid secret, encrypted."""
    values = {"site_id": site_id, "secret": secret, "valid_until": valid_until, "created_at": now}
    return int(tx.execute(insert(site_secrets).returning(site_secrets.c.id), values).scalar_one())


def end_secret(tx: Connection, secret_id: int, valid_until: float) -> None:
    """A secret is valid until then and no longer."""
    tx.execute(update(site_secrets).where(site_secrets.c.id == secret_id).values(valid_until=valid_until))


def _site(values: Mapping[str, Any]) -> Site:
    return Site(**{**values, "ways": tuple(values["ways"])})
