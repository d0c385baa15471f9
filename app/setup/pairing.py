"""Which Moodle course and which kuraCloud course may belong together: each of them to one mapping (design.md 8)."""

from __future__ import annotations

from sqlalchemy import Connection

from app.errors import Refused
from app.store import instances, mappings, sites
from app.store.mappings import Mapping, Pair

SERVES_ANOTHER = "serves_another_site"
"""The reason where only somebody who says that it may be shared can go on."""

MAPPED_ELSEWHERE = "mapped_at_another_site"
"""The reason where another site has the kuraCloud course."""


def refuse_mapped(tx: Connection, pair: Pair, shared: bool, before: Mapping | None = None) -> None:
    """Raise Refused where a course of the pair is mapped already, or its instance serves another site.

    `shared` allows what must be allowed for two sites at one instance. `before`: the mapping that would get the pair;
    what it shares already may stay so.
    """
    same = {each.id for each in instances.every(tx) if each.remote_id == _remote_id(tx, pair.instance_id)}
    names = {each.id: each.name for each in sites.every(tx)}
    own = before.courses if before else None
    same_course = shared or (own is not None and own.theirs == pair.theirs)
    same_sides = shared or (own is not None and own.connections == pair.connections)
    for other in mappings.every(tx):
        if before is not None and other.id == before.id:
            continue
        told = f"mapping {other.id} ({names[other.site_id]}: {other.course_name} -> {other.kura_course_name})"
        if other.courses.ours == pair.ours:
            raise Refused(f"The Moodle course {pair.course_name} is mapped already, by {told}.")
        if other.instance_id not in same:
            continue
        is_there = other.kura_courseid == pair.kura_courseid
        if is_there and (other.instance_id == pair.instance_id or not same_course):
            raise Refused(
                f"The kuraCloud course {pair.kura_course_name} is mapped already, by {told}.",
                reason="refused" if other.site_id == pair.site_id else MAPPED_ELSEWHERE,
            )
        if other.site_id != pair.site_id and not same_sides:
            raise Refused(
                f"The instance {_name(tx, pair.instance_id)} serves the site {names[other.site_id]} already, by "
                f"{told}. A second site must have a token of its own; say --shared if it has, and if that is what you "
                "want.",
                reason=SERVES_ANOTHER,
            )


def is_shared(tx: Connection, mapping: Mapping) -> bool:
    """Whether another mapping has the same kuraCloud course, by another connection to the same instance."""
    remote = _remote_id(tx, mapping.instance_id)
    same = {each.id for each in instances.every(tx) if each.remote_id == remote}
    return any(
        each.id != mapping.id and each.kura_courseid == mapping.kura_courseid and each.instance_id in same
        for each in mappings.every(tx)
    )


def is_one_course(tx: Connection, one: Pair, other: Pair) -> bool:
    """Whether two pairs have the same kuraCloud course, perhaps by two connections to its instance."""
    remote_ids = {_remote_id(tx, each.instance_id) for each in (one, other)}
    return one.kura_courseid == other.kura_courseid and len(remote_ids) == 1


def _remote_id(tx: Connection, instance_id: int) -> str | None:
    found = instances.get(tx, instance_id)
    return found.remote_id if found else None


def _name(tx: Connection, instance_id: int) -> str:
    found = instances.get(tx, instance_id)
    return found.name if found else ""
