"""Whether sites are heard of, and whether somebody hears of what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from app.kit import Kit
from app.setup.check import Check, note, ok, warn
from app.store import alerts, events
from app.store.sites import Site
from app.sync.telling import channels

_HOUR = 3600.0
_ALERTS = 1000  # the newest so many are looked at


def events_of(kit: Kit, site: Site) -> Check:
    """How long ago a site reported its last event."""
    name = f"site {site.name} events"
    with kit.database.reading() as tx:
        heard, now = events.last_received(tx, site.id), kit.database.now(tx)
    if heard is None:
        return note(
            name,
            "It has reported no event yet: courses are compared every so often, and no sooner. docs/events.md says how "
            "Moodle reports; `kurasync events list` shows what arrived.",
        )
    hours, most = (now - heard) / _HOUR, kit.settings.silent_hours
    if most and hours > most:
        return warn(
            name,
            f"It has reported nothing for {hours:.0f} hours, and used to: docs/operations.md (Moodle's events do not "
            "arrive) says where to look.",
        )
    ago = f"{hours:.0f} hour(s)" if hours >= 1 else f"{hours * 60:.0f} minute(s)"
    return ok(name, f"The last one arrived {ago} ago.")


def of_alerts(kit: Kit) -> Iterator[Check]:
    """Whether alerts go out to anybody, and do."""
    if not channels(kit.settings):
        yield note(
            "alerts",
            "Nobody is told when something waits for a person or breaks: set KURASYNC_SMTP_HOST or "
            "KURASYNC_ALERT_WEBHOOK (docs/holds-and-alerts.md).",
        )
        return
    with kit.database.reading() as tx:
        failing = [each for each in alerts.search(tx, limit=_ALERTS) if each.due_at is not None and each.attempts > 1]
    if failing:
        yield warn(
            "alerts",
            f"{len(failing)} alert(s) could not be told so far: `kurasync alerts test` tries it and says why.",
        )
    else:
        yield ok("alerts", "None waits that could not be told.")
