"""Grade sync: preview shows what run would do; run does it, in steps that hold no worker (design.md 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import Refused
from app.kit import Kit
from app.planning import grade_actions as act
from app.planning import grades as planning
from app.planning.actions import set_digest
from app.planning.computing import computed
from app.planning.grade_guard import GradeCircumstances, judge
from app.planning.gradebook import Export, Gradebook, GradePlan, Grades
from app.planning.rules import from_settings
from app.planning.verdict import Verdict
from app.store import cells, exports
from app.sync import exporting, grades_showing, plugin
from app.sync.connect import Sides, sides
from app.sync.exporting import Downloaded
from app.sync.gradebooks import Door, PluginDoor
from app.sync.grades_apply import Applied, GradesApply, unsent
from app.sync.grades_recall import RecalledGrades, recall_grades
from app.sync.grades_record import GradesRecord
from app.sync.holds import Judged, keep_hold
from app.sync.lease import Ended, Lease, Waiting

KIND = "grades"

NO_GRADEBOOK = "no_gradebook"
"""The reason where Moodle offers no way to write grades."""

EARLIER_EXPORT = "earlier_export"
"""The reason of a run whose export was asked for before the last who wanted grades: another run follows."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Both sides, what kurasync remembers, what would bring them in step, and the guard's word on it."""

    known: RecalledGrades
    export: Export
    book: Gradebook
    plan: GradePlan
    verdict: Verdict[act.Action]

    @property
    def digest(self) -> str:
        """Of everything that it would do or hold: the same plan has the same (app.planning.actions.set_digest)."""
        return set_digest(map(act.fingerprint, (*self.verdict.go, *(held.action for held in self.verdict.held))))

    def as_json(self) -> dict[str, Any]:
        """The plan as stored with its run and shown to people; personal."""
        return grades_showing.plan(self.verdict, self.plan, self.labels)

    @property
    def labels(self) -> grades_showing.Labels:
        """What everybody and everything in the plan is called."""
        titles = {column: item.name for column, item in self.book.items.items()}
        titles |= {column: each.title for column, each in self.export.columns.items()}
        return grades_showing.Labels(self.known.names, titles)


def preview(kit: Kit, mapping_id: int) -> Preview:
    """What a run would do now; writes nothing, anywhere. Waits for an export of kuraCloud's on the spot.

    Raises Refused where Moodle offers no way to write grades, and what the clients raise.
    """
    with sides(kit, mapping_id) as stored:
        both = plugin.asked(stored)
        door = _door(both)
        downloaded = exporting.at_once(kit, both.kuracloud, both.mapping.kura_courseid)
        return _look(kit, both, door, downloaded)


def require_gradebook(kit: Kit, mapping_id: int) -> None:
    """Raise Refused where Moodle offers no way to write grades; asks it only where none was found yet."""
    with sides(kit, mapping_id) as stored:
        _door(plugin.asked(stored))


def run(kit: Kit, lease: Lease) -> Ended | Waiting:
    """Bring a mapping's grades in step, one step of the way: each call that has to wait ends with Waiting.

    Raises what the clients raise, LeaseLost and RunStopped: the turn settles them (app.sync.turn).
    """
    with sides(kit, lease.mapping_id, lease.check) as stored:
        both = plugin.asked(stored)
        plugin.remember(kit, both.site.id, both.site.plugin, stored.site.plugin)
        try:
            door = _door(both)
        except Refused as refused:
            return Ended(refused.reason, refused.message)
        step = exporting.awaited(kit, lease, both.kuracloud, both.mapping.kura_courseid)
        if isinstance(step, Waiting):
            return step
        look = _look(kit, both, door, step, step.gen)
        answers = look.known.answers(map(act.fingerprint, look.verdict.lifted))
        record = GradesRecord(kit, lease, answers, book=look.book)
        applied = GradesApply(door, record, look.known.owners).carry_out(look.verdict.go)
    return _end(kit, lease, look, step, applied)


def _door(both: Sides) -> Door:
    """The way into the course's gradebook; raises Refused where there is none (contracts/moodle.md 3)."""
    if both.site.plugin is None:
        raise Refused(
            "Grades can be written only where Moodle has the plugin local_kurasync, and this one has not: Moodle "
            "itself offers no way. docs/moodle-plugin.md says how to install it.",
            reason=NO_GRADEBOOK,
        )
    return PluginDoor(both.moodle.plugin, both.mapping.courseid)


def _look(kit: Kit, both: Sides, door: Door, downloaded: Downloaded, covers: int | None = None) -> Preview:
    rules = from_settings(both.mapping.settings)
    export, book = computed(downloaded.lessons), door.read()
    with kit.database.reading() as tx:
        known = recall_grades(tx, kit.database.now(tx), both.mapping, covers, downloaded.asked_at)
    plan = planning.plan(
        Grades(
            export=export,
            book=book,
            links={studentid: userid for userid, studentid in known.owners.items()},
            rules=rules,
            moved=known.moved,
            columns=known.columns,
            cells=known.cells,
            done=known.done,
            excluded=known.excluded,
        )
    )
    started = known.mapping.started_at is not None
    now = GradeCircumstances(
        rules, started, known.losses, known.approved, frozenset(known.columns), known.bypass is not None
    )
    return Preview(known, export, book, plan, judge(plan, now))


def _end(kit: Kit, lease: Lease, look: Preview, used: Downloaded, applied: Applied) -> Ended:
    with kit.database.transaction() as tx:
        lease.confirm(tx)
        now = kit.database.now(tx)
        cells.settle(tx, now, lease.mapping_id, {**_adopted(look), **applied.written})
        cells.restore(tx, lease.mapping_id, {cell: look.known.cells.get(cell) for cell in unsent(applied)})
        cells.keep_columns(tx, lease.mapping_id, _titles(look, applied))
        cells.forget_columns(tx, lease.mapping_id, applied.removed)
        exports.forget(tx, lease.mapping_id)
        held = grades_showing.items(look.verdict, look.labels)
        judged = Judged(look.known, held, set(map(act.fingerprint, look.verdict.lifted)), used.gen)
        again = keep_hold(tx, now, lease, look.known.mapping, judged)
    later_wanted = used.gen < lease.claim.gen_to
    moved = applied.moved or any(left.reason == "moved" for left in look.plan.left)
    return Ended(
        reason=EARLIER_EXPORT if later_wanted else "",
        message=grades_showing.summary(look.verdict, look.plan, applied),
        plan={**look.as_json(), "failed": grades_showing.not_done(applied, look.labels)},
        counts=_counts(look, applied),
        again_at=now if again or later_wanted or moved else None,
    )


def _adopted(look: Preview) -> dict[Any, tuple[float | None, float | None]]:
    return {cell: (value, value) for cell, value in look.plan.adopted.items()}


def _titles(look: Preview, applied: Applied) -> Mapping[act.Column, str]:
    """kuraCloud's titles of the columns that are there now, except where a new one could not be written."""
    changes = (act.AddColumn, act.EditColumn)
    waiting = {held.action.column for held in look.verdict.held if isinstance(held.action, changes)}
    waiting |= {action.column for action in applied.undone if isinstance(action, changes)}
    waiting |= {left.column for left in look.plan.left if left.userid is None and left.studentid is None}
    made = {action.column for action in look.verdict.go if isinstance(action, act.AddColumn)}
    there = (look.book.items.keys() | made) & look.export.columns.keys()
    return {column: look.export.columns[column].title for column in there - waiting}


def _counts(look: Preview, applied: Applied) -> dict[str, int]:
    numbers = {
        **applied.counts,
        "held": len(look.verdict.held),
        "left": len(look.plan.left),
        "failed": len(applied.undone) + len(applied.kept),
    }
    return {name: number for name, number in numbers.items() if number}
