"""Connections: the Moodle sites and kuraCloud instances, how each is, and the way to each."""

from __future__ import annotations

from app.store import instances, mappings, overview, sites
from app.web import access
from app.web.access import needs
from app.web.console.page import section, show
from app.words import instances as instance_words
from app.words import sites as site_words
from app.words.moments import moment

blueprint = section("connections")


@blueprint.get("/connections")
@needs("viewer")
def connections() -> str:
    """All of them."""
    with access.kit().database.reading() as tx:
        of_sites, of_instances = mappings.per_connection(tx, "site"), mappings.per_connection(tx, "instance")
        heard = overview.last_events(tx)
        known_sites = [
            {**site_words.line(each, of_sites.get(each.id, 0)), "last_event_at": moment(heard[each.id])}
            for each in sites.every(tx)
        ]
        known_instances = [instance_words.line(each, of_instances.get(each.id, 0)) for each in instances.every(tx)]
    return show("connections.html", sites=known_sites, instances=known_instances)
