"""API keys as lists and programs get them, never with their text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.store.api_keys import ApiKey
from app.words.moments import moment


def line(key: ApiKey, sites: Mapping[int, str], now: float) -> dict[str, Any]:
    """A key at this time (seconds since the epoch); `sites` are names by number."""
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "site": None if key.site_id is None else sites[key.site_id],
        "valid": key.ends_at is None or key.ends_at > now,
        "created_by": key.created_by,
        "created_at": moment(key.created_at),
        "ends_at": moment(key.ends_at),
        "used_at": moment(key.used_at),
    }
