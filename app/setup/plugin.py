"""Whether our own plugin is in a Moodle, in which version, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from app.errors import KurasyncError
from app.kit import Kit
from app.setup.check import Check, fail, note, ok, warn
from app.store.sites import Site
from app.sync import connect
from schemas.moodle import SiteInfo
from schemas.plugin import PluginStatus

FUNCTIONS = tuple(
    f"local_kurasync_{name}" for name in ("get_roster", "get_grades", "save_grades", "delete_items", "get_status")
)


def checks(kit: Kit, site: Site, info: SiteInfo) -> Iterator[Check]:
    """What there is to say of the plugin of a site that answers."""
    name = f"site {site.name} plugin"
    if info.plugin is None:
        yield note(
            name,
            "Moodle's plugin local_kurasync is not there, or not in the service of the token: removals wait for "
            "approval, and grades cannot be written. Install it (docs/moodle-plugin.md).",
        )
        return
    absent = [each for each in FUNCTIONS if each not in info.functions]
    if absent:
        yield warn(name, f"The service of the token lacks {', '.join(absent)}: add them to it in Moodle.")
        return
    try:
        with closing(connect.moodle_client(kit, site)) as client:
            yield from _states(name, client.plugin.status())
    except KurasyncError as error:
        yield fail(name, error.message)


def _states(name: str, status: PluginStatus) -> Iterator[Check]:
    if status.missing:
        yield fail(name, f"The service user lacks {', '.join(sorted(status.missing))}: allow this in its role.")
    else:
        yield ok(name, f"local_kurasync {status.release or status.plugin} ({status.plugin}) is there.")
    if status.clone:
        yield warn(name, "The plugin takes this Moodle for a copy of another one and sends no events until told.")
    if status.outbox.setaside:
        yield warn(name, f"{status.outbox.setaside} event(s) were set aside: Moodle's page of the plugin says why.")
    if status.outbox.lasterror:
        yield warn(name, f"The last delivery of events failed: {status.outbox.lasterror}")
