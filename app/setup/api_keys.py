"""Keys of programs that use the API: shown once, stored as a digest, with a role and where wanted for one site."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import Connection

from app.errors import NotFound
from app.kit import Kit
from app.planning.roles import Principal, Role
from app.setup import finding
from app.setup.acts import record
from app.setup.names import checked_name
from app.store import api_keys
from app.store.api_keys import ApiKey

PREFIX = "kurasync_"
"""How a key begins, so that people and scanners know one when it lies about."""

LONGEST = 36_500
"""Days that a key may be valid, where it ends at all."""

_DAY = 86400.0
_TOUCHED_EVERY = 60.0


def add(
    kit: Kit, name: str, role: Role, actor: str, *, site_name: str | None = None, days: int | None = None
) -> tuple[ApiKey, str]:
    """A new key and its text, which nobody can be shown again; `days` None: until it is removed.

    Raises NotFound for the site and Refused for a name that is taken.
    """
    checked_name(name)
    text = PREFIX + secrets.token_urlsafe(32)
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        site_id = finding.site(tx, site_name).id if site_name else None
        ends_at = None if days is None else now + days * _DAY
        api_keys.add(
            tx,
            now,
            name=name,
            digest=_digest(text),
            role=role,
            site_id=site_id,
            created_by=actor,
            ends_at=ends_at,
        )
        record(tx, now, actor, "add_key", {"key": name, "role": role, "site": site_name})
        return _key(tx, name), text


def named(kit: Kit, name: str) -> ApiKey:
    """The key with this name; raises NotFound."""
    with kit.database.reading() as tx:
        return _key(tx, name)


def remove(kit: Kit, name: str, actor: str) -> None:
    """Let a key open nothing any more; raises NotFound."""
    with kit.database.transaction() as tx:
        api_keys.remove(tx, _key(tx, name).id)
        record(tx, kit.database.now(tx), actor, "remove_key", {"key": name})


def holder(kit: Kit, text: str) -> Principal | None:
    """Who may do what with this key; None: it opens nothing, or nothing any more."""
    if not text.startswith(PREFIX):
        return None
    with kit.database.reading() as tx:
        now = kit.database.now(tx)
        found = api_keys.by_digest(tx, _digest(text), now)
    if found is None:
        return None
    if found.used_at is None or now - found.used_at > _TOUCHED_EVERY:
        with kit.database.transaction() as tx:
            api_keys.touch(tx, found.id, now)
    return Principal(f"key:{found.name}", found.role, found.site_id)


def _key(tx: Connection, name: str) -> ApiKey:
    found = api_keys.by_name(tx, name)
    if found is None:
        raise NotFound(f"There is no key {name!r}. See `kurasync key list`.")
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
