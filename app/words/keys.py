"""API keys as lists and programs get them, never with their text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.kit import Kit
from app.store import sites
from app.store.api_keys import ApiKey
from app.words.moments import moment


def line(key: ApiKey, names: Mapping[int, str], now: float) -> dict[str, Any]:
    """A key at this time (seconds since the epoch); `names` of sites by number."""
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "site": None if key.site_id is None else names[key.site_id],
        "valid": key.ends_at is None or key.ends_at > now,
        "created_by": key.created_by,
        "created_at": moment(key.created_at),
        "ends_at": moment(key.ends_at),
        "used_at": moment(key.used_at),
    }


def facts(kit: Kit, keys: Sequence[ApiKey]) -> list[dict[str, Any]]:
    """Keys with the names of the sites they are for."""
    with kit.database.reading() as tx:
        now, names = kit.database.now(tx), {each.id: each.name for each in sites.every(tx)}
    return [line(each, names, now) for each in keys]
