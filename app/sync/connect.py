"""Clients for the two sides of a mapping, with the token opened and, inside a run, the lease as their fence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.clients.http import Http
from app.clients.kuracloud import KuraCloudClient
from app.clients.moodle import MoodleClient
from app.clients.peer import Origin
from app.errors import NotFound
from app.kit import Kit
from app.store import instances, mappings, sites
from app.store.instances import Instance
from app.store.mappings import Mapping
from app.store.sites import Site

Fence = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Sides:
    """A mapping with both its sides, ready to be called."""

    mapping: Mapping
    site: Site
    instance: Instance
    moodle: MoodleClient
    kuracloud: KuraCloudClient


def moodle_client(kit: Kit, site: Site, fence: Fence | None = None) -> MoodleClient:
    """A client for the web services of a site."""
    return MoodleClient(http(kit, site.url, "moodle", fence), kit.vault.decrypt(site.token))


def kuracloud_client(kit: Kit, instance: Instance, fence: Fence | None = None) -> KuraCloudClient:
    """A client for the API of a kuraCloud instance."""
    return KuraCloudClient(http(kit, instance.url, "kuracloud", fence), kit.vault.decrypt(instance.token))


@contextmanager
def sides(kit: Kit, mapping_id: int, fence: Fence | None = None) -> Iterator[Sides]:
    """Both sides of a mapping; their connections are closed at the end. Raises NotFound."""
    mapping, site, instance = _stored(kit, mapping_id)
    moodle, kuracloud = moodle_client(kit, site, fence), kuracloud_client(kit, instance, fence)
    try:
        yield Sides(mapping, site, instance, moodle, kuracloud)
    finally:
        moodle.close()
        kuracloud.close()


def _stored(kit: Kit, mapping_id: int) -> tuple[Mapping, Site, Instance]:
    with kit.database.reading() as tx:
        mapping = mappings.get(tx, mapping_id)
        site = sites.get(tx, mapping.site_id) if mapping else None
        instance = instances.get(tx, mapping.instance_id) if mapping else None
    if mapping is None or site is None or instance is None:
        raise NotFound(f"There is no mapping {mapping_id}.")
    return mapping, site, instance


def http(kit: Kit, url: str, origin: Origin, fence: Fence | None = None) -> Http:
    """A way to an address that may not be a connection yet, with the time-outs of the settings."""
    settings = kit.settings
    return Http(
        url,
        origin,
        connect_timeout=settings.connect_timeout,
        call_timeout=settings.call_timeout,
        allow_http=settings.allow_http,
        fence=fence,
        ca_file=Path(settings.ca_file) if settings.ca_file else None,
    )
