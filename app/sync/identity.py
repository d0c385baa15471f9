"""Is the Moodle that answers still the one that was connected, and no copy of it (design.md 8)?

Only our own plugin can tell: a copied database has the same courses, users, tokens and secrets. What tells Moodles
apart is the digest of Moodle's own site identifier, which a copy keeps, and the address, which it does not.
"""

from __future__ import annotations

from contextlib import closing

import structlog

from app.clients.moodle import MoodleClient
from app.errors import ConnectionBroken, KurasyncError
from app.kit import Kit
from app.store import outboxes, sites
from app.store.sites import Site
from app.sync import connect, plugin
from app.sync.parking import park
from schemas.moodle import SiteInfo
from schemas.plugin_status import Outbox, PluginStatus

STATUS = "local_kurasync_get_status"
OTHER_MOODLE = "other_moodle"

_log = structlog.get_logger()


def told(client: MoodleClient, info: SiteInfo) -> str | None:
    """What tells this Moodle from others; None where no plugin says it, or the token's service lacks the function."""
    status = _status(client, info)
    return None if status is None else status.siteidentifier


def _status(client: MoodleClient, info: SiteInfo) -> PluginStatus | None:
    return client.plugin.status() if info.plugin is not None and STATUS in info.functions else None


def verify(site: Site, info: SiteInfo, identity: str | None) -> None:
    """Raise ConnectionBroken where another Moodle answers than the one that was connected."""
    if site.identity is not None and identity is not None and identity != site.identity:
        raise ConnectionBroken(
            f"At {site.url} answers another Moodle ({info.site_name}) than the one that was connected as {site.name}: "
            "its courses have other numbers. Put the right one there; if this one is to be synced, add it as a site of "
            "its own.",
            reason=OTHER_MOODLE,
            origin="moodle",
        )
    if info.site_url != site.wwwroot:
        raise ConnectionBroken(
            f"The Moodle at {site.url} calls itself {info.site_url}, and {site.name} was connected as {site.wwwroot}: "
            f"its events are refused. If Moodle moved there, run `kurasync site move {site.name} {info.site_url}`; if "
            "it is a copy, give it a site of its own.",
            reason=OTHER_MOODLE,
            origin="moodle",
        )


def check(kit: Kit, site: Site, client: MoodleClient) -> SiteInfo:
    """Ask a connected Moodle who it is, and keep what is learned for the first time; raises ConnectionBroken.

    That is: the token does not let us in, the plugin is gone, or it is another Moodle.
    """
    info = client.site_info()
    plugin.verify(site, info)
    status = _status(client, info)
    identity = None if status is None else status.siteidentifier
    verify(site, info, identity)
    plugin.remember(kit, site.id, info.plugin, site.plugin)
    if site.identity is None and identity is not None:
        with kit.database.transaction() as tx:
            sites.set_identity(tx, site.id, identity)
    if status is not None:
        _keep_outbox(kit, site, status.outbox)
    return info


def _keep_outbox(kit: Kit, site: Site, outbox: Outbox) -> None:
    """What waits in Moodle is seen nowhere else by who watches kurasync."""
    with kit.database.transaction() as tx:
        if sites.get(tx, site.id) is not None:  # removed meanwhile
            now = kit.database.now(tx)
            oldest = float(outbox.oldest) if outbox.oldest else None
            outboxes.keep(tx, now, site.id, waiting=outbox.waiting, setaside=outbox.setaside, oldest_at=oldest)


def check_sites(kit: Kit) -> None:
    """Ask every open site who it is: a wrong one is parked; one that does not answer now is the runs' business."""
    with kit.database.reading() as tx:
        found = [each for each in sites.every(tx) if each.gate == "open"]
    for site in found:
        try:
            with closing(connect.moodle_client(kit, site)) as client:
                check(kit, site, client)
        except ConnectionBroken as error:
            with kit.database.transaction() as tx:
                park(kit, tx, kit.database.now(tx), "site", site.id, error.reason)
        except KurasyncError as error:
            _log.info("site_not_checked", site_id=site.id, reason=error.reason)
