"""Grade cells and columns: what kurasync last wrote into Moodle's gradebook, and what Moodle then showed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, delete, select, update

from app.planning.grade_actions import Column
from app.planning.gradebook import Cell, KnownCell, KnownColumn
from app.store.dialect import chosen, per_dialect
from app.store.tables import grade_cells, grade_columns

Values = Mapping[Cell, tuple[float | None, float | None]]
"""What was sent to each cell, and what Moodle shows there."""

_KEY = ["mapping_id", "lesson", "revision"]
_KEEP_COLUMN = per_dialect(
    lambda insert: (made := insert(grade_columns)).on_conflict_do_update(
        index_elements=_KEY, set_={"title": made.excluded.title}
    )
)
_KEEP_CELL = per_dialect(
    lambda insert: (made := insert(grade_cells)).on_conflict_do_update(
        index_elements=[*_KEY, "userid"],
        set_={name: made.excluded[name] for name in ("sent", "shown", "pending", "returned", "modifier", "written_at")},
    )
)

_HAND_BACK = per_dialect(
    lambda insert: insert(grade_cells).on_conflict_do_update(
        index_elements=[*_KEY, "userid"], set_={"returned": True}
    )
)


def columns(tx: Connection, mapping_id: int) -> dict[Column, KnownColumn]:
    """The columns kurasync knows."""
    found = tx.execute(select(grade_columns).where(grade_columns.c.mapping_id == mapping_id))
    return {Column(row.lesson, row.revision): KnownColumn(row.title) for row in found}


def cells(tx: Connection, mapping_id: int) -> dict[Cell, KnownCell]:
    """What kurasync remembers of each cell."""
    found = tx.execute(select(grade_cells).where(grade_cells.c.mapping_id == mapping_id))
    return {
        Cell(Column(row.lesson, row.revision), row.userid): KnownCell(
            row.sent, row.shown, row.pending, row.returned, row.modifier
        )
        for row in found
    }


def owners(tx: Connection, mapping_id: int) -> frozenset[int]:
    """The Moodle users of whom a grade is remembered."""
    query = select(grade_cells.c.userid).where(
        grade_cells.c.mapping_id == mapping_id, grade_cells.c.sent.is_not(None)
    )
    return frozenset(tx.execute(query.distinct()).scalars())


def keep_columns(tx: Connection, mapping_id: int, titles: Mapping[Column, str]) -> None:
    """Remember kuraCloud's titles of columns."""
    if titles:
        rows = [{**_column(mapping_id, column), "title": title} for column, title in titles.items()]
        tx.execute(chosen(tx, _KEEP_COLUMN), rows)


def forget_columns(tx: Connection, mapping_id: int, gone: Collection[Column]) -> None:
    """Forget columns with their cells."""
    for table in (grade_cells, grade_columns):
        for column in gone:
            here = (table.c[key] == value for key, value in _column(mapping_id, column).items())
            tx.execute(delete(table).where(*here))


def forget(tx: Connection, mapping_id: int) -> None:
    """Forget every column and cell of a mapping: they are of a gradebook that is no longer its own."""
    for table in (grade_cells, grade_columns):
        tx.execute(delete(table).where(table.c.mapping_id == mapping_id))


def begin(tx: Connection, mapping_id: int, values: Values, modifiers: Mapping[Cell, int | None]) -> None:
    """Remember what is about to be sent, and what Moodle shows before it, and by whom: either may be there later."""
    _keep(tx, mapping_id, values, modifiers, pending=True, written_at=None)


def settle(tx: Connection, now: float, mapping_id: int, values: Values) -> None:
    """Remember what was sent, and what Moodle shows since."""
    _keep(tx, mapping_id, values, {}, pending=False, written_at=now)


def restore(tx: Connection, mapping_id: int, known: Mapping[Cell, KnownCell | None]) -> None:
    """Remember of cells what was remembered before, None: nothing; what was begun has not happened."""
    for cell, before in known.items():
        here = (grade_cells.c[key] == value for key, value in _cell(mapping_id, cell).items())
        if before is None:
            tx.execute(delete(grade_cells).where(*here))
        else:
            tx.execute(update(grade_cells).where(*here).values(**asdict(before)))


def hand_back(tx: Connection, mapping_id: int, given: Iterable[Cell]) -> None:
    """Let what Moodle shows in these cells be overwritten: a person gave them back."""
    rows = [{**_cell(mapping_id, cell), "pending": False, "returned": True} for cell in given]
    if rows:
        tx.execute(chosen(tx, _HAND_BACK), rows)


def _keep(
    tx: Connection, mapping_id: int, values: Values, modifiers: Mapping[Cell, int | None], **state: Any
) -> None:
    common = {**state, "returned": False}
    rows = [
        {**_cell(mapping_id, cell), "sent": sent, "shown": shown, "modifier": modifiers.get(cell), **common}
        for cell, (sent, shown) in values.items()
    ]
    if rows:
        tx.execute(chosen(tx, _KEEP_CELL), rows)


def _column(mapping_id: int, column: Column) -> dict[str, int]:
    return {"mapping_id": mapping_id, "lesson": column.lesson, "revision": column.revision}


def _cell(mapping_id: int, cell: Cell) -> dict[str, int]:
    return {**_column(mapping_id, cell.column), "userid": cell.userid}
