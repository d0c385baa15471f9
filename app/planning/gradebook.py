"""What a grades plan is made from: both sides of a mapping, and what kurasync remembers of them (design.md 7).

Grades are points; Moodle keeps five decimals of them. A column is one published revision of a lesson.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.planning.grade_actions import Action, Column
from app.planning.rules import Rules


class Cell(NamedTuple):
    """One Moodle user's grade in one column."""

    column: Column
    userid: int


@dataclass(frozen=True, slots=True)
class Item:
    """A grade item of ours in Moodle; `locked` as a whole."""

    name: str
    maximum: float
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Grade:
    """What Moodle shows in a cell, None where it is empty; `modifier` is the user who wrote it last, if known."""

    value: float | None
    locked: bool = False
    modifier: int | None = None


@dataclass(frozen=True, slots=True)
class Gradebook:
    """Our columns of one Moodle course. `students` may get grades; `writer` is the user that kurasync writes as."""

    items: Mapping[Column, Item]
    grades: Mapping[Cell, Grade]
    students: frozenset[int]
    writer: int | None = None


@dataclass(frozen=True, slots=True)
class ColumnOfExport:
    """One revision as exported and computed (contracts/kuracloud-v2.md, What a grade is).

    `grades` has each student's grade by kuraCloud's student id: None where the row is there and all null.
    """

    title: str
    maximum: float
    grades: Mapping[int, float | None]


@dataclass(frozen=True, slots=True)
class Doubt:
    """What an export says that cannot be believed; `studentid` None: about the whole column."""

    column: Column
    reason: str
    studentid: int | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """A downloaded export, computed. Columns and students that are in doubt are not among `columns`."""

    columns: Mapping[Column, ColumnOfExport]
    doubts: tuple[Doubt, ...] = ()
    empty: bool = False  # not one lesson in it


@dataclass(frozen=True, slots=True)
class KnownColumn:
    """What kurasync last saw of a column: kuraCloud's `title`, by which it tells whether that has changed."""

    title: str


@dataclass(frozen=True, slots=True)
class KnownCell:
    """What kurasync last wrote into a cell (`sent`), and what Moodle then showed (`shown`: it may round or refuse).

    `pending`: that write was begun, and nobody knows whether it arrived; `shown` and `modifier` are then what Moodle
    showed before it. `returned`: a person gave the cell back, so what Moodle shows now may be overwritten.
    """

    sent: float | None
    shown: float | None
    pending: bool = False
    returned: bool = False
    modifier: int | None = None


@dataclass(frozen=True, slots=True)
class Grades:
    """Everything a grades plan is made from.

    `links` maps kuraCloud's student id to the Moodle user linked to it now; `moved` are students whose link was made or
    ended since the export was asked for. `done` counts, per fingerprint, how often an action was done in the last 24
    hours; `excluded` are Moodle users who are left alone.
    """

    export: Export
    book: Gradebook
    links: Mapping[int, int]
    rules: Rules
    moved: frozenset[int] = frozenset()
    columns: Mapping[Column, KnownColumn] = field(default_factory=dict)
    cells: Mapping[Cell, KnownCell] = field(default_factory=dict)
    done: Mapping[str, int] = field(default_factory=dict)
    excluded: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Left:
    """What a plan leaves as it is, with the slug of the reason (app.planning.grades.LEFT).

    `value` is kuraCloud's grade, `shown` Moodle's.
    """

    reason: str
    column: Column
    userid: int | None = None
    studentid: int | None = None
    value: float | None = None
    shown: float | None = None


@dataclass(frozen=True, slots=True)
class GradePlan:
    """The actions that would bring the gradebook in step, in order, and what is left as it is and why.

    `present` is the number of grades that our columns hold in Moodle: the guard's limits are shares of it. `adopted`
    are cells on which both sides agree and which kurasync did not remember so, with the value to remember.
    """

    actions: tuple[Action, ...]
    left: tuple[Left, ...]
    present: int = 0
    adopted: Mapping[Cell, float | None] = field(default_factory=dict)
