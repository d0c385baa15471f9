"""The doctor at the other ends: does each Moodle and each kuraCloud let us do what we have to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from email.utils import parsedate_to_datetime

from app.clients.peer import Origin
from app.errors import CourseGone, KurasyncError
from app.kit import Kit
from app.planning.rules import from_settings
from app.setup import instances, plugin, sites
from app.setup.check import Check, fail, ok, warn
from app.store import mappings
from app.store.instances import Instance
from app.store.mappings import Mapping
from app.store.sites import Site
from app.sync import connect
from app.sync.plugin import asked
from app.sync.read import read_roster

SKEW = 30.0  # seconds; signed deliveries are refused beyond KURASYNC_TOLERANCE

# Pages that any of them answers, without a token, with the time.
_PAGES: dict[Origin, str] = {"moodle": "/login/index.php", "kuracloud": "/"}


def site(kit: Kit, site: Site) -> Iterator[Check]:
    """Token, functions, capabilities and clock of a site."""
    name = f"site {site.name}"
    try:
        info = sites.test(kit, site.name)
    except KurasyncError as error:
        yield fail(name, error.message)
        return
    well = f"{info.site_name}, Moodle {info.release}: token and functions are right."
    yield ok(name, well, (info.site_name,))
    yield from _gate(name, site)
    yield from plugin.checks(kit, site, info)
    yield from _clock(kit, name, site.url, "moodle")
    yield _capabilities(kit, site)


def instance(kit: Kit, instance: Instance) -> Iterator[Check]:
    """Token, LMS integration and clock of an instance."""
    name = f"instance {instance.name}"
    try:
        remote = instances.test(kit, instance.name)
    except KurasyncError as error:
        yield fail(name, error.message)
        return
    well = f"{remote.display_name}: the token is right, LMS integration is on."
    yield ok(name, well, (remote.display_name,))
    yield from _gate(name, instance)
    yield from _clock(kit, name, instance.url, "kuracloud")


def _gate(name: str, connection: Site | Instance) -> Iterator[Check]:
    if connection.gate != "open":
        why = connection.gate_reason
        yield warn(name, f"Answers, but is still parked ({why}): it goes on by itself within a minute.")


def _capabilities(kit: Kit, site: Site) -> Check:
    """Read a roster: stock functions do not say what the service user lacks, they cut (contracts/moodle.md 2).

    The plugin does say it, of a course.
    """
    name = f"site {site.name} roster"
    with kit.database.reading() as tx:
        mapped = [each for each in mappings.every(tx) if each.site_id == site.id]
    if not mapped:
        return warn(name, "What the service user may see can be checked once a course is mapped.")
    return _roster(kit, name, mapped[0], len(mapped) - 1)


def _roster(kit: Kit, name: str, mapping: Mapping, others: int) -> Check:
    """One course stands for all of a site: to read each would take minutes where there are hundreds."""
    try:
        with connect.sides(kit, mapping.id) as both:
            found = read_roster(kit, asked(both), from_settings(mapping.settings)).members
    except CourseGone as error:
        return warn(name, f"{mapping.course_name}: {error.message}")
    except KurasyncError as error:
        return fail(name, f"{mapping.course_name}: {error.message}")
    rest = f" The {others} other mapped course(s) were not read: `kurasync plan MAPPING` does that." if others else ""
    return ok(name, f"{mapping.course_name} can be read whole: {len(found)} student(s).{rest}")


def _clock(kit: Kit, name: str, url: str, origin: Origin) -> Iterator[Check]:
    """Nothing when the server does not tell its time."""
    ahead = _ahead(kit, url, origin)
    if ahead is not None and abs(ahead) > SKEW:
        way = "ahead of" if ahead > 0 else "behind"
        yield warn(
            f"{name} clock",
            f"Its clock is {abs(ahead):.0f} s {way} this machine's: set both by NTP. Signed events that differ by more "
            f"than {kit.settings.tolerance:.0f} s are refused.",
        )


def _ahead(kit: Kit, url: str, origin: Origin) -> float | None:
    try:
        with closing(connect.http(kit, url, origin)) as http:
            told = http.send("GET", _PAGES[origin], writes=False).headers.get("Date")
        return parsedate_to_datetime(told).timestamp() - time.time() if told else None
    except (KurasyncError, ValueError):
        return None
