"""Our own plugin in Moodle: found by asking, then remembered; rosters are read through it alone from then on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.clients.moodle import MoodleClient
from app.clients.moodle_refusals import plugin_missing
from app.errors import RosterUnverified
from app.kit import Kit
from app.planning.plugin_students import told
from app.planning.rules import Rules
from app.planning.students import Reading
from app.store import sites
from app.store.sites import Site
from app.sync.connect import Sides
from schemas.moodle import PLUGIN_ROSTER, SiteInfo


def asked(both: Sides) -> Sides:
    """The sides knowing whether the plugin is at the site: one call where it was not found yet."""
    if both.site.plugin is not None:
        return both
    return replace(both, site=replace(both.site, plugin=both.moodle.site_info().plugin))


def remember(kit: Kit, site_id: int, found: str | None, known: str | None) -> None:
    """Keep the version that was found; that the plugin is not there is never remembered."""
    if found is not None and found != known:
        with kit.database.transaction() as tx:
            sites.set_plugin(tx, site_id, found)


def verify(site: Site, info: SiteInfo) -> None:
    """Raise ConnectionBroken where the plugin was found once and is gone: without it nothing may be read."""
    if site.plugin is not None and info.plugin is None:
        raise plugin_missing(PLUGIN_ROSTER)


def read(client: MoodleClient, courseid: int, rules: Rules, userids: Sequence[int] = ()) -> Reading:
    """The students of a course, or those of `userids` who are; raises RosterUnverified where it may not be all."""
    found = client.plugin.roster(courseid, userids, rules.capability)
    if found.total != len(found.users):
        # Somebody may have come or gone between its two counts.
        found = client.plugin.roster(courseid, userids, rules.capability)
    return told(found, rules)


def refuse_rules_that_need_it(mapping_id: int, rules: Rules) -> None:
    """Raise RosterUnverified for a rule that stock functions cannot tell about."""
    if rules.institution_role:
        raise RosterUnverified(
            f"The mapping requires the institution role {rules.institution_role}, and only the plugin local_kurasync "
            "can tell who has it. Install the plugin in Moodle, or give the rule up with "
            f"`kurasync mapping set {mapping_id} --default institution_role`.",
            reason="institution_role_unknown",
            origin="moodle",
        )
