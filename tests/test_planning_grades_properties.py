"""Whatever happens on both sides: grades arrive, and what is a person's, a stranger's or in doubt is left alone.

A small course is changed at random, by kuraCloud, by teachers and by kurasync itself, some of whose runs die half-way.
tests/grade_oracle.py says what each sync has to come to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import floor, inf, nan
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.planning.computing import DOUBTS, computed
from app.planning.grade_actions import GRADES, LOSSES, Action, Column, RemoveColumn, after, fingerprint
from app.planning.grade_guard import GradeCircumstances, judge
from app.planning.gradebook import Cell, Grade, Gradebook, GradePlan, Grades, Item, KnownCell
from app.planning.grades import plan
from app.planning.rules import Rules
from app.planning.verdict import Verdict
from schemas.exports import Lesson, Question, QuestionGrade, Revision, StudentGrades
from tests import grade_oracle as oracle
from tests.grade_builders import TEACHER, WRITER
from tests.grade_model import applied, begun

# How fast examples are drawn depends on what else the machine does: no defect.
QUICK = settings(
    max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
RULES = Rules(grades_losses_least=2, grades_losses_share=0.4)
STUDENTS, USERS = (1, 2, 3), (11, 12, 13)
COLUMNS = [Column(1, 1), Column(2, 1)]
SOUND = [(None, (4.0, 4.3)), (1.0, (2.5, None)), (-20.0, (5.0, 1.0)), (2.0, (5.0, 9.0)), (0.0, (None, None))]
SPOILT = [(None, (nan, 1.0)), (inf, (4.0, 4.0)), (0.000004, (1.0, 1.0))]
MAXIMA = [(5.0, 5.0), (20.0,), (4.0,), (), (0.000004,), (nan, 5.0), (1e6,)]
Row = tuple[float | None, tuple[float | None, ...]]
TITLES = ["Heart", " Heart", "Lung", "T" * 300]


def lessons(export: Iterable[oracle.Revision]) -> list[Lesson]:
    """The same as kuraCloud's client reads it: a lesson for each revision."""
    return [Lesson(each.column[0], "Organs", (_revision(each),)) for each in export]


def _revision(given: oracle.Revision) -> Revision:
    questions = tuple(Question(f"q{place}", each) for place, each in enumerate(given.maxima))
    graded = tuple(
        StudentGrades(student, offset, tuple(QuestionGrade(f"q{place}", each) for place, each in enumerate(points)))
        for student, offset, points in given.rows
    )
    return Revision(given.column[1], given.title, questions, graded)


def _turned(state: Grades) -> Grades:
    """The same, said in another order."""
    columns = {
        column: replace(each, grades=dict(reversed(list(each.grades.items()))))
        for column, each in reversed(list(state.export.columns.items()))
    }
    items = dict(reversed(list(state.book.items.items())))
    grades = dict(reversed(list(state.book.grades.items())))
    book = Gradebook(items, grades, state.book.students, state.book.writer)
    return replace(state, export=replace(state.export, columns=columns), book=book)


def halves(points: float) -> float:
    """A Moodle that keeps half points only."""
    return floor(points * 2) / 2


def as_it_is(points: float) -> float:
    """A Moodle that keeps five decimals."""
    return points


class Course:
    """Both systems, kurasync's memory of them, and the oracle's."""

    def __init__(self, keeps: Any) -> None:
        self.keeps = keeps
        self.titles = dict.fromkeys(COLUMNS, "Heart")
        self.maxima: dict[Column, tuple[float, ...]] = dict.fromkeys(COLUMNS, (5.0, 5.0))
        self.rows: dict[Cell, Row] = {Cell(column, each): SOUND[0] for column in COLUMNS for each in STUDENTS}
        self.more: list[oracle.Revision] = []  # for one sync: what is exported besides
        self.without: set[Column] = set()  # for one sync: what is not
        self.ledger = oracle.Ledger()
        book = Gradebook({}, {}, frozenset(USERS), WRITER)
        self.state = Grades(computed([]), book, dict(zip(STUDENTS, USERS, strict=True)), RULES)

    @property
    def revisions(self) -> list[oracle.Revision]:
        """What kuraCloud exports now."""
        return [self._revision(column) for column in COLUMNS if column not in self.without] + self.more

    def _revision(self, column: Column, *more: oracle.Row) -> oracle.Revision:
        rows = [(cell.userid, *row) for cell, row in self.rows.items() if cell.column == column]
        return oracle.Revision(column, self.titles[column], self.maxima[column], (*rows, *more))

    def sight(self) -> oracle.Sight:
        """Both systems as the oracle sees them."""
        book = self.state.book
        return oracle.Sight(
            export=self.revisions,
            items={column: oracle.Item(each.name, each.maximum, each.locked) for column, each in book.items.items()},
            entries={cell: oracle.Entry(each.value, each.locked, each.modifier) for cell, each in book.grades.items()},
            students=book.students,
            links=self.state.links,
            writer=WRITER,
            moved=self.state.moved,
            empty=not self.revisions,
        )

    def look(self, *, approved: bool = False) -> tuple[GradePlan, Verdict[Action]]:
        """A plan and the guard's word on it."""
        self.state = replace(self.state, export=computed(lessons(self.revisions)))
        found = plan(self.state)
        assert plan(_turned(self.state)) == found
        agreed = [fingerprint(action) for action in found.actions] if approved else []
        now = GradeCircumstances(RULES, True, self.ledger.lost, agreed, frozenset(self.state.columns))
        verdict = judge(found, now)
        assert Counter([*verdict.go, *(held.action for held in verdict.held)]) == Counter(found.actions)
        return found, verdict

    # What happens, each by its name

    def sync(self, approved: bool) -> None:
        """A run that comes to its end, and a look right after it that finds nothing to do."""
        due = oracle.Sync(self.sight(), self.ledger, approved=approved, least=2, share=0.4)
        found, verdict = self.look(approved=approved)
        assert approved or not any(isinstance(action, RemoveColumn) for action in verdict.go)
        self.state = applied(self.state, found, verdict.go, self.keeps)
        due.is_met_by(self.sight(), self.keeps)
        again, second = self.look()
        assert (second.go, again.adopted) == ((), {})
        assert due.not_shown(self.sight()) == self._told(again, second)
        self.more, self.without = [], set()
        self.state = replace(self.state, moved=frozenset())

    def _told(self, found: GradePlan, verdict: Verdict[Action]) -> set[tuple[oracle.Column, int]]:
        """Whose grade is said to be left or held, in which column."""
        students = {userid: student for student, userid in self.state.links.items()}
        held = [each.action for each in verdict.held if isinstance(each.action, GRADES)]
        return {(action.column, students[action.userid]) for action in held} | {
            (left.column, left.studentid) for left in found.left if left.studentid and left.reason not in DOUBTS
        }

    def die(self, sent: int, arrived: int) -> None:
        """A run that dies after it has begun to send some grades, of which Moodle got the first few."""
        grades = [action for action in self.look()[1].go if isinstance(action, GRADES)]
        grades = [action for action in grades if action.column in self.state.book.items][:sent]
        for action in grades:
            cell = action.column, action.userid
            self.ledger.ours[cell] = after(action), action.before
            self.ledger.unsure.add(cell)
            self.ledger.returned.discard(cell)
        self.ledger.lost += sum(isinstance(action, LOSSES) for action in grades)
        self.state = begun(self.state, grades, arrived, self.keeps)

    def forget(self) -> None:
        """What kurasync remembered of its losses is a day old."""
        self.ledger.lost = 0

    def grade(self, column: Column, student: int, row: Row) -> None:
        """KuraCloud's teacher grades a student, or takes all points back."""
        self.rows[Cell(column, student)] = row

    def regrade(self, column: Column, row: Row) -> None:
        """KuraCloud's teacher grades all students alike."""
        for student in STUDENTS:
            self.grade(column, student, row)

    def drop(self, column: Column, student: int) -> None:
        """A student is not in the export."""
        self.rows.pop(Cell(column, student), None)

    def entitle(self, column: Column, title: str) -> None:
        """KuraCloud's teacher gives a revision another title."""
        self.titles[column] = title

    def reweigh(self, column: Column, maxima: tuple[float, ...]) -> None:
        """KuraCloud's teacher changes what the questions give."""
        self.maxima[column] = maxima

    def twice(self, column: Column, student: int, row: Row) -> None:
        """A student is exported twice, this once."""
        self.without.add(column)
        self.more.append(self._revision(column, (student, *row)))

    def double(self, column: Column) -> None:
        """A revision is exported twice, this once."""
        self.more.append(self._revision(column))

    def vanish(self, column: Column) -> None:
        """A revision is not exported, this once."""
        self.without.add(column)

    def empty(self) -> None:
        """Nothing is exported, this once."""
        self.without, self.more = set(COLUMNS), []

    def edit(self, column: Column, user: int, value: float | None) -> None:
        """A teacher writes a grade."""
        cell = Cell(column, user)
        if column in self.state.book.items:
            locked = self.state.book.grades.get(cell, Grade(None)).locked
            self._book(grades={**self.state.book.grades, cell: Grade(value, locked, TEACHER)})

    def lock(self, column: Column, user: int) -> None:
        """A teacher locks a grade, or unlocks it."""
        grade = self.state.book.grades.get(Cell(column, user))
        if grade is not None:
            changed = replace(grade, locked=not grade.locked)
            self._book(grades={**self.state.book.grades, Cell(column, user): changed})

    def lock_column(self, column: Column) -> None:
        """A teacher locks a column, or unlocks it."""
        self._change(column, lambda item: replace(item, locked=not item.locked))

    def rename(self, column: Column) -> None:
        """A teacher gives a column another name."""
        self._change(column, lambda item: replace(item, name="Week 3"))

    def rescale(self, column: Column) -> None:
        """A teacher gives a column another maximum."""
        self._change(column, lambda item: replace(item, maximum=7.0))

    def delete(self, column: Column) -> None:
        """A teacher deletes a column with its grades."""
        items = {each: item for each, item in self.state.book.items.items() if each != column}
        grades = {cell: grade for cell, grade in self.state.book.grades.items() if cell.column != column}
        self._book(items=items, grades=grades)

    def unenrol(self, user: int) -> None:
        """A student leaves: Moodle deletes the grades."""
        grades = {cell: grade for cell, grade in self.state.book.grades.items() if cell.userid != user}
        self._book(grades=grades, students=self.state.book.students - {user})

    def suspend(self, user: int) -> None:
        """A student is suspended: the grades stay."""
        self._book(students=self.state.book.students - {user})

    def enrol(self, user: int) -> None:
        """A student comes, or comes back."""
        self._book(students=self.state.book.students | {user})

    def link(self, student: int, user: int | None) -> None:
        """A student is linked to another user, or to none."""
        links = {each: owner for each, owner in self.state.links.items() if each != student and owner != user}
        links |= {student: user} if user is not None else {}
        changed = {each for each in STUDENTS if links.get(each) != self.state.links.get(each)}
        self.state = replace(self.state, links=links, moved=self.state.moved | changed)

    def hand_back(self, column: Column, user: int) -> None:
        """The mapping's owner gives a cell back."""
        cell = Cell(column, user)
        if column in self.state.book.items:
            known = self.state.cells.get(cell, KnownCell(None, None))
            returned = replace(known, pending=False, returned=True)
            self.state = replace(self.state, cells={**self.state.cells, cell: returned})
            self.ledger.returned.add(cell)
            self.ledger.unsure.discard(cell)

    def _change(self, column: Column, change: Any) -> None:
        if column in self.state.book.items:
            item: Item = change(self.state.book.items[column])
            self._book(items={**self.state.book.items, column: item})

    def _book(self, **changes: Any) -> None:
        self.state = replace(self.state, book=replace(self.state.book, **changes))


_COLUMN, _USER, _STUDENT = st.sampled_from(COLUMNS), st.sampled_from(USERS), st.sampled_from(STUDENTS)
_POINTS = st.sampled_from([None, 8.3, 8.0, 3.5, 0.0, 5.0])
_GRADED = st.tuples(st.just("grade"), _COLUMN, _STUDENT, st.sampled_from(SOUND))
EVENTS = st.one_of(
    _GRADED,
    _GRADED,
    st.tuples(st.just("regrade"), _COLUMN, st.sampled_from(SOUND)),
    st.tuples(st.sampled_from(["grade", "twice"]), _COLUMN, _STUDENT, st.sampled_from(SOUND + SPOILT)),
    st.tuples(st.just("drop"), _COLUMN, _STUDENT),
    st.tuples(st.just("entitle"), _COLUMN, st.sampled_from(TITLES)),
    st.tuples(st.just("reweigh"), _COLUMN, st.sampled_from(MAXIMA)),
    st.tuples(st.sampled_from(["double", "vanish"]), _COLUMN),
    st.tuples(st.sampled_from(["empty", "forget", "forget"])),
    st.tuples(st.just("edit"), _COLUMN, _USER, _POINTS),
    st.tuples(st.just("edit"), _COLUMN, _USER, _POINTS),
    st.tuples(st.sampled_from(["lock", "hand_back"]), _COLUMN, _USER),
    st.tuples(st.sampled_from(["lock_column", "rename", "rescale", "delete"]), _COLUMN),
    st.tuples(st.sampled_from(["unenrol", "suspend", "enrol", "enrol"]), _USER),
    st.tuples(st.just("link"), _STUDENT, st.none() | _USER),
    st.tuples(st.just("die"), st.integers(1, 4), st.integers(0, 4)),
)


@given(
    st.sampled_from([as_it_is, halves]),
    st.lists(st.tuples(EVENTS, st.sampled_from([None, False, False, False, True])), min_size=8, max_size=24),
)
@QUICK
def test_each_sync_leaves_the_gradebook_that_the_rules_ask_for(
    keeps: Any, steps: list[tuple[tuple[Any, ...], bool | None]]
) -> None:
    course = Course(keeps)
    course.sync(False)
    for (name, *details), approved in steps:
        getattr(course, name)(*details)
        if approved is not None:
            course.sync(approved)
