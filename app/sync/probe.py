"""Try connections that were parked, one call each; what works again goes on by itself (design.md 9)."""

from __future__ import annotations

import structlog

from app.errors import ConnectionBroken, KurasyncError, NotFound
from app.kit import Kit
from app.setup.reopening import reopen
from app.store import connections, instances, sites
from app.store.connections import Kind
from app.sync import connect, identity

_log = structlog.get_logger()


def probe_parked(kit: Kit) -> int:
    """Try the parked connections whose time has come; returns how many work again."""
    with kit.database.reading() as tx:
        waiting = connections.to_probe(tx, kit.database.now(tx))
    return sum(probe(kit, kind, connection_id) for kind, connection_id in waiting)


def probe(kit: Kit, kind: Kind, connection_id: int) -> bool:
    """Whether a connection answers as it should; then it is opened, with the rows that were parked with it."""
    _put_off(kit, kind, connection_id)
    try:
        _call(kit, kind, connection_id)
    except KurasyncError as error:
        _log.info("probe_failed", connection=kind, connection_id=connection_id, reason=error.reason)
        return False
    with kit.database.transaction() as tx:
        reopen(tx, kit.database.now(tx), kind, connection_id)
    _log.info("connection_works_again", connection=kind, connection_id=connection_id)
    return True


def _put_off(kit: Kit, kind: Kind, connection_id: int) -> None:
    """First of all: another clock then leaves it alone, and one that fails in an odd way is not tried at each tick."""
    with kit.database.transaction() as tx:
        connections.set_probe_at(tx, kind, connection_id, kit.database.now(tx) + kit.settings.probe_interval)


def _call(kit: Kit, kind: Kind, connection_id: int) -> None:
    if kind == "site":
        _call_moodle(kit, connection_id)
    else:
        _call_kuracloud(kit, connection_id)


def _call_moodle(kit: Kit, site_id: int) -> None:
    with kit.database.reading() as tx:
        site = sites.get(tx, site_id)
    if site is None:
        raise NotFound(f"There is no site {site_id} any more.")
    client = connect.moodle_client(kit, site)
    try:
        identity.check(kit, site, client)
    finally:
        client.close()


def _call_kuracloud(kit: Kit, instance_id: int) -> None:
    with kit.database.reading() as tx:
        instance = instances.get(tx, instance_id)
    if instance is None:
        raise NotFound(f"There is no instance {instance_id} any more.")
    client = connect.kuracloud_client(kit, instance)
    try:
        enabled = client.instance().lms_enabled
        with kit.database.transaction() as tx:
            instances.set_lms_enabled(tx, instance_id, enabled)
        if not enabled:
            raise ConnectionBroken("The instance's LMS integration is off.", reason="lms_disabled", origin="kuracloud")
    finally:
        client.close()
