"""Grade items and grades of courses; manual items, which keep final grades only (contracts/moodle.md 3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

HIGHEST = 99999.99999
"""The highest number that the columns of a gradebook keep."""
_KEPT = Decimal("0.00001")


def kept(points: float) -> float:
    """A number as the gradebook keeps it: rounded to five decimals as PHP does, half away from zero."""
    return float(Decimal(f"{points:.15g}").quantize(_KEPT, ROUND_HALF_UP))


@dataclass(slots=True)
class GradeGrade:
    """A user's grade. `usermodified` is who wrote it last; `locked` is a time, 0 for not."""

    id: int
    itemid: int
    userid: int
    finalgrade: float | None
    usermodified: int | None
    locked: int = 0


@dataclass(slots=True)
class GradeItem:
    """A column; `itemtype` is manual, or course for the total.

    `category`, `weight`, `hidden` and `sortorder` are the teacher's: no program changes them.
    """

    id: int
    courseid: int
    itemtype: str
    itemname: str | None
    itemmodule: str | None = None
    iteminstance: int | None = None
    itemnumber: int | None = None
    idnumber: str | None = None
    grademax: float = 100.0
    locked: int = 0
    calculation: str = ""
    category: str = ""
    weight: float = 0.0
    hidden: bool = False
    sortorder: int = 1
    grades: dict[int, GradeGrade] = field(default_factory=dict)

    @property
    def is_writable(self) -> bool:
        """Whether final grades can be written: neither locked nor a formula."""
        return not self.locked and not self.calculation

    def bounded(self, points: float, unlimited: bool) -> float:
        """What becomes of a grade: within the item's bounds, or ten times its maximum where grades are unlimited."""
        return kept(min(max(points, 0.0), self.grademax * (10 if unlimited else 1)))

    def rows(self) -> list[GradeGrade]:
        """The grades by user id."""
        return [self.grades[userid] for userid in sorted(self.grades)]


class Gradebook:
    def __init__(self) -> None:
        self._rows: dict[int, GradeItem] = {}
        self._of_course: dict[int, dict[int, GradeItem]] = defaultdict(dict)

    def add(self, item: GradeItem) -> None:
        """Insert an item."""
        self._rows[item.id] = self._of_course[item.courseid][item.id] = item

    def remove(self, item: GradeItem) -> None:
        """Delete an item with its grades."""
        del self._rows[item.id], self._of_course[item.courseid][item.id]

    def of_course(self, courseid: int) -> list[GradeItem]:
        """The items of a course by id; that of the course total is there as soon as there is another."""
        return [self._of_course[courseid][id] for id in sorted(self._of_course[courseid])]

    def kuracloud(self, courseid: int) -> list[GradeItem]:
        """The items with the identity that block_kuracloud gave them, by id."""
        return [item for item in self.of_course(courseid) if item.itemmodule == "kuracloud"]

    def find(self, courseid: int, lesson: int, revision: int) -> GradeItem | None:
        """The item of a revision; of several the oldest."""
        for item in self.kuracloud(courseid):
            if (item.iteminstance, item.itemnumber) == (lesson, revision):
                return item
        return None

    def __getitem__(self, id: int) -> GradeItem:
        return self._rows[id]

    def __iter__(self) -> Iterator[GradeItem]:
        return iter(self._rows.values())
