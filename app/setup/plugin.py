"""Whether our own plugin is in a Moodle, in which version, what it lacks, and how its outbox is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

from app.errors import KurasyncError
from app.kit import Kit
from app.setup.check import Check, fail, note, ok, warn
from app.store.sites import Site
from app.sync import connect
from schemas.moodle import SiteInfo
from schemas.plugin_status import Outbox, PluginStatus

FUNCTIONS = tuple(
    f"local_kurasync_{name}" for name in ("get_roster", "get_grades", "save_grades", "delete_items", "get_status")
)

WAITS = 600.0
"""Seconds after which an event that still waits in Moodle's outbox is late: its cron sends every minute."""

CAPABILITIES = {
    "webservice/rest:use": "call web services at all",
    "moodle/course:view": "enter courses without being enrolled in them",
    "moodle/course:viewhiddencourses": "enter hidden courses",
    "moodle/course:viewparticipants": "see who takes part",
    "moodle/course:enrolreview": "see enrolments with their state",
    "moodle/course:managegroups": "see groups by Moodle's own functions",
    "moodle/course:useremail": "see e-mail addresses",
    "moodle/site:accessallgroups": "see members of groups that are kept apart",
    "moodle/user:viewdetails": "see people's names",
    "moodle/user:viewalldetails": "see ID numbers and suspended accounts",
    "moodle/grade:viewall": "see grades",
    "moodle/grade:manage": "make grade columns",
    "moodle/grade:edit": "write grades",
    "gradereport/user:view": "see the list of those who can get grades",
}
"""What the plugin's set-up allows to the service user, and what for (plugin/local_kurasync/classes/setup.php)."""


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
            yield from states(name, client.plugin.status())
    except KurasyncError as error:
        yield fail(name, error.message)


def states(name: str, status: PluginStatus) -> Iterator[Check]:
    """What the plugin says of itself: its version, what it lacks, whether it is a copy, its outbox."""
    yield ok(name, f"local_kurasync {status.release or status.plugin} ({status.plugin}) is there.")
    yield from _capabilities(name.removesuffix(" plugin"), status)
    if status.clone:
        yield warn(
            name,
            "The plugin takes this Moodle for a copy of another one and sends no events until told: its page in Moodle "
            "asks which one this is.",
        )
    yield from _outbox(f"{name} outbox", status.outbox, time.time())


def _capabilities(name: str, status: PluginStatus) -> Iterator[Check]:
    for capability in sorted(status.missing):
        purpose = CAPABILITIES.get(capability, "do its work")
        yield fail(
            f"{name} capability {capability}",
            f"The service user lacks {capability}, to {purpose}: allow this in its role, for the whole site.",
        )
    if not status.missing:
        every = ", ".join(CAPABILITIES)
        yield ok(f"{name} capabilities", f"The service user has each of {len(CAPABILITIES)}: {every}.")


def _outbox(name: str, outbox: Outbox, now: float) -> Iterator[Check]:
    waits = now - outbox.oldest if outbox.waiting and outbox.oldest else 0.0
    if waits > WAITS:
        yield warn(
            name,
            f"{outbox.waiting} event(s) wait in Moodle, the oldest for {waits / 60:.0f} minutes: does Moodle's cron "
            "run? Its page of the plugin sends a test event and shows the answer.",
        )
    if outbox.setaside:
        yield warn(name, f"{outbox.setaside} event(s) were set aside: Moodle's page of the plugin says why.")
    if outbox.lasterror:
        yield warn(name, f"The last delivery of events failed: “{outbox.lasterror}”.")
    if waits <= WAITS and not (outbox.setaside or outbox.lasterror):
        yield ok(name, f"{outbox.waiting} event(s) wait; {_last(outbox, now)}.")


def _last(outbox: Outbox, now: float) -> str:
    if not outbox.lastdelivery:
        return "nothing was delivered yet"
    return f"the last delivery was {max(0.0, now - outbox.lastdelivery) / 60:.0f} minutes ago"
