"""Sites as lists and programs get them: never their token, never their secrets."""

from __future__ import annotations

from typing import Any

from app.store.sites import Secret, Site
from app.words.moments import moment
from schemas.moodle import SiteInfo


def line(site: Site, mappings: int) -> dict[str, Any]:
    """A site with the number of its mappings."""
    return {
        "id": site.id,
        "name": site.name,
        "url": site.url,
        "wwwroot": site.wwwroot,
        "ways": list(site.ways),
        "plugin": site.plugin,
        "state": site.gate,
        "reason": site.gate_reason,
        "mappings": mappings,
        "last_success_at": moment(site.last_success_at),
    }


def secret_line(secret: Secret, now: float) -> dict[str, Any]:
    """A webhook secret at this time (seconds since the epoch), without what it is."""
    return {
        "id": secret.id,
        "valid": secret.valid_until is None or secret.valid_until > now,
        "created_at": moment(secret.created_at),
        "ends_at": moment(secret.valid_until),
    }


def tried(name: str, info: SiteInfo) -> dict[str, Any]:
    """What a site said of itself when it was tried."""
    return {
        "site": name,
        "site_name": info.site_name,
        "wwwroot": info.site_url,
        "release": info.release,
        "plugin": info.plugin,
    }
