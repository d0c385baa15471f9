"""Course mappings: make one, change its rules, let it rest, and give it up (design.md 8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Connection

from app.errors import KurasyncError, NotFound, Refused
from app.kit import Kit
from app.planning import rules
from app.planning.rules import Rules
from app.setup import finding
from app.setup.acts import record
from app.store import instances, mappings, sites, worklist
from app.store.instances import Instance
from app.store.mappings import Mapping as CourseMapping
from app.sync import ask, connect, course
from schemas.kuracloud import Course as KuraCourse
from schemas.moodle import Course as MoodleCourse


@dataclass(frozen=True, slots=True)
class Added:
    """A new mapping and the two courses as they are now."""

    mapping: CourseMapping
    moodle: MoodleCourse
    kuracloud: KuraCourse


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
    with kit.database.reading() as tx:
        site, instance = finding.site(tx, site_name), finding.instance(tx, instance_name)
    here = finding.moodle_course(kit, site, moodle_course)
    there = finding.kura_course(kit, instance, kura_course)
    with kit.database.reading() as tx:
        _refuse_mapped(tx, site.id, here, instance, there, shared)
    course.enable_lms(kit, instance, there.course_id, actor)
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        mapping_id = mappings.add(
            tx,
            now,
            site_id=site.id,
            courseid=here.id,
            course_name=here.fullname,
            instance_id=instance.id,
            kura_courseid=there.course_id,
            kura_course_name=there.name,
            settings={},
            reconcile_at=now + kit.settings.reconcile,
        )
        ask.want(kit, tx, [mapping_id], "roster", urgent=True)
        subject = {"site": site.name, "course": here.id, "instance": instance.name, "kura_course": there.course_id}
        record(tx, now, actor, "add_mapping", subject, mapping_id)
        return Added(finding.mapping(tx, mapping_id), here, there)


def set_rules(kit: Kit, mapping_id: int, changes: Mapping[str, str], reset: Collection[str], actor: str) -> Rules:
    """Change rules, put those in `reset` back to their defaults, and look again; raises Refused for a bad one."""
    with kit.database.transaction() as tx:
        mapping = finding.mapping(tx, mapping_id)
        kept = {name: value for name, value in mapping.settings.items() if name not in reset}
        try:
            rules.from_settings({name: getattr(Rules(), name, None) for name in reset})
            chosen = rules.from_settings({**kept, **changes})
        except ValueError as error:
            raise Refused(str(error)) from error
        _refuse_what_nobody_tells(tx, mapping, chosen)
        mappings.set_settings(tx, mapping_id, rules.to_settings(chosen))
        ask.want(kit, tx, [mapping_id], "roster", urgent=True)
        subject = {"changes": dict(changes), "reset": sorted(reset)}
        record(tx, kit.database.now(tx), actor, "set_rules", subject, mapping_id)
    return chosen


def pause(kit: Kit, mapping_id: int, actor: str) -> None:
    """Stop all work on a mapping until it is resumed; what Moodle reports meanwhile is kept."""
    with kit.database.transaction() as tx:
        worklist.pause(tx, finding.mapping(tx, mapping_id).id)
        record(tx, kit.database.now(tx), actor, "pause_mapping", {}, mapping_id)


def resume(kit: Kit, mapping_id: int, actor: str) -> None:
    """Go on with a paused or parked mapping, and look at it now; raises Refused when it is neither.

    Switches lmsEnabled on again where somebody switched it off, which is what parks a mapping (design.md 8).
    """
    with kit.database.reading() as tx:
        mapping = finding.mapping(tx, mapping_id)
        instance = _instance(tx, mapping)
        row = worklist.get(tx, mapping_id, "roster")
    if row is None or row.gate not in ("paused", "parked"):
        raise Refused(
            f"Mapping {mapping_id} is neither paused nor parked, so it goes on already. "
            f"See `kurasync mapping show {mapping_id}`."
        )
    if row.gate == "parked" and not finding.kura_course(kit, instance, str(mapping.kura_courseid)).lms_enabled:
        course.enable_lms(kit, instance, mapping.kura_courseid, actor)
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        worklist.resume(tx, now, mapping_id)
        worklist.unpark(tx, now, [mapping_id], 0.0)
        ask.want(kit, tx, [mapping_id], "roster", urgent=True)
        record(tx, now, actor, "resume_mapping", {}, mapping_id)


def remove(kit: Kit, mapping_id: int, actor: str, *, force: bool = False) -> bool:
    """Forget a mapping and give its students back to the people in kuraCloud, where they stay.

    Returns whether lmsEnabled was switched off: it is not when another mapping shares the course or, with `force`, when
    kuraCloud refuses or cannot be reached. Raises Refused while a run is at work or the kuraCloud course is not active.
    """
    with kit.database.transaction() as tx:
        mapping = finding.mapping(tx, mapping_id)
        instance = _instance(tx, mapping)
        was_paused = _stopped(tx, mapping_id)
        shared = _on_the_same_course(tx, mapping, instance)
    try:
        given_back = not shared and _given_back(kit, instance, mapping, actor, force)
    except BaseException:
        if not was_paused:
            with kit.database.transaction() as tx:
                worklist.resume(tx, kit.database.now(tx), mapping_id)
        raise
    with kit.database.transaction() as tx:
        mappings.remove(tx, mapping_id)
        subject = {"course": mapping.courseid, "instance": instance.name, "kura_course": mapping.kura_courseid}
        record(tx, kit.database.now(tx), actor, "remove_mapping", subject, mapping_id)
    return given_back


def _refuse_what_nobody_tells(tx: Connection, mapping: CourseMapping, chosen: Rules) -> None:
    site = sites.get(tx, mapping.site_id)
    if chosen.institution_role and site is not None and site.plugin is None:
        raise Refused(
            "institution_role needs Moodle's plugin local_kurasync: nothing else tells who has a role in a category or "
            f"the whole site. Install it, then let kurasync find it with `kurasync site test {site.name}`."
        )


def _instance(tx: Connection, mapping: CourseMapping) -> Instance:
    found = instances.get(tx, mapping.instance_id)
    if found is None:
        raise NotFound(f"Mapping {mapping.id} was removed just now.")
    return found


def _stopped(tx: Connection, mapping_id: int) -> bool:
    """Close the mapping's gates, so that no run starts any more; returns whether they were closed by hand before."""
    row = worklist.get(tx, mapping_id, "roster")
    if row is not None and row.state == "running":
        raise Refused(
            f"A run is at work on mapping {mapping_id}. Wait until it has ended (`kurasync runs list`), then try again."
        )
    worklist.pause(tx, mapping_id)
    return row is not None and row.gate == "paused"


def _given_back(kit: Kit, instance: Instance, mapping: CourseMapping, actor: str, force: bool) -> bool:
    try:
        _refuse_inactive(kit, instance, mapping)
        course.disable_lms(kit, instance, mapping.kura_courseid, actor, mapping.id)
    except KurasyncError:
        if force:
            return False
        raise
    return True


def _refuse_inactive(kit: Kit, instance: Instance, mapping: CourseMapping) -> None:
    with closing(connect.kuracloud_client(kit, instance)) as client:
        active = {each.course_id for each in client.courses()}
    if mapping.kura_courseid not in active:
        raise Refused(
            f"The kuraCloud course {mapping.kura_course_name} ({mapping.kura_courseid}) is not active: restore it "
            "first, so that its students can be given back; or say --force if it is gone for good."
        )


def _on_the_same_course(tx: Connection, mapping: CourseMapping, instance: Instance) -> bool:
    same = {each.id for each in instances.every(tx) if each.remote_id == instance.remote_id}
    return any(
        each.id != mapping.id and each.kura_courseid == mapping.kura_courseid and each.instance_id in same
        for each in mappings.every(tx)
    )


def _refuse_mapped(
    tx: Connection, site_id: int, here: MoodleCourse, instance: Instance, there: KuraCourse, shared: bool
) -> None:
    same = {each.id for each in instances.every(tx) if each.remote_id == instance.remote_id}
    names = {each.id: each.name for each in sites.every(tx)}
    for other in mappings.every(tx):
        told = f"mapping {other.id} ({names[other.site_id]}: {other.course_name} -> {other.kura_course_name})"
        if (other.site_id, other.courseid) == (site_id, here.id):
            raise Refused(f"The Moodle course {here.fullname} is mapped already, by {told}.")
        if other.instance_id not in same:
            continue
        is_there = other.kura_courseid == there.course_id
        if is_there and (other.instance_id == instance.id or not shared):
            raise Refused(f"The kuraCloud course {there.name} is mapped already, by {told}.")
        if other.site_id != site_id and not shared:
            raise Refused(
                f"The instance {instance.name} serves the site {names[other.site_id]} already, by {told}. A second "
                "site must have a token of its own; say --shared if it has, and if that is what you want."
            )
