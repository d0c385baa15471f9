"""What our plugin's functions of the gradebook take and answer: get_grades, save_grades, delete_items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

from marshmallow import fields

from schemas.plugin_answer import Outcome, PluginSchema, Points, list_of, missing_capabilities
from schemas.wire import Count, Flag, Id, Several, Text, read

ItemOutcome = Literal["created", "updated", "unchanged", "locked", "absent"]
GradeOutcome = Literal["written", "unchanged", "locked", "changed", "notenrolled"]
DeletedOutcome = Literal["deleted", "absent", "locked"]


@dataclass(frozen=True, slots=True)
class PluginGrade:
    """A user's grade, None where it is empty; `modifier` is who wrote it last."""

    userid: int
    grade: float | None
    locked: bool
    modifier: int | None


@dataclass(frozen=True, slots=True)
class PluginItem:
    """One of our grade items with every row of it."""

    id: int
    lessonid: int
    revisionid: int
    name: str
    maximum: float
    locked: bool
    grades: tuple[PluginGrade, ...]


@dataclass(frozen=True, slots=True)
class PluginGrades:
    """local_kurasync_get_grades. `userid` is the caller, `students` are the users who may get grades."""

    missing: tuple[str, ...]
    userid: int
    students: tuple[int, ...]
    items: tuple[PluginItem, ...]


@dataclass(frozen=True, slots=True)
class GradeToSave:
    """A grade to be written, None to clear it, over `previous`, which is what Moodle showed."""

    userid: int
    grade: float | None
    previous: float | None


@dataclass(frozen=True, slots=True)
class ItemToSave:
    """An item whose grades are to be written; one that is not there yet needs `name` and `maximum`. None: as it is."""

    lessonid: int
    revisionid: int
    grades: tuple[GradeToSave, ...] = ()
    name: str | None = None
    maximum: float | None = None


class ItemKey(NamedTuple):
    """What identifies one of our items in a course."""

    lessonid: int
    revisionid: int


class Counts(NamedTuple):
    """How many items and grades of a call arrived."""

    items: int
    grades: int


@dataclass(frozen=True, slots=True)
class SavedGrade:
    """What became of a grade; "changed": somebody else did, since it was read."""

    userid: int
    outcome: GradeOutcome


@dataclass(frozen=True, slots=True)
class SavedItem:
    """What became of an item and its grades."""

    lessonid: int
    revisionid: int
    outcome: ItemOutcome
    grades: tuple[SavedGrade, ...]


@dataclass(frozen=True, slots=True)
class Saved:
    """local_kurasync_save_grades."""

    missing: tuple[str, ...]
    counts: Counts
    items: tuple[SavedItem, ...]


@dataclass(frozen=True, slots=True)
class DeletedItem:
    """What became of an item that was to be deleted."""

    lessonid: int
    revisionid: int
    outcome: DeletedOutcome


@dataclass(frozen=True, slots=True)
class Deleted:
    """local_kurasync_delete_items."""

    missing: tuple[str, ...]
    items: tuple[DeletedItem, ...]


def to_be_saved(item: ItemToSave) -> dict[str, object]:
    """An item as the function takes it.

    In a form that PHP cuts in the middle of a grade nothing must be taken for "clear it": `previous` comes last, so
    that without it only an empty cell is written (contracts/moodle.md 1).
    """
    own = {"lessonid": item.lessonid, "revisionid": item.revisionid, "name": item.name, "maximum": item.maximum}
    grades = [_present({"userid": each.userid, "grade": each.grade, "previous": each.previous}) for each in item.grades]
    return _present({**own, "grades": grades or None})


def _present(values: Mapping[str, object]) -> dict[str, object]:
    """A form can't say null: what is not sent is null."""
    return {name: value for name, value in values.items() if value is not None}


class GradeSchema(PluginSchema):
    """A row of an item; a grade that is not there at all is not an empty one."""

    made = PluginGrade
    userid = Id(required=True)
    grade = Points(required=True, allow_none=True)
    locked = Flag(required=True)
    modifier = Id(load_default=None)


class ItemSchema(PluginSchema):
    """An item. Its numbers may be 0: a teacher may have copied one without them."""

    made = PluginItem
    id = Id(required=True)
    lessonid = Count(required=True)
    revisionid = Count(required=True)
    name = Text(required=True)
    maximum = Points(required=True)
    locked = Flag(required=True)
    grades = list_of(GradeSchema)


class GradesSchema(PluginSchema):
    """A gradebook."""

    made = PluginGrades
    missing = missing_capabilities()
    userid = Id(required=True)
    students = Several(Id(), required=True)
    items = list_of(ItemSchema)


class CountsSchema(PluginSchema):
    """What arrived."""

    made = Counts
    items = Count(required=True)
    grades = Count(required=True)


class SavedGradeSchema(PluginSchema):
    """What became of a grade."""

    made = SavedGrade
    userid = Id(required=True)
    outcome = Outcome(GradeOutcome)


class SavedItemSchema(PluginSchema):
    """What became of an item."""

    made = SavedItem
    lessonid = Id(required=True)
    revisionid = Id(required=True)
    outcome = Outcome(ItemOutcome)
    grades = list_of(SavedGradeSchema)


class SavedSchema(PluginSchema):
    """What became of what was to be saved."""

    made = Saved
    missing = missing_capabilities()
    counts = fields.Nested(CountsSchema, required=True)
    items = list_of(SavedItemSchema)


class DeletedItemSchema(PluginSchema):
    """What became of an item that was to be deleted."""

    made = DeletedItem
    lessonid = Id(required=True)
    revisionid = Id(required=True)
    outcome = Outcome(DeletedOutcome)


class DeletedSchema(PluginSchema):
    """What became of what was to be deleted."""

    made = Deleted
    missing = missing_capabilities()
    items = list_of(DeletedItemSchema)


_GRADES = GradesSchema()
_SAVED = SavedSchema()
_DELETED = DeletedSchema()


def read_grades(answer: object) -> PluginGrades:
    """What local_kurasync_get_grades answers; raises WrongShape."""
    return cast("PluginGrades", read(_GRADES, answer, "a gradebook"))


def read_saved(answer: object) -> Saved:
    """What local_kurasync_save_grades answers; raises WrongShape."""
    return cast("Saved", read(_SAVED, answer, "an account of what was saved"))


def read_deleted(answer: object) -> Deleted:
    """What local_kurasync_delete_items answers; raises WrongShape."""
    return cast("Deleted", read(_DELETED, answer, "an account of what was deleted"))
