"""A gradebook that does what it is told, as Moodle does, and a memory kept as a run keeps it: to try planning alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from app.planning.grade_actions import GRADES, Action, AddColumn, Column, EditColumn, RemoveColumn, after
from app.planning.gradebook import Cell, Grade, Gradebook, GradePlan, Grades, Item, KnownCell, KnownColumn

Keeps = Callable[[float], float]
"""What Moodle makes of points that are written."""


def applied(
    before: Grades, found: GradePlan, actions: Iterable[Action], keeps: Keeps = lambda points: points
) -> Grades:
    """Both sides and the memory after these actions of a plan were carried out in order."""
    model = _Model(before, keeps)
    done = list(actions)
    for action in done:
        model.do(action)
    model.remember(before, found, {action.column for action in done if isinstance(action, AddColumn | EditColumn)})
    return replace(
        before,
        book=Gradebook(model.items, model.grades, before.book.students, before.book.writer),
        columns=model.columns,
        cells=model.cells,
    )


def begun(before: Grades, actions: Sequence[Action], arrived: int, keeps: Keeps) -> Grades:
    """The same after a run that died while it wrote these grades, of which the first few arrived."""
    model = _Model(before, keeps)
    for action in actions[:arrived]:
        model.do(action)
    for action in actions:
        assert isinstance(action, GRADES)
        model.cells[Cell(action.column, action.userid)] = KnownCell(after(action), action.before, pending=True)
    return replace(before, book=replace(before.book, grades=model.grades), cells=model.cells)


class _Model:
    def __init__(self, before: Grades, keeps: Keeps) -> None:
        self.items, self.grades = dict(before.book.items), dict(before.book.grades)
        self.columns, self.cells = dict(before.columns), dict(before.cells)
        self._writer, self._keeps = before.book.writer, keeps

    def do(self, action: Action) -> None:
        """Carry out one action, which must be possible."""
        match action:
            case AddColumn(column, name, maximum):
                assert column not in self.items
                assert len(name) <= 255
                self.items[column] = Item(name, maximum)
            case EditColumn(column, _, name, maximum):
                item = self._unlocked(column)
                self.items[column] = Item(
                    item.name if name is None else name, item.maximum if maximum is None else maximum
                )
            case RemoveColumn(column):
                self._unlocked(column)
                assert not any(grade.locked for cell, grade in self.grades.items() if cell.column == column)
                self._forget(column)
            case _:
                self._write(action)

    def remember(self, before: Grades, found: GradePlan, changed: set[Column]) -> None:
        """What both sides agree on, and the titles of columns that are there as kuraCloud has them."""
        self.cells |= {cell: KnownCell(value, value) for cell, value in found.adopted.items()}
        waiting = {each.column for each in found.actions if isinstance(each, AddColumn | EditColumn)} - changed
        waiting |= {left.column for left in found.left if left.userid is None and left.studentid is None}
        for column, exported in before.export.columns.items():
            if column in self.items and column not in waiting:
                self.columns[column] = KnownColumn(exported.title)

    def _write(self, action: Action) -> None:
        assert isinstance(action, GRADES)
        cell, sent = Cell(action.column, action.userid), after(action)
        item, now = self._unlocked(action.column), self.grades.get(cell, Grade(None))
        assert (now.value, now.locked) == (action.before, False)
        shown = None if sent is None else min(self._keeps(sent), item.maximum)
        self.grades[cell] = Grade(shown, modifier=self._writer)
        self.cells[cell] = KnownCell(sent, shown)

    def _unlocked(self, column: Column) -> Item:
        assert not self.items[column].locked
        return self.items[column]

    def _forget(self, column: Column) -> None:
        del self.items[column]
        self.columns.pop(column, None)
        self.grades = {cell: each for cell, each in self.grades.items() if cell.column != column}
        self.cells = {cell: each for cell, each in self.cells.items() if cell.column != column}
