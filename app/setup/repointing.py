"""Pointing a mapping to another Moodle course, another kuraCloud course, or both (design.md 8)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from app.errors import KurasyncError, NotFound, Refused
from app.kit import Kit
from app.planning.sameness import erased_address
from app.setup import finding, mappings, pairing
from app.setup.acts import record
from app.setup.giving_back import give_back
from app.setup.resting import at_rest, seize
from app.store import (
    bypasses,
    cells,
    exemptions,
    exports,
    holds,
    instances,
    links,
    people,
    readings,
    rosters,
    steps,
    tasks,
    worklist,
)
from app.store import mappings as rows
from app.store.mappings import Mapping, Pair
from app.store.worklist import KINDS
from app.sync import ask, course
from app.sync.holds import newest

Named = tuple[str, str]
"""A connection and a course, as a person names them."""


@dataclass(frozen=True, slots=True)
class Move:
    """A mapping and the courses it would get.

    `same_students`: it keeps its kuraCloud course, perhaps by another connection. `returned`: its Moodle course was
    deleted, and this is what came back of it. `shared` as for `mappings.add`. `was_enabled`: somebody switched
    lmsEnabled on at the new kuraCloud course before.
    """

    mapping: Mapping
    to: Pair
    same_students: bool
    returned: bool
    shared: bool
    was_enabled: bool = False

    @property
    def same_users(self) -> bool:
        """Whether numbers of users mean the same people as before."""
        return self.to.site_id == self.mapping.site_id

    @property
    def same_gradebook(self) -> bool:
        """Whether it keeps its Moodle course."""
        return self.to.ours == self.mapping.courses.ours


def planned(
    kit: Kit, mapping_id: int, *, moodle: Named | None = None, kuracloud: Named | None = None, shared: bool = False
) -> Move:
    """What pointing a mapping to these courses would mean; writes nothing.

    Raises NotFound or Refused when a course does not exist, is ambiguous or mapped already, or nothing would change.
    """
    with kit.database.reading() as tx:
        mapping = finding.mapping(tx, mapping_id)
    there, was_enabled = _there(kit, mapping.courses, kuracloud)
    to = _here(kit, there, moodle)
    with kit.database.reading() as tx:
        same_students = pairing.is_one_course(tx, mapping.courses, to)
        move = Move(mapping, to, same_students, _is_returned(mapping, to), shared, was_enabled)
        _check(tx, move)
    return move


def repoint(kit: Kit, move: Move, actor: str, *, force: bool = False) -> bool:
    """Point a mapping to other courses; all that was approved is forgotten, and its next plan waits like a first one.

    Returns whether the students of the former kuraCloud course were given back; `force` goes on where that fails.
    Raises Refused as `planned` does, also while a run is at work, and what the clients raise. Killed at any moment it
    leaves the mapping as it was, at rest: doing it again goes on, `mapping resume` gives it up.
    """
    with (
        at_rest(kit, move.mapping.id, "repointing"),
        _handed_over(kit, move, actor, force) as given_back,
        kit.database.transaction() as tx,
    ):
        seize(tx, move.mapping, "repointing")
        _check(tx, move)
        _switch(kit, tx, move, actor)
    return given_back


def _there(kit: Kit, to: Pair, named: Named | None) -> tuple[Pair, bool]:
    if named is None:
        return to, False
    with kit.database.reading() as tx:
        instance = finding.instance(tx, named[0])
    found = finding.kura_course(kit, instance, named[1])
    there = replace(to, instance_id=instance.id, kura_courseid=found.course_id, kura_course_name=found.name)
    return there, found.lms_enabled


def _here(kit: Kit, to: Pair, named: Named | None) -> Pair:
    if named is None:
        return to
    with kit.database.reading() as tx:
        site = finding.site(tx, named[0])
    found = finding.moodle_course(kit, site, named[1])
    return replace(to, site_id=site.id, courseid=found.id, course_name=found.fullname)


def _is_returned(mapping: Mapping, to: Pair) -> bool:
    return mapping.restored_as is not None and to.ours == (mapping.site_id, mapping.restored_as)


def _check(tx: Connection, move: Move) -> None:
    before = move.mapping.courses
    if (move.to.ours, move.to.theirs) == (before.ours, before.theirs):
        raise Refused(f"Mapping {move.mapping.id} has these two courses already.")
    pairing.refuse_mapped(tx, move.to, move.shared, move.mapping)
    mappings.refuse_what_nobody_tells(tx, move.to.site_id, move.mapping.settings)


@contextmanager
def _handed_over(kit: Kit, move: Move, actor: str, force: bool) -> Iterator[bool]:
    """lmsEnabled switched on at the new kuraCloud course and off at the former one; put back when the block fails."""
    if move.same_students:
        yield False
        return
    former, new = (_instance(kit, each) for each in (move.mapping.courses, move.to))
    try:
        course.enable_lms(kit, new, move.to.kura_courseid, actor, move.mapping.id)
        yield give_back(kit, move.mapping, actor, force)
    except BaseException:
        with suppress(KurasyncError):
            course.enable_lms(kit, former, move.mapping.kura_courseid, actor, move.mapping.id)
        if not (move.was_enabled or _is_mapped(kit, move.to)):
            with suppress(KurasyncError):
                course.disable_lms(kit, new, move.to.kura_courseid, actor, move.mapping.id)
        raise


def _is_mapped(kit: Kit, pair: Pair) -> bool:
    with kit.database.reading() as tx:
        return any(each.courses.theirs == pair.theirs for each in rows.every(tx))


def _instance(kit: Kit, pair: Pair) -> instances.Instance:
    with kit.database.reading() as tx:
        found = instances.get(tx, pair.instance_id)
    if found is None:
        raise NotFound("The instance was removed just now.")
    return found


def _switch(kit: Kit, tx: Connection, move: Move, actor: str) -> None:
    mapping, now = move.mapping, kit.database.now(tx)
    quiet_until = mapping.quiet_until if move.same_gradebook else 0.0
    rows.repoint(tx, mapping.id, move.to, quiet_until=quiet_until, reconcile_at=now + kit.settings.reconcile)
    _forget(tx, now, move)
    for kind in KINDS:
        hold = newest(tx, mapping.id, kind)
        if hold is not None and hold.state in ("open", "approved", "rejected"):
            holds.decide(tx, now, hold, "overtaken", actor)
    worklist.resume(tx, now, mapping.id, "repointing")
    worklist.requeue(tx, now, mapping_ids=[mapping.id])
    ask.want(kit, tx, [mapping.id], "roster", urgent=True)
    record(tx, now, actor, course.REPOINTED, {"from": _told(mapping.courses), "to": _told(move.to)}, mapping.id)


def _forget(tx: Connection, now: float, move: Move) -> None:
    """What is known only of the former courses. A Moodle course that came back has its gradebook as it was."""
    mapping_id = move.mapping.id
    exports.forget(tx, mapping_id)
    readings.forget(tx, [mapping_id])
    tasks.forget_of(tx, [mapping_id])
    for kind in KINDS:
        bypasses.end(tx, mapping_id, kind)
    if not (move.same_users and move.same_students):
        links.leave(tx, now, mapping_id)
        steps.forget(tx, mapping_id, "roster")
    if not move.same_users:
        exemptions.forget(tx, mapping_id, "moodle")
        _forget_people(tx, mapping_id)
    if not move.same_students:
        exemptions.forget(tx, mapping_id, "kuracloud")
    if not move.same_gradebook:
        rosters.forget(tx, mapping_id)
        steps.forget(tx, mapping_id, "grades")
        if not move.returned:
            cells.forget(tx, mapping_id)


def _forget_people(tx: Connection, mapping_id: int) -> None:
    """Names and addresses go: the same numbers mean others at the new site, who would be told of them, or be erased."""
    left = people.of_links(tx, [mapping_id])
    people.empty_links(tx, {link.key: erased_address(link.values["email"]) for link in left})
    people.forget_documents(tx, mapping_id)


def _told(pair: Pair) -> dict[str, int]:
    names = ("site_id", "courseid", "instance_id", "kura_courseid")
    return {name: getattr(pair, name) for name in names}
