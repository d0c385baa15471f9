"""What the functions of our own Moodle plugin take and answer: marshmallow in, frozen dataclasses out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, cast

from marshmallow import fields, post_load

from schemas.wire import AnswerSchema, Count, Flag, Id, Label, Several, Text, read

ItemOutcome = Literal["created", "updated", "unchanged", "locked", "absent"]
GradeOutcome = Literal["written", "unchanged", "locked", "changed", "notenrolled"]
DeletedOutcome = Literal["deleted", "absent", "locked"]


@dataclass(frozen=True, slots=True)
class PluginCourse:
    """A course. `enddate` is in seconds since the epoch, 0: none."""

    id: int
    fullname: str
    shortname: str
    idnumber: str
    enddate: int
    visible: bool
    groupmode: int


@dataclass(frozen=True, slots=True)
class PluginRole:
    """A role assigned in the course (`contextlevel` 50), in a category above it (40) or for the whole site (10)."""

    shortname: str
    archetype: str
    contextlevel: int


@dataclass(frozen=True, slots=True)
class PluginGroup:
    """A group that a user is in since `timeadded` (seconds since the epoch)."""

    id: int
    name: str
    timeadded: int


@dataclass(frozen=True, slots=True)
class PluginUser:
    """Somebody enrolled. `suspended` is about the account; `active`: at least one enrolment counts now.

    `capable`: whether the capability that was asked about is held; None: none was.
    """

    id: int
    firstname: str
    lastname: str
    email: str
    idnumber: str
    suspended: bool
    active: bool
    roles: tuple[PluginRole, ...]
    groups: tuple[PluginGroup, ...]
    capable: bool | None = None


@dataclass(frozen=True, slots=True)
class PluginRoster:
    """local_kurasync_get_roster. `next`: when an enrolment next begins or ends by date (since the epoch), 0: never."""

    course: PluginCourse
    total: int
    next: int
    missing: tuple[str, ...]
    users: tuple[PluginUser, ...]


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


@dataclass(frozen=True, slots=True)
class Outbox:
    """The events that Moodle keeps until they are delivered; times in seconds since the epoch, 0: none."""

    waiting: int
    oldest: int
    setaside: int
    lastdelivery: int
    lasterror: str


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """local_kurasync_get_status. `clone`: this Moodle is a copy of the one that was connected, and sends nothing."""

    plugin: str
    release: str
    moodle: str
    php: str
    wwwroot: str
    siteidentifier: str
    clone: bool
    outbox: Outbox
    missing: tuple[str, ...]


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


class _Points(fields.Field[Any]):
    """A finite number."""

    default_error_messages = {"invalid": "is not a number", "required": "is missing"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if type(value) not in (int, float) or not math.isfinite(value):
            raise self.make_error("invalid")
        return float(value)


class _Outcome(Text):
    """One of the words that say what was done."""

    default_error_messages = {"invalid": "is no known outcome"}  # noqa: RUF012

    def __init__(self, words: Any) -> None:
        super().__init__(required=True)
        self._words = frozenset(words.__args__)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        word = super()._deserialize(value, attr, data)
        if word not in self._words:
            raise self.make_error("invalid")
        return word


class _PluginSchema(AnswerSchema):
    """An answer, or a part of one, that becomes an object of the class `made`; lists become tuples."""

    made: type[Any]

    @post_load
    def _make(self, found: dict[str, Any], **_: Any) -> Any:
        return self.made(**{name: tuple(each) if type(each) is list else each for name, each in found.items()})


def _list_of(schema: type[AnswerSchema]) -> Several:
    return Several(fields.Nested(schema), required=True)


def _missing() -> Several:
    return Several(Text(), required=True)


class CourseSchema(_PluginSchema):
    """A course."""

    made = PluginCourse
    id = Id(required=True)
    fullname = Text(required=True)
    shortname = Text(required=True)
    idnumber = Text(load_default="")
    enddate = Count(required=True)
    visible = Flag(required=True)
    groupmode = Count(required=True)


class RoleSchema(_PluginSchema):
    """A role of a user."""

    made = PluginRole
    shortname = Text(required=True)
    archetype = Text(load_default="")
    contextlevel = Id(required=True)


class GroupSchema(_PluginSchema):
    """A group of a user."""

    made = PluginGroup
    id = Id(required=True)
    name = Text(required=True)
    timeadded = Count(required=True)


class UserSchema(_PluginSchema):
    """A user of a roster: nothing may be absent, or nobody could tell it from what is hidden."""

    made = PluginUser
    id = Id(required=True)
    firstname = Text(required=True)
    lastname = Text(required=True)
    email = Text(required=True)
    idnumber = Text(required=True)
    suspended = Flag(required=True)
    active = Flag(required=True)
    roles = _list_of(RoleSchema)
    groups = _list_of(GroupSchema)
    capable = Flag(load_default=None)


class RosterSchema(_PluginSchema):
    """A roster."""

    made = PluginRoster
    course = fields.Nested(CourseSchema, required=True)
    total = Count(required=True)
    next = Count(required=True)
    missing = _missing()
    users = _list_of(UserSchema)


class GradeSchema(_PluginSchema):
    """A row of an item; a grade that is not there at all is not an empty one."""

    made = PluginGrade
    userid = Id(required=True)
    grade = _Points(required=True, allow_none=True)
    locked = Flag(required=True)
    modifier = Id(load_default=None)


class ItemSchema(_PluginSchema):
    """An item. Its numbers may be 0: a teacher may have copied one without them."""

    made = PluginItem
    id = Id(required=True)
    lessonid = Count(required=True)
    revisionid = Count(required=True)
    name = Text(required=True)
    maximum = _Points(required=True)
    locked = Flag(required=True)
    grades = _list_of(GradeSchema)


class GradesSchema(_PluginSchema):
    """A gradebook."""

    made = PluginGrades
    missing = _missing()
    userid = Id(required=True)
    students = Several(Id(), required=True)
    items = _list_of(ItemSchema)


class CountsSchema(_PluginSchema):
    """What arrived."""

    made = Counts
    items = Count(required=True)
    grades = Count(required=True)


class SavedGradeSchema(_PluginSchema):
    """What became of a grade."""

    made = SavedGrade
    userid = Id(required=True)
    outcome = _Outcome(GradeOutcome)


class SavedItemSchema(_PluginSchema):
    """What became of an item."""

    made = SavedItem
    lessonid = Id(required=True)
    revisionid = Id(required=True)
    outcome = _Outcome(ItemOutcome)
    grades = _list_of(SavedGradeSchema)


class SavedSchema(_PluginSchema):
    """What became of what was to be saved."""

    made = Saved
    missing = _missing()
    counts = fields.Nested(CountsSchema, required=True)
    items = _list_of(SavedItemSchema)


class DeletedItemSchema(_PluginSchema):
    """What became of an item that was to be deleted."""

    made = DeletedItem
    lessonid = Id(required=True)
    revisionid = Id(required=True)
    outcome = _Outcome(DeletedOutcome)


class DeletedSchema(_PluginSchema):
    """What became of what was to be deleted."""

    made = Deleted
    missing = _missing()
    items = _list_of(DeletedItemSchema)


class OutboxSchema(_PluginSchema):
    """The outbox."""

    made = Outbox
    waiting = Count(required=True)
    oldest = Count(load_default=0)
    setaside = Count(load_default=0)
    lastdelivery = Count(load_default=0)
    lasterror = Text(load_default="")


class StatusSchema(_PluginSchema):
    """The plugin itself."""

    made = PluginStatus
    plugin = Label(required=True)
    release = Label(load_default="")
    moodle = Label(load_default="")
    php = Label(load_default="")
    wwwroot = Text(required=True)
    siteidentifier = Text(required=True)
    clone = Flag(required=True)
    outbox = fields.Nested(OutboxSchema, required=True)
    missing = _missing()


_ROSTER = RosterSchema()
_GRADES = GradesSchema()
_SAVED = SavedSchema()
_DELETED = DeletedSchema()
_STATUS = StatusSchema()


def read_roster(answer: object) -> PluginRoster:
    """What local_kurasync_get_roster answers; raises WrongShape."""
    return cast("PluginRoster", read(_ROSTER, answer, "a roster"))


def read_grades(answer: object) -> PluginGrades:
    """What local_kurasync_get_grades answers; raises WrongShape."""
    return cast("PluginGrades", read(_GRADES, answer, "a gradebook"))


def read_saved(answer: object) -> Saved:
    """What local_kurasync_save_grades answers; raises WrongShape."""
    return cast("Saved", read(_SAVED, answer, "an account of what was saved"))


def read_deleted(answer: object) -> Deleted:
    """What local_kurasync_delete_items answers; raises WrongShape."""
    return cast("Deleted", read(_DELETED, answer, "an account of what was deleted"))


def read_status(answer: object) -> PluginStatus:
    """What local_kurasync_get_status answers; raises WrongShape."""
    return cast("PluginStatus", read(_STATUS, answer, "the status of the plugin"))
