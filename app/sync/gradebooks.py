"""The one door to the gradebook of a Moodle course: a grades run knows no other (design.md 7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Protocol

from app.clients.moodle_plugin import MoodlePlugin, in_calls
from app.clients.moodle_refusals import lacking
from app.planning.grade_actions import (
    GRADES,
    Action,
    AddColumn,
    ClearGrade,
    Column,
    EditColumn,
    LowerGrade,
    RemoveColumn,
    SetGrade,
    after,
)
from app.planning.gradebook import Cell, Grade, Gradebook, Item
from schemas.plugin_grades import GradeToSave, ItemKey, ItemToSave, PluginGrades, SavedItem

Undone = dict[Action, str]
"""What was not done, with the slug of the reason (app.planning.grades.LEFT)."""


class Door(Protocol):
    """A way into one course's gradebook: every write says what it expects to find, and what became of it."""

    def read(self) -> Gradebook:
        """Our columns with all their grades, and who may have some."""

    def portions(self, actions: Sequence[Action]) -> Iterator[list[Action]]:
        """The actions, none of them a removal, in portions that one call can bring."""

    def save(self, actions: Sequence[Action]) -> Undone:
        """Make, change and write one portion."""

    def remove(self, actions: Sequence[RemoveColumn]) -> Undone:
        """Remove columns with their grades."""


class PluginDoor:
    """The door of our own Moodle plugin."""

    def __init__(self, plugin: MoodlePlugin, courseid: int) -> None:
        self._plugin = plugin
        self._courseid = courseid

    def read(self) -> Gradebook:
        """Raises what the client raises, and ConnectionBroken when capabilities are missing: it may be cut then."""
        found = self._plugin.grades(self._courseid)
        if found.missing:
            raise lacking("local_kurasync_get_grades", found.missing)
        return _gradebook(found)

    def portions(self, actions: Sequence[Action]) -> Iterator[list[Action]]:
        """As many grades and columns as PHP takes in one form."""
        by_place = {_place(action): action for action in actions}
        for call in in_calls(_items(actions)):
            yield [by_place[place] for item in call for place in _places(item) if place in by_place]

    def save(self, actions: Sequence[Action]) -> Undone:
        """One call; raises what the client raises."""
        saved = self._plugin.save_grades(self._courseid, _items(actions))
        if saved.missing:
            raise lacking("local_kurasync_save_grades", saved.missing)
        outcomes = {Column(item.lessonid, item.revisionid): item for item in saved.items}
        said = {action: _outcome(action, outcomes[action.column]) for action in actions}
        return {action: why for action, why in said.items() if why}

    def remove(self, actions: Sequence[RemoveColumn]) -> Undone:
        """One call; raises what the client raises."""
        gone = self._plugin.delete_items(self._courseid, [ItemKey(*action.column) for action in actions])
        if gone.missing:
            raise lacking("local_kurasync_delete_items", gone.missing)
        locked = {Column(item.lessonid, item.revisionid) for item in gone.items if item.outcome == "locked"}
        return {action: "column_locked" for action in actions if action.column in locked}


def _gradebook(found: PluginGrades) -> Gradebook:
    # A teacher may have duplicated an item: the plugin writes into the oldest, so that one counts (column.php, find).
    newest_first = sorted(found.items, key=lambda item: item.id, reverse=True)
    columns = {Column(item.lessonid, item.revisionid): item for item in newest_first}
    return Gradebook(
        items={column: Item(item.name, item.maximum, item.locked) for column, item in columns.items()},
        grades={
            Cell(column, each.userid): Grade(each.grade, each.locked, each.modifier)
            for column, item in columns.items()
            for each in item.grades
        },
        students=frozenset(found.students),
        writer=found.userid,
    )


def _items(actions: Sequence[Action]) -> list[ItemToSave]:
    return [_item(column, list(own)) for column, own in groupby(actions, key=lambda action: action.column)]


def _item(column: Column, actions: Sequence[Action]) -> ItemToSave:
    changed = next((action for action in actions if isinstance(action, AddColumn | EditColumn)), None)
    grades = (action for action in actions if isinstance(action, GRADES))
    return ItemToSave(
        *column,
        grades=tuple(GradeToSave(action.userid, after(action), action.before) for action in grades),
        name=changed.name if changed else None,
        maximum=changed.maximum if changed else None,
    )


def _place(action: Action) -> tuple[Column, int | None]:
    return action.column, action.userid if isinstance(action, GRADES) else None


def _places(item: ItemToSave) -> Iterator[tuple[Column, int | None]]:
    column = Column(item.lessonid, item.revisionid)
    if item.name is not None or item.maximum is not None:
        yield column, None
    yield from ((column, grade.userid) for grade in item.grades)


def _outcome(action: Action, item: SavedItem) -> str:
    """Why it was not done; "" when it was."""
    if isinstance(action, SetGrade | LowerGrade | ClearGrade):
        outcomes = {grade.userid: grade.outcome for grade in item.grades}
        return _GRADE_LEFT.get(outcomes.get(action.userid, "absent"), "")
    return _ITEM_LEFT.get(item.outcome, "")


_ITEM_LEFT = {"locked": "column_locked", "absent": "column_gone"}
_GRADE_LEFT = {"locked": "locked", "changed": "person", "notenrolled": "not_student", "absent": "column_gone"}
