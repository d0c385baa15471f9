"""Which Moodle course goes to which kuraCloud course: the list, and the blueprint of every page about mappings."""

from __future__ import annotations

from app.store import reports, sites
from app.store.reports import Which
from app.web import access
from app.web.access import needs
from app.web.console import asked
from app.web.console.page import section, show
from app.web.console.paged import LIMIT, page
from app.words import mappings as words

blueprint = section("mappings")

STATES = {
    "": "Any",
    "held": "waits for approval",
    "idle": "idle: nothing to do",
    "wanted": "wanted: a look is wanted",
    "scheduled": "scheduled: looks again later",
    "running": "running: being looked at",
    "paused": "paused",
    "parked": "parked or suspended",
    "dead": "dead: given up",
}
"""The states that the list can be narrowed to."""


@blueprint.get("/mappings")
@needs("viewer")
def mappings() -> str:
    """All of them by number, searched by course, narrowed by site and state."""
    search, state, site = asked.text("search"), asked.one_of("state", STATES), asked.text("site")
    with access.kit().database.reading() as tx:
        called = {each.name: each.id for each in sites.every(tx)}
        which = Which(
            search=search or "",
            state=state,
            site_id=called.get(site, 0) if site else None,
            after_id=asked.number("after") or 0,
            limit=LIMIT + 1,
        )
        found = reports.mapping_lines(tx, which=which)
    shown, following = page(found, lambda each: each.id)
    return show(
        "mappings.html",
        lines=[words.line(each) for each in shown],
        following=following,
        sites=[("", "Any"), *((name, name) for name in sorted(called))],
        states=[*STATES.items()],
    )
