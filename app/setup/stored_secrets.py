"""Whether everything that is stored encrypted opens with the key there is."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from app.errors import SettingsError
from app.kit import Kit
from app.setup.check import Check, fail, ok
from app.store import instances, sites


def check(kit: Kit) -> Check:
    """Open every token and webhook secret, and name those that the key does not fit."""
    stored, shut = _looked_at(kit)
    if not shut:
        return ok("secrets", f"Each of {len(stored)} stored token(s) and webhook secret(s) opens with the key.")
    return fail(
        "secrets",
        f"The key does not open the {'; the '.join(shut)}. Put the key back with which they were stored, or behind the "
        "new one, separated by a comma. If it is lost, docs/operations.md says how to go on (The key is gone).",
    )


def opening(kit: Kit) -> tuple[int, int]:
    """How many of the tokens and webhook secrets the key opens, and how many there are."""
    stored, shut = _looked_at(kit)
    return len(stored) - len(shut), len(stored)


def _looked_at(kit: Kit) -> tuple[dict[str, str], list[str]]:
    """All that is stored by name, and the names of what the key does not open."""
    with kit.database.reading() as tx:
        stored = dict(_stored(tx))
    return stored, [name for name, text in stored.items() if not _opens(kit, text)]


def _stored(tx: Connection) -> Iterator[tuple[str, str]]:
    for site in sites.every(tx):
        yield f"token of the site {site.name} (`kurasync site rotate {site.name}`)", site.token
        for secret in sites.every_secret(tx, site.id):
            end = f"kurasync site secret end {site.name} {secret.id}"
            yield f"webhook secret {secret.id} of the site {site.name} (`{end}`)", secret.secret
    for instance in instances.every(tx):
        yield f"token of the instance {instance.name} (`kurasync instance rotate {instance.name}`)", instance.token


def _opens(kit: Kit, text: str) -> bool:
    try:
        kit.vault.decrypt(text)
    except SettingsError:
        return False
    return True
