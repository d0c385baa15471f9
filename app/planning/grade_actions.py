"""What a grades run may do to Moodle's gradebook, one class an action; fingerprints as in app.planning.actions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

from app.planning.actions import digest_of


class Column(NamedTuple):
    """A column of Moodle's gradebook: kuraCloud's publishedLessonId and publishedRevisionId (contracts/moodle.md 3)."""

    lesson: int
    revision: int


@dataclass(frozen=True, slots=True)
class AddColumn:
    """Make a grade item: value, minimum 0."""

    kind: ClassVar[str] = "column_add"
    column: Column
    name: str
    maximum: float


@dataclass(frozen=True, slots=True)
class EditColumn:
    """Give a grade item another name or maximum; None: as it is. Nothing else of it is ever touched."""

    kind: ClassVar[str] = "column_edit"
    column: Column
    before: tuple[str, float]
    name: str | None
    maximum: float | None


@dataclass(frozen=True, slots=True)
class RemoveColumn:
    """Remove a grade item with its grades; always asked."""

    kind: ClassVar[str] = "column_remove"
    column: Column
    name: str


@dataclass(frozen=True, slots=True)
class SetGrade:
    """Write a grade; `before` is what Moodle shows now, None where there is nothing."""

    kind: ClassVar[str] = "grade_set"
    column: Column
    userid: int
    before: float | None
    after: float


@dataclass(frozen=True, slots=True)
class LowerGrade:
    """Write a grade that is lower than the one Moodle shows."""

    kind: ClassVar[str] = "grade_lower"
    column: Column
    userid: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class ClearGrade:
    """Empty a cell: kuraCloud has taken the grade back."""

    kind: ClassVar[str] = "grade_clear"
    column: Column
    userid: int
    before: float


Action = AddColumn | EditColumn | RemoveColumn | SetGrade | LowerGrade | ClearGrade
GRADES = (SetGrade, LowerGrade, ClearGrade)
LOSSES = (LowerGrade, ClearGrade)


def after(action: SetGrade | LowerGrade | ClearGrade) -> float | None:
    """What the cell holds when the action is done."""
    return None if isinstance(action, ClearGrade) else action.after


def shown(action: Action) -> dict[str, Any]:
    """The action as stored with a run or a hold and shown to people."""
    return {"action": action.kind, **asdict(action), "column": list(action.column)}


def digest(action: Action) -> str:
    """64 hexadecimal digits of everything the action says."""
    return digest_of(shown(action))


def fingerprint(action: Action) -> str:
    """64 hexadecimal digits that are equal for the same action with the same effect.

    What Moodle shows before is no part of it: an approval stays good when only that has changed; a person's change is
    left alone anyhow.
    """
    return digest_of([action.kind, *action.column, *_identity(action)])


def _identity(action: Action) -> list[Any]:
    match action:
        case AddColumn():
            return [action.maximum]
        case EditColumn():
            return [action.name, action.maximum]
        case RemoveColumn():
            return []
        case _:
            return [action.userid, after(action)]
