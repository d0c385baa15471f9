"""What is worth telling somebody: written in the transaction in which it happens, and sent by the clock afterwards.

Nothing here names a person: mappings by number, courses, sites and instances by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from app.kit import Kit
from app.planning import grade_guard, guard
from app.store import alerts, events, holds, instances, mappings, sites, worklist
from app.store.alerts import Alert
from app.store.sites import Site

UNASKED = "kurasync"
"""Who answers for what no person decided."""

_HOUR = 3600.0
_MOST_REASONS = 3
_REASONS = {**guard.REASONS, **grade_guard.REASONS}
_WHAT = {"roster": "to students", "grades": "to grades"}


def hold_made(tx: Connection, now: float, mapping_id: int, kind: str, hold_id: int, items: Sequence[Any]) -> None:
    """Something waits for a person."""
    counted = Counter(slug for item in items for slug in item["reasons"])
    why = ", ".join(_REASONS.get(slug, slug) for slug, _ in counted.most_common(_MOST_REASONS))
    message = (
        f"{_changes(len(items))} {_WHAT[kind]} {_verb(len(items), 'wait')} for approval in "
        f"{_named(tx, mapping_id)}: {why}. Look with `kurasync holds show {hold_id}`."
    )
    alerts.add(tx, now, "hold", f"mapping:{mapping_id}:{kind}", message)


def gave_up(tx: Connection, now: float, mapping_id: int, kind: str, reason: str) -> None:
    """Work is a dead letter."""
    message = (
        f"The work on the {'grades' if kind == 'grades' else 'students'} of {_named(tx, mapping_id)} was given up "
        f"after many failures ({reason}). `kurasync dead list` says why; once that is put right, "
        f"`kurasync dead requeue {mapping_id}` tries again."
    )
    alerts.add(tx, now, "dead", f"mapping:{mapping_id}:{kind}", message)


def connection_parked(tx: Connection, now: float, noun: str, connection_id: int, reason: str, waiting: int) -> None:
    """A connection broke; `noun` is site or instance, `waiting` the number of its mappings."""
    name = _connection_name(tx, noun, connection_id)
    message = (
        f"The {noun} {name} is parked ({reason}): {waiting} {'mapping waits' if waiting == 1 else 'mappings wait'} for "
        f"it. `kurasync {noun} test {name}` says what is wrong; once that is put right, all goes on by itself."
    )
    alerts.add(tx, now, "connection", f"{noun}:{connection_id}", message)


def drifted(tx: Connection, now: float, mapping_id: int, run_id: int, drift: int) -> None:
    """A comparison found what no event explains; where a site never sends any, that is the rule."""
    mapping = mappings.get(tx, mapping_id)
    if mapping is None or events.last_received(tx, mapping.site_id) is None:
        return
    message = (
        f"{_changes(drift)} that no event explains in {_named(tx, mapping_id)}: events were lost, or somebody changed "
        f"students in kuraCloud. See `kurasync runs show {run_id}`."
    )
    alerts.add(tx, now, "drift", f"mapping:{mapping_id}", message)


def note_silence(kit: Kit) -> int:
    """Tell, once a silence, of sites that used to report events and do so no more; returns of how many."""
    if not kit.settings.silent_hours:
        return 0
    with kit.database.reading() as tx:
        known, now = sites.every(tx), kit.database.now(tx)
        silent = [site for site in known if _is_silent(kit, tx, now, site)]
    for site in silent:
        with kit.database.transaction() as tx:
            _fell_silent(tx, kit.database.now(tx), site, kit.settings.silent_hours)
    return len(silent)


def _is_silent(kit: Kit, tx: Connection, now: float, site: Site) -> bool:
    heard = events.last_received(tx, site.id)
    if heard is None or heard > now - kit.settings.silent_hours * _HOUR:
        return False
    told = alerts.last_at(tx, "silent", f"site:{site.id}")
    return told is None or told < heard


def _fell_silent(tx: Connection, now: float, site: Site, hours: float) -> None:
    heard = datetime.fromtimestamp(events.last_received(tx, site.id) or 0.0, UTC)
    message = (
        f"The site {site.name} has reported nothing for more than {hours:g} hours, since {heard:%Y-%m-%d %H:%M} UTC. "
        f"If there should have been enrolments, look at its plugin: `kurasync site test {site.name}` and `kurasync "
        "doctor`. Its courses are compared without events meanwhile."
    )
    alerts.add(tx, now, "silent", f"site:{site.id}", message)


def told_lately(tx: Connection, since: float) -> dict[tuple[str, str], float]:
    """By kind and topic, when somebody was told who need not be told the same again yet.

    After a decision on the hold she was told of, another hold is news.
    """
    changed = holds.decided_since(tx, since, UNASKED)
    decided = {f"mapping:{number}:{kind}": at for (number, kind), at in changed.items()}
    found = alerts.told_since(tx, since)
    return {(kind, topic): at for (kind, topic), at in found.items() if kind != "hold" or at > decided.get(topic, 0.0)}


def no_longer_so(tx: Connection, found: Collection[Alert]) -> set[int]:
    """Those of these alerts, by id, that are about something that has been put right, or is gone."""
    looks = {kind: look(tx) for kind, look in _LOOKS.items() if any(alert.kind == kind for alert in found)}
    return {alert.id for alert in found if alert.kind in looks and not looks[alert.kind](alert)}


def _holds(tx: Connection) -> Callable[[Alert], bool]:
    still = {f"mapping:{mapping_id}:{kind}" for mapping_id, kind in holds.open_targets(tx)}
    return lambda alert: alert.topic in still


def _dead(tx: Connection) -> Callable[[Alert], bool]:
    still = {f"mapping:{row.mapping_id}:{row.kind}" for row in worklist.rows(tx) if row.gate == "dead"}
    return lambda alert: alert.topic in still


def _parked(tx: Connection) -> Callable[[Alert], bool]:
    still = {f"site:{site.id}" for site in sites.every(tx) if site.gate == "parked"}
    still |= {f"instance:{instance.id}" for instance in instances.every(tx) if instance.gate == "parked"}
    return lambda alert: alert.topic in still


def _silent(tx: Connection) -> Callable[[Alert], bool]:
    heard = {f"site:{site.id}": events.last_received(tx, site.id) for site in sites.every(tx)}
    return lambda alert: alert.topic in heard and (heard[alert.topic] or 0.0) < alert.at


_LOOKS: Mapping[str, Callable[[Connection], Callable[[Alert], bool]]] = {
    "hold": _holds,
    "dead": _dead,
    "connection": _parked,
    "silent": _silent,
}


def _named(tx: Connection, mapping_id: int) -> str:
    mapping = mappings.get(tx, mapping_id)
    return f"mapping {mapping_id}" + (f" ({mapping.course_name})" if mapping and mapping.course_name else "")


def _connection_name(tx: Connection, noun: str, connection_id: int) -> str:
    found = sites.get(tx, connection_id) if noun == "site" else instances.get(tx, connection_id)
    return found.name if found else str(connection_id)


def _changes(number: int) -> str:
    return f"{number} {'change' if number == 1 else 'changes'}"


def _verb(number: int, verb: str) -> str:
    return f"{verb}s" if number == 1 else verb
