"""What the grade rules ask for (design.md 7), said a second time and independently: from both systems as they are.

It predicts no plan. It says what the gradebook has to look like after a sync, and with what kurasync must know it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import floor, isfinite

Column = tuple[int, int]
Cell = tuple[Column, int]
Row = tuple[int, float | None, tuple[float | None, ...]]
"""A student, the offset, the points."""


@dataclass(frozen=True)
class Revision:
    """One revision as kuraCloud exports it."""

    column: Column
    title: str
    maxima: tuple[float, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Item:
    """A column of Moodle's gradebook."""

    name: str
    maximum: float
    locked: bool = False


@dataclass(frozen=True)
class Entry:
    """A grade in Moodle, and who wrote it last."""

    value: float | None
    locked: bool = False
    by: int | None = None


@dataclass(frozen=True)
class Sight:
    """Both systems at one moment. `moved`: students whose link changed since the export was asked for."""

    export: Sequence[Revision]
    items: Mapping[Column, Item]
    entries: Mapping[Cell, Entry]
    students: Collection[int]
    links: Mapping[int, int]
    writer: int
    moved: Collection[int] = ()
    empty: bool = False  # not one lesson in the export


@dataclass
class Ledger:
    """What kurasync has to know of the past.

    `ours`: what was sent to a cell last, and what Moodle showed then; `unsure` are cells of which nobody knows whether
    what was sent arrived; `titles` are those seen of columns; `returned` are cells handed back; `lost` counts grades.
    """

    ours: dict[Cell, tuple[float | None, float | None]] = field(default_factory=dict)
    unsure: set[Cell] = field(default_factory=set)
    titles: dict[Column, str] = field(default_factory=dict)
    returned: set[Cell] = field(default_factory=set)
    lost: int = 0


@dataclass(frozen=True)
class Wanted:
    """A column of an export; None: all null. Students in doubt are left out."""

    title: str
    maximum: float
    grades: Mapping[int, float | None]


def wanted(export: Sequence[Revision]) -> dict[Column, Wanted | None]:
    """What an export says of each column; None: it cannot be believed."""
    times = Counter(revision.column for revision in export)
    return {each.column: _wanted(each) if times[each.column] == 1 else None for each in export}


def _wanted(revision: Revision) -> Wanted | None:
    if not all(isfinite(each) for each in revision.maxima):
        return None
    maximum = sum((_exact(each) for each in revision.maxima), Fraction(0))
    if _five(maximum) <= 0 or maximum > Fraction("99999.99999"):
        return None
    different: dict[int, set[Row]] = {}
    for row in revision.rows:
        different.setdefault(row[0], set()).add(row)
    only = {student: next(iter(rows)) for student, rows in different.items() if len(rows) == 1}
    grades = {student: _points(row, maximum) for student, row in only.items() if _is_sound(row)}
    return Wanted(revision.title, _five(maximum), grades)


def _is_sound(row: Row) -> bool:
    return all(isfinite(each) for each in (row[1], *row[2]) if each is not None)


def _points(row: Row, maximum: Fraction) -> float | None:
    _, offset, points = row
    if set(points) <= {None} and offset in (None, 0):
        return None
    total = sum((_exact(each) for each in (*points, offset) if each is not None), Fraction(0))
    return _five(min(max(total, Fraction(0)), maximum))


def _exact(number: float) -> Fraction:
    return Fraction(repr(number))


def _five(number: Fraction) -> float:
    """Five decimals, half away from zero; nothing here is below zero for long."""
    return float(Fraction(floor(number * 100_000 + Fraction(1, 2)), 100_000))


class Sync:
    """What one sync has to come to. `approved`: a person has agreed to everything that the plan would do."""

    def __init__(self, before: Sight, ledger: Ledger, *, approved: bool, least: int, share: float) -> None:
        self._before = before
        self._ledger = ledger
        self._due: dict[Cell, float | None] = {}
        self._agreed: dict[Cell, float | None] = {}
        self._approved = approved
        self._says: dict[Column, Wanted | None] = {} if before.empty else wanted(before.export)
        self._limit = max(least, int(share * sum(entry.value is not None for entry in before.entries.values())))
        self.items = self._items()
        self.losses = {cell for cell in self._due if self._is_loss(cell)}
        if not approved and ledger.lost + len(self.losses) > self._limit:
            self.losses = set()
            self._due = {cell: value for cell, value in self._due.items() if not self._is_loss(cell)}

    def is_met_by(self, after: Sight, keeps: Callable[[float], float]) -> None:
        """Assert that Moodle shows what it has to, with its own way of keeping points; and note it."""
        assert after.items == self.items
        entries = {cell: each for cell, each in self._before.entries.items() if cell[0] in self.items}
        for cell in after.entries.keys() | entries.keys():
            now, then = after.entries.get(cell, Entry(None)), entries.get(cell, Entry(None))
            if cell in self._due:
                value = self._due[cell]
                assert now.value in (value, None if value is None else keeps(value)), cell
                assert not then.locked
            else:
                assert now == then, cell
        for cell, value in self._due.items():
            assert cell in after.entries or value is None, cell
        self._note(after)

    def not_shown(self, after: Sight) -> set[tuple[Column, int]]:
        """Columns and students whose grade Moodle does not show: none of them may pass for synced."""
        believed = {column: says for column, says in self._says.items() if says is not None}
        return {
            (column, student)
            for column, says in believed.items()
            for student, value in says.grades.items()
            if not self._is_shown(column, student, value, after)
        }

    def _is_shown(self, column: Column, student: int, value: float | None, after: Sight) -> bool:
        cell = column, self._before.links.get(student, 0)
        shown = after.entries.get(cell, Entry(None)).value
        return shown == value or (shown is not None and self._is_kept_otherwise(student, cell, value, shown))

    def _is_kept_otherwise(self, student: int, cell: Cell, value: float | None, shown: float) -> bool:
        """Whether Moodle was sent this very grade, and has made something else of it."""
        says, item = self._says[cell[0]], self._before.items.get(cell[0])
        cut = item is not None and says is not None and item.maximum != says.maximum and item.locked
        sure = cell not in self._ledger.unsure | self._ledger.returned
        return sure and not cut and self._may_have(student) and self._ledger.ours.get(cell) == (value, shown)

    def _may_have(self, student: int) -> bool:
        """Whether the student is linked, and for good, to a student of the Moodle course."""
        user = self._before.links.get(student)
        return user is not None and student not in self._before.moved and user in self._before.students

    def _note(self, after: Sight) -> None:
        ledger = self._ledger
        if not self._approved:
            ledger.lost += len(self.losses)
        for cell, value in (self._due | self._agreed).items():
            ledger.ours[cell] = value, after.entries.get(cell, Entry(None)).value
            ledger.unsure.discard(cell)
            ledger.returned.discard(cell)
        for column in self._before.items.keys() - after.items.keys():
            ledger.titles.pop(column, None)
            ledger.ours = {cell: values for cell, values in ledger.ours.items() if cell[0] != column}
        for column, says in self._says.items():
            if says and column in after.items and not self._is_locked_otherwise(column, says):
                ledger.titles[column] = says.title

    def _is_locked_otherwise(self, column: Column, says: Wanted) -> bool:
        item = self._before.items.get(column)
        return item is not None and item.locked and replace(self._as_wanted(column, item, says)) != item

    def _items(self) -> dict[Column, Item]:
        before = self._before
        items = dict(before.items)
        for column, says in self._says.items():
            if says is None:
                continue
            self._look_at(column, says)
            if column in items:
                items[column] = items[column] if items[column].locked else self._as_wanted(column, items[column], says)
            elif any(cell[0] == column for cell in self._due):
                if self._approved or column not in self._ledger.titles:
                    items[column] = Item(_name(column, says.title), says.maximum)
                else:
                    self._due = {cell: value for cell, value in self._due.items() if cell[0] != column}
        if self._approved and not before.empty:
            locked = {column for (column, _), entry in before.entries.items() if entry.locked}
            locked |= {column for column, item in items.items() if item.locked}
            gone = [column for column in items if column not in self._says and column not in locked]
            items = {column: item for column, item in items.items() if column not in gone}
        return items

    def _as_wanted(self, column: Column, item: Item, says: Wanted) -> Item:
        """Only a new title changes a name; the maximum is always kuraCloud's."""
        renamed = self._ledger.titles.get(column, says.title).strip() != says.title.strip()
        return replace(item, name=_name(column, says.title) if renamed else item.name, maximum=says.maximum)

    def _look_at(self, column: Column, says: Wanted) -> None:
        item = self._before.items.get(column)
        for student, value in says.grades.items():
            if not self._may_have(student):
                continue
            cell = column, self._before.links[student]
            entry = self._before.entries.get(cell, Entry(None))
            if entry.value == value:
                self._agreed |= {cell: value} if value is not None or cell in self._ledger.ours else {}
            elif not (item and item.locked) and not entry.locked and self._may_be_written(cell, entry):
                self._due[cell] = value

    def _may_be_written(self, cell: Cell, entry: Entry) -> bool:
        """Not a person's: kurasync's own last value, one handed back, or a cell that nobody has touched."""
        if entry.by == self._before.writer or cell in self._ledger.returned:
            return True
        untouched = entry.value is None and entry.by is None
        return untouched or entry.value in self._ledger.ours.get(cell, ())

    def _is_loss(self, cell: Cell) -> bool:
        shown, value = self._before.entries.get(cell, Entry(None)).value, self._due[cell]
        return shown is not None and (value is None or value < shown)


def _name(column: Column, title: str) -> str:
    end = f" kuraID: {column[0]}-{column[1]}"
    return title.strip()[: 255 - len(end)] + end
