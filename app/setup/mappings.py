"""Course mappings: make one, change its rules, let it rest, and give it up (design.md 8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from app.errors import NotFound, Refused
from app.kit import Kit
from app.planning import rules
from app.planning.rules import Rules
from app.setup import capability, finding, pairing
from app.setup.acts import record
from app.setup.giving_back import give_back
from app.setup.resting import at_rest, seize
from app.store import instances, mappings, sites, worklist
from app.store.instances import Instance
from app.store.mappings import Mapping as CourseMapping
from app.store.mappings import Pair
from app.store.sites import Site
from app.sync import ask, course
from schemas.kuracloud import Course as KuraCourse
from schemas.moodle import Course as MoodleCourse


@dataclass(frozen=True, slots=True)
class Added:
    """A new mapping and the two courses as they are now."""

    mapping: CourseMapping
    moodle: MoodleCourse
    kuracloud: KuraCourse


@dataclass(frozen=True, slots=True)
class Seen:
    """Two courses that could be mapped, with the connections to their sides."""

    site: Site
    instance: Instance
    moodle: MoodleCourse
    kuracloud: KuraCourse

    @property
    def pair(self) -> Pair:
        """As a mapping has them."""
        ours, theirs = self.moodle, self.kuracloud
        return Pair(self.site.id, ours.id, ours.fullname, self.instance.id, theirs.course_id, theirs.name)


def add(
    kit: Kit,
    *,
    site_name: str,
    moodle_course: str,
    instance_name: str,
    kura_course: str,
    actor: str,
    shared: bool = False,
) -> Added:
    """Map a Moodle course (id or short name) to a kuraCloud course (number, code or name).

    Sets lmsEnabled on the kuraCloud course and asks for the first look, whose plan waits for approval. Raises NotFound
    or Refused when a course does not exist or is ambiguous, is mapped already or, without `shared`, when the instance
    serves another site; and what the clients raise.
    """
    found = seen(kit, site_name, moodle_course, instance_name, kura_course)
    mapping = add_pair(kit, found.site, found.instance, found.pair, Rules(), actor, shared=shared)
    return Added(mapping, found.moodle, found.kuracloud)


def seen(kit: Kit, site_name: str, moodle_course: str, instance_name: str, kura_course: str) -> Seen:
    """Two courses that people named, as both sides show them; raises NotFound, Refused and what the clients raise."""
    with kit.database.reading() as tx:
        site, instance = finding.site(tx, site_name), finding.instance(tx, instance_name)
    here = finding.moodle_course(kit, site, moodle_course)
    return Seen(site, instance, here, finding.kura_course(kit, instance, kura_course))


def add_pair(
    kit: Kit, site: Site, instance: Instance, pair: Pair, chosen: Rules, actor: str, *, shared: bool = False
) -> CourseMapping:
    """Map two courses that were seen on their sides, with rules of their own; as `add` does, and raises the same."""
    settings = rules.to_settings(chosen)
    with kit.database.reading() as tx:
        pairing.refuse_mapped(tx, pair, shared)
        refuse_what_nobody_tells(tx, site.id, settings)
    capability.try_out(kit, site, pair.courseid, chosen)
    course.enable_lms(kit, instance, pair.kura_courseid, actor)
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        reconcile_at = now + kit.settings.reconcile
        mapping_id = mappings.add(tx, now, **asdict(pair), settings=settings, reconcile_at=reconcile_at)
        ask.want(kit, tx, [mapping_id], "roster", urgent=True)
        ours, theirs = {"site": site.name, "course": pair.courseid}, {"kura_course": pair.kura_courseid}
        subject = {**ours, "instance": instance.name, **theirs, **({"rules": settings} if settings else {})}
        record(tx, now, actor, "add_mapping", subject, mapping_id)
        return finding.mapping(tx, mapping_id)


def set_rules(kit: Kit, mapping_id: int, changes: Mapping[str, Any], reset: Collection[str], actor: str) -> Rules:
    """Change rules, put those in `reset` back to their defaults, and look again; raises Refused for a bad one.

    A capability is tried first: raises what the client raises.
    """
    with kit.database.reading() as tx:
        mapping = finding.mapping(tx, mapping_id)
        asked, site = changed(mapping, changes, reset), _site(tx, mapping)
    if asked.capability != rules.from_settings(mapping.settings).capability:
        capability.try_out(kit, site, mapping.courseid, asked)
    with kit.database.transaction() as tx:
        mappings.lock(tx, mapping_id)  # else of two who change rules at once the later would undo the other's
        mapping = finding.mapping(tx, mapping_id)
        chosen = changed(mapping, changes, reset)
        refuse_what_nobody_tells(tx, mapping.site_id, rules.to_settings(chosen))
        mappings.set_settings(tx, mapping_id, rules.to_settings(chosen))
        ask.want(kit, tx, [mapping_id], "roster", urgent=True)
        subject = {"changes": dict(changes), "reset": sorted(reset)}
        record(tx, kit.database.now(tx), actor, "set_rules", subject, mapping_id)
    return chosen


def changed(mapping: CourseMapping, changes: Mapping[str, Any], reset: Collection[str]) -> Rules:
    """The rules that a mapping would have; raises Refused for a bad one."""
    kept = {name: value for name, value in mapping.settings.items() if name not in reset}
    try:
        rules.from_settings({name: getattr(Rules(), name, None) for name in reset})
        return rules.from_settings({**kept, **changes})
    except ValueError as error:
        raise Refused(str(error)) from error


def pause(kit: Kit, mapping_id: int, actor: str) -> None:
    """Stop all work on a mapping until it is resumed; what Moodle reports meanwhile is kept."""
    with kit.database.transaction() as tx:
        worklist.pause(tx, finding.still_mapping(tx, mapping_id).id)
        record(tx, kit.database.now(tx), actor, "pause_mapping", {}, mapping_id)


def resume(kit: Kit, mapping_id: int, actor: str) -> None:
    """Go on with a paused or parked mapping, and look at it now; raises Refused when it is neither.

    Switches lmsEnabled on again where somebody switched it off, which is what parks a mapping (design.md 8).
    """
    with kit.database.reading() as tx:
        mapping = finding.mapping(tx, mapping_id)
        instance = _instance(tx, mapping)
        closed = [row for row in worklist.rows(tx, [mapping_id]) if row.gate in ("paused", "parked")]
    if not closed:
        raise Refused(
            f"Mapping {mapping_id} is neither paused nor parked, so it goes on already. "
            f"See `kurasync mapping show {mapping_id}`."
        )
    was_let_down = any(row.gate_reason is not None for row in closed)
    if was_let_down and not finding.kura_course(kit, instance, str(mapping.kura_courseid)).lms_enabled:
        course.enable_lms(kit, instance, mapping.kura_courseid, actor)
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        finding.still_mapping(tx, mapping_id)
        worklist.resume(tx, now, mapping_id)
        worklist.unpark(tx, now, [mapping_id], 0.0)
        ask.want(kit, tx, [mapping_id], "roster", urgent=True)
        record(tx, now, actor, "resume_mapping", {}, mapping_id)


def remove(kit: Kit, mapping_id: int, actor: str, *, force: bool = False) -> bool:
    """Forget a mapping and give its students back to the people in kuraCloud, where they stay.

    Returns whether lmsEnabled was switched off: it is not when another mapping shares the course or, with `force`, when
    kuraCloud refuses or cannot be reached. Raises Refused while a run is at work or the kuraCloud course is not active.
    """
    with at_rest(kit, mapping_id, "removing") as mapping:
        given_back = give_back(kit, mapping, actor, force)
        with kit.database.transaction() as tx:
            seize(tx, mapping, "removing")
            instance = _instance(tx, mapping)
            mappings.remove(tx, mapping_id)
            subject = {"course": mapping.courseid, "instance": instance.name, "kura_course": mapping.kura_courseid}
            record(tx, kit.database.now(tx), actor, "remove_mapping", subject, mapping_id)
    return given_back


def refuse_what_nobody_tells(tx: Connection, site_id: int, settings: Mapping[str, Any]) -> None:
    """Raise Refused for settings of a mapping that nothing at the site can tell about."""
    site = sites.get(tx, site_id)
    if rules.from_settings(settings).institution_role and site is not None and site.plugin is None:
        raise Refused(
            "institution_role needs Moodle's plugin local_kurasync: nothing else tells who has a role in a category or "
            f"the whole site. Install it, then let kurasync find it with `kurasync site test {site.name}`."
        )


def _site(tx: Connection, mapping: CourseMapping) -> Site:
    found = sites.get(tx, mapping.site_id)
    if found is None:
        raise NotFound(f"Mapping {mapping.id} was removed just now.")
    return found


def _instance(tx: Connection, mapping: CourseMapping) -> Instance:
    found = instances.get(tx, mapping.instance_id)
    if found is None:
        raise NotFound(f"Mapping {mapping.id} was removed just now.")
    return found
