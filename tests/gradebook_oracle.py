"""What a grades run may do to Moodle's gradebook (design.md 6, 7), said independently: from what Moodle itself saw.

It predicts no plan. It says of each write whether it may be, and of a gradebook at rest what is wrong with it.
tests.grade_oracle says what an export is worth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.grade_oracle import Cell, Column, Entry, Revision, Row, Wanted, wanted

Lesson = Mapping[str, Any]
"""One as an export shows it."""
Listed = Mapping[str, Any]
"""An action, or something left, as a run's plan or a hold shows it."""

NOBODY = Entry(None)
LONGEST_NAME = 255


@dataclass(frozen=True)
class Link:
    """A student who is linked to a user, and since when."""

    studentid: int
    made_at: float


@dataclass(frozen=True)
class Truth:
    """Moodle's gradebook and the links at one moment; `writer` is the user that kurasync writes as."""

    locked_items: Collection[Column]
    names: Mapping[Column, str]
    maxima: Mapping[Column, float]
    entries: Mapping[Cell, Entry]
    students: Collection[int]
    links: Mapping[int, Link]
    writer: int

    @property
    def present(self) -> int:
        """How many grades there are."""
        return sum(1 for entry in self.entries.values() if entry.value is not None)

    def is_persons(self, cell: Cell) -> bool:
        """Whether a person, who is not kurasync, touched the cell last."""
        return self.entries.get(cell, NOBODY).by not in (None, self.writer)


@dataclass(frozen=True)
class Exported:
    """An export as it was when it was asked for."""

    lessons: Sequence[Lesson]
    asked_at: float = 0.0

    @property
    def columns(self) -> dict[Column, Wanted | None]:
        """What it says of each column; None: it cannot be believed."""
        return wanted([_revision(lesson, each) for lesson in self.lessons for each in _revisions(lesson)])


def _revisions(lesson: Lesson) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = lesson.get("gradedPublishedRevisions", ())
    return found


def _revision(lesson: Lesson, revision: Mapping[str, Any]) -> Revision:
    return Revision(
        column=(lesson["publishedLessonId"], revision["publishedRevisionId"]),
        title=revision["publishedRevisionTitle"],
        maxima=tuple(question["maxGrade"] for question in revision["questions"]),
        rows=tuple(map(_row, revision.get("studentGrades", ()))),
    )


def _row(row: Mapping[str, Any]) -> Row:
    return row["studentId"], row["gradeOffset"], tuple(each["questionGrade"] for each in row["questionGrades"])


@dataclass(frozen=True)
class Write:
    """One thing that kurasync did to the gradebook, with what was there just before.

    `kind` is grade, made, described or deleted; `after` the grade, or (name, maximum) of the column.
    """

    kind: str
    column: Column
    at: float
    after: Any = None
    userid: int = 0
    before: Entry = NOBODY
    was: Any = None
    item_locked: bool = False

    @property
    def cell(self) -> Cell:
        """Where a grade was written."""
        return self.column, self.userid

    @property
    def is_loss(self) -> bool:
        """Whether a grade was lowered or cleared."""
        value = self.before.value
        return self.kind == "grade" and value is not None and (self.after is None or self.after < value)


@dataclass
class Memory:
    """What has to be known of the past: values that are kurasync's, cells handed back, titles given to columns."""

    ours: dict[Cell, set[float | None]]
    returned: set[Cell]
    titles: dict[Column, str]


@dataclass(frozen=True)
class Turn:
    """One turn at the grades of a mapping, from outside.

    `sent` is what kurasync wrote down that it was about to send last, by cell. `asks_first`: nothing may be done that
    nobody approved.
    """

    before: Truth
    after: Truth
    writes: Sequence[Write]
    export: Exported | None
    approved: Sequence[Listed]
    plan: Mapping[str, Sequence[Listed]]
    memory: Memory
    sent: Mapping[Cell, float | None]
    asks_first: bool

    def approves(self, action: str, column: Column, **values: object) -> bool:
        """Whether a person approved such an action."""
        return any(
            item["action"] == action
            and tuple(item["column"]) == column
            and all(item.get(name) == value for name, value in values.items())
            for item in self.approved
        )

    def is_approved(self, write: Write) -> bool:
        """Whether a person approved what was written."""
        kinds = {"made": "column_add", "described": "column_edit", "deleted": "column_remove"}
        if write.kind in kinds:
            return self.approves(kinds[write.kind], write.column)
        if write.after is None:
            return self.approves("grade_clear", write.column, userid=write.userid)
        given = {"userid": write.userid, "after": write.after}
        return any(self.approves(kind, write.column, **given) for kind in ("grade_set", "grade_lower"))

    @property
    def unasked_losses(self) -> list[Write]:
        """Grades lowered or cleared that nobody approved."""
        return [write for write in self.writes if write.is_loss and not self.is_approved(write)]


def judged(turn: Turn) -> Iterator[str]:
    """What is wrong with one turn, whatever failed in it."""
    for write in turn.writes:
        yield from (f"{complaint}: {write}" for complaint in _JUDGES[write.kind](turn, write))
        if turn.asks_first and not turn.is_approved(write):
            yield f"done unapproved: {write}"
    yield from _reported(turn)


def _grade(turn: Turn, write: Write) -> Iterator[str]:
    if write.before.locked or write.item_locked:
        yield "a locked grade was overwritten"
    if write.userid not in {*turn.before.students, *turn.after.students}:
        yield "somebody who is no student got a grade"
    if _was_a_persons(turn, write):
        yield "a person's grade was overwritten"
    yield from _wrong_value(turn, write)


def _was_a_persons(turn: Turn, write: Write) -> bool:
    """Not where somebody wrote and cleared it again within the turn: nothing tells that from an untouched cell."""
    cell, before, memory = write.cell, write.before, turn.memory
    if before.by in (None, turn.before.writer) or (before.value is None and not turn.before.is_persons(cell)):
        return False
    known = memory.ours.get(cell, set()) | ({turn.sent[cell]} if cell in turn.sent else set())
    return before.value not in known and cell not in memory.returned


def _wrong_value(turn: Turn, write: Write) -> Iterator[str]:
    links = [truth.links[write.userid] for truth in (turn.before, turn.after) if write.userid in truth.links]
    if not links:
        yield "somebody who is linked to nobody got a grade"
    if turn.export is None:
        yield "a grade was written without an export"
        return
    says = turn.export.columns.get(write.column)
    fitting = [link for link in links if says and says.grades.get(link.studentid, "absent") == write.after]
    if links and not fitting:
        yield "no export says so"
    elif links and all(link.made_at >= turn.export.asked_at for link in fitting):
        yield "the link changed after the export was asked for"


def _made(turn: Turn, write: Write) -> Iterator[str]:
    says = turn.export.columns.get(write.column) if turn.export else None
    name, maximum = write.after
    if says is None or says.maximum != maximum:
        yield "a column was made that no export has"
    elif not any(value is not None for value in says.grades.values()):
        yield "a column was made in which nobody has a grade"
    elif not _is_name_of(write.column, name, says.title):
        yield "a column was made with a wrong name"
    if write.column in turn.memory.titles and not turn.is_approved(write):
        yield "a column that somebody deleted was made again unasked"


def _is_name_of(column: Column, name: str, title: str) -> bool:
    if len(name) > LONGEST_NAME:
        return False
    # Moodle takes markup out of a name.
    return "<" in title or (name.endswith(f"kuraID: {column[0]}-{column[1]}") and name[:200].startswith(title[:100]))


def shows(name: str, column: Column, title: str) -> bool:
    """Whether a column's name is made of just this title."""
    return name.removesuffix(f"kuraID: {column[0]}-{column[1]}").strip()[:100] == title.strip()[:100]


def _described(turn: Turn, write: Write) -> Iterator[str]:
    says = turn.export.columns.get(write.column) if turn.export else None
    name, maximum = write.after
    if write.item_locked:
        yield "a locked column was changed"
    if says is None or maximum not in (write.was[1], says.maximum):
        yield "a column got a maximum that no export has"
    elif name != write.was[0]:
        if turn.memory.titles.get(write.column, says.title) == says.title:
            yield "a column was renamed though kuraCloud's title did not change"
        elif not _is_name_of(write.column, name, says.title):
            yield "a column got a wrong name"


def _deleted(turn: Turn, write: Write) -> Iterator[str]:
    if not turn.is_approved(write):
        yield "a column was removed unasked"
    if write.item_locked:
        yield "a locked column was removed"
    if turn.export is None or not turn.export.lessons or write.column in turn.export.columns:
        yield "a column was removed that the export has, or with an empty export"


_JUDGES = {"grade": _grade, "made": _made, "described": _described, "deleted": _deleted}


def _reported(turn: Turn) -> Iterator[str]:
    """What the run shows as done was done, and what it left has a reason."""
    failed = [_key(item) for item in turn.plan.get("failed", ())]
    written = {(write.cell, write.after) for write in turn.writes if write.kind == "grade"}
    for item in turn.plan.get("go", ()):
        if not item["action"].startswith("grade_") or _key(item) in failed:
            continue
        cell, value = (tuple(item["column"]), item["userid"]), item.get("after")
        if (cell, value) not in written and turn.after.entries.get(cell, NOBODY).value != value:
            yield f"reported as done, and was not: {dict(item)}"


def _key(item: Listed) -> tuple[Any, ...]:
    return item["action"], tuple(item["column"]), item.get("userid"), item.get("after")


def out_of_step(truth: Truth, export: Exported, plan: Mapping[str, Sequence[Listed]]) -> Iterator[str]:
    """What is wrong in a gradebook at which a run has just come to its end: a cell is right, or is listed and why."""
    if not export.lessons:
        return
    left = {(tuple(each["column"]), each["userid"]): each["reason"] for each in plan["left"]}
    strangers = {(tuple(each["column"]), each["studentid"]) for each in plan["left"] if each["reason"] == "unlinked"}
    waits = {(tuple(each["column"]), each.get("userid")) for each in plan["held"]}
    owners = {link.studentid: userid for userid, link in truth.links.items()}
    for column, says in export.columns.items():
        for studentid, value in (says.grades if says else {}).items():
            cell = column, owners.get(studentid, 0)
            now = truth.entries.get(cell, NOBODY).value
            if now == value or cell in waits:
                continue
            if not cell[1]:
                if (column, studentid) not in strangers:
                    yield f"student {studentid} is linked to nobody, and {value} in {column} is not listed"
            elif not _is_excused(truth, cell, left.get(cell, "")):
                yield f"{cell} of student {studentid} is {now}, not {value}; listed as {left.get(cell)}"


def _is_excused(truth: Truth, cell: Cell, reason: str) -> bool:
    """Whether the reason for which a cell was left is true."""
    entry = truth.entries.get(cell, NOBODY)
    return {
        "person": truth.is_persons(cell),
        "locked": entry.locked,
        "column_locked": cell[0] in truth.locked_items,
        "not_student": cell[1] not in truth.students,
        "unsettled": True,
    }.get(reason, False)
