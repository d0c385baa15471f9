"""Carrying out what the guard let through in Moodle's gradebook: columns, grades, removals; then read back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from app.planning import grade_actions as act
from app.planning.gradebook import Cell, Grade, Gradebook
from app.planning.sameness import same_grade
from app.store import links
from app.sync.gradebooks import Door
from app.sync.grades_record import GradesRecord

_REMOVALS_A_CALL = 300
"""Two values each, of the 1000 that PHP takes in one form: what is beyond, it drops without a word."""


@dataclass(slots=True)
class Applied:
    """What became of the actions.

    `undone` has what was not done, with the slug of the reason (app.planning.grades.LEFT); `kept` what it keeps
    otherwise than it was sent, with what it shows; `written` the cells that were written, with what was sent and what
    Moodle shows since.
    """

    counts: Counter[str] = field(default_factory=Counter)
    undone: dict[act.Action, str] = field(default_factory=dict)
    kept: dict[act.Action, float | None] = field(default_factory=dict)
    written: dict[Cell, tuple[float | None, float | None]] = field(default_factory=dict)
    removed: list[act.Column] = field(default_factory=list)

    @property
    def moved(self) -> bool:
        """Whether a link changed meanwhile, so that some grades wait for another export."""
        return "moved" in self.undone.values()


class GradesApply:
    """One run's writes to one gradebook. `owners` maps each Moodle user to her student, as the plan was made with."""

    def __init__(self, door: Door, record: GradesRecord, owners: Mapping[int, int]) -> None:
        self._door = door
        self._record = record
        self._owners = owners
        self._applied = Applied()

    def carry_out(self, actions: Sequence[act.Action]) -> Applied:
        """Do these actions; raises what the door raises: what was done until then is written down."""
        self._save([action for action in actions if isinstance(action, act.AddColumn | act.EditColumn)])
        absent = {action.column for action in self._applied.undone if isinstance(action, act.AddColumn)}
        grades = [action for action in actions if isinstance(action, act.GRADES)]
        self._save([action for action in grades if action.column not in absent])
        self._remove([action for action in actions if isinstance(action, act.RemoveColumn)])
        if self._record.lease.wrote:
            self._read_back()
        self._applied.counts.update(action.kind for action in self._record.done)
        return self._applied

    def _save(self, actions: Sequence[act.Action]) -> None:
        for _, group in groupby(sorted(actions, key=self._record.actor), key=self._record.actor):
            for portion in self._door.portions(list(group)):
                self._call("save_grades", self._still_linked(portion))

    def _still_linked(self, portion: list[act.Action]) -> list[act.Action]:
        """Without the grades of users who were linked to somebody else since the plan was made (design.md 7)."""
        kit, mapping_id = self._record.kit, self._record.lease.mapping_id
        with kit.database.reading() as tx:
            now = {link.userid: link.studentid for link in links.active(tx, mapping_id)}
        moved = [action for action in portion if not self._has_same_link(action, now)]
        self._applied.undone.update(dict.fromkeys(moved, "moved"))
        return [action for action in portion if action not in moved]

    def _has_same_link(self, action: act.Action, now: Mapping[int, int]) -> bool:
        if not isinstance(action, act.GRADES):
            return True
        return now.get(action.userid) == self._owners.get(action.userid)

    def _remove(self, removals: Sequence[act.RemoveColumn]) -> None:
        for start in range(0, len(removals), _REMOVALS_A_CALL):
            portion = removals[start : start + _REMOVALS_A_CALL]
            with self._record.call("delete_columns", portion, [_subject(action) for action in portion]) as undone:
                self._note(undone, self._door.remove(portion))
            self._applied.removed += [action.column for action in portion if action not in undone]

    def _call(self, operation: str, portion: Sequence[act.Action]) -> None:
        if not portion:
            return
        with self._record.call(operation, portion, [_subject(action) for action in portion]) as undone:
            self._note(undone, self._door.save(portion))

    def _note(self, undone: list[act.Action], said: Mapping[act.Action, str]) -> None:
        undone += said
        self._applied.undone.update(said)

    def _read_back(self) -> None:
        """Believe only what Moodle shows; what it keeps otherwise is remembered, and not written over and over."""
        shown = self._door.read()
        for action in self._record.done:
            if isinstance(action, act.GRADES):
                self._prove(action, shown)

    def _prove(self, action: act.SetGrade | act.LowerGrade | act.ClearGrade, book: Gradebook) -> None:
        cell, sent = Cell(action.column, action.userid), act.after(action)
        grade = book.grades.get(cell, Grade(None))
        if same_grade(sent, grade.value):
            self._applied.written[cell] = (sent, grade.value)
            return
        # What a person wrote meanwhile must not be taken for what Moodle makes of ours: that may be overwritten.
        by_person = grade.modifier not in (None, book.writer)
        self._applied.written[cell] = (sent, sent if by_person else grade.value)
        self._applied.kept[action] = grade.value


def unsent(applied: Applied) -> list[Cell]:
    """Cells of grades that were not written: what is remembered of them is what it was."""
    return [Cell(action.column, action.userid) for action in applied.undone if isinstance(action, act.GRADES)]


def _subject(action: act.Action) -> dict[str, Any]:
    return {name: value for name, value in act.shown(action).items() if name != "action"}
