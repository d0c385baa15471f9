"""Whatever happens on both sides: grades arrive, and what is a person's, a stranger's or in doubt is left alone.

A small course is changed at random, by kuraCloud, by teachers and by kurasync itself, some of whose runs die half-way.
tests/grade_oracle.py says what each sync has to come to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import floor, inf, nan
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.planning.computing import computed
from app.planning.grade_actions import GRADES, LOSSES, Column, RemoveColumn, after, fingerprint
from app.planning.grade_guard import GradeCircumstances, judge
from app.planning.gradebook import Cell, Grade, Gradebook, Grades, Item, KnownCell
from app.planning.grades import plan
from app.planning.rules import Rules
from schemas.exports import Lesson, Question, QuestionGrade, Revision, StudentGrades
from tests import grade_oracle as oracle
from tests.grade_builders import TEACHER, WRITER
from tests.grade_model import applied, begun

# How fast examples are drawn depends on what else the machine does: no defect.
QUICK = settings(
    max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
RULES = Rules(grades_losses_least=2, grades_losses_share=0.4)
STUDENTS, USERS = range(1, 5), range(11, 15)
COLUMNS = [Column(1, 1), Column(1, 2), Column(2, 1)]
POINTS = st.sampled_from([None, None, 0.0, 2.5, 4.0, 4.3, 5.0, 9.0])
OFFSETS = st.sampled_from([None, None, 0.0, 1.0, -3.0, -20.0, 0.000004])
MAXIMA = st.sampled_from([(5.0, 5.0), (5.0, 5.0), (10.0,), (4.0,), (), (0.0,), (nan,), (1e6,)])
TITLES = st.sampled_from(["Heart", "Heart", "Lung", "T" * 300])
BAD = st.sampled_from([nan, inf, -inf])


def rows(numbers: st.SearchStrategy[Any] = POINTS) -> st.SearchStrategy[tuple[oracle.Row, ...]]:
    """Rows of a revision: mostly one a student, now and then two, or something that is no number."""
    row = st.tuples(st.sampled_from(STUDENTS), OFFSETS, st.tuples(numbers, numbers))
    return st.lists(row, max_size=6, unique_by=lambda each: each[0]).map(tuple) | st.lists(row, max_size=5).map(tuple)


def revisions(column: Column) -> st.SearchStrategy[oracle.Revision]:
    """A revision, weird now and then."""
    return st.builds(oracle.Revision, st.just(column), TITLES, MAXIMA, rows() | rows(POINTS | BAD))


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
        self.export: dict[Column, oracle.Revision] = {}
        self.doubled: set[Column] = set()
        self.empty = False
        self.ledger = oracle.Ledger()
        book = Gradebook({}, {}, frozenset(USERS), WRITER)
        self.state = Grades(computed([]), book, dict(zip(STUDENTS, USERS, strict=True)), RULES)

    @property
    def revisions(self) -> list[oracle.Revision]:
        """The export, in which a revision may be twice."""
        twice = [self.export[column] for column in self.doubled if column in self.export]
        return [] if self.empty else [*self.export.values(), *twice]

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

    def look(self, *, approved: bool = False) -> tuple[Any, Any]:
        """A plan and the guard's word on it."""
        self.state = replace(self.state, export=computed(lessons(self.revisions)))
        found = plan(self.state)
        agreed = [fingerprint(action) for action in found.actions] if approved else []
        now = GradeCircumstances(RULES, True, self.ledger.lost, agreed, frozenset(self.state.columns))
        return found, judge(found, now)

    # What happens, each by its name

    def sync(self, approved: bool) -> None:
        """A run that comes to its end, and a look right after it that finds nothing to do."""
        before = self.sight()
        due = oracle.Sync(before, self.ledger, approved=approved, least=2, share=0.4)
        found, verdict = self.look(approved=approved)
        assert approved or not any(isinstance(action, RemoveColumn) for action in verdict.go)
        self.state = applied(self.state, found, verdict.go, self.keeps)
        due.is_met_by(self.sight(), self.keeps)
        again, second = self.look()
        assert (second.go, again.adopted) == ((), {})
        self.state = replace(self.state, moved=frozenset())

    def die(self, sent: int, arrived: int) -> None:
        """A run that dies after it has begun to send some grades, of which Moodle got the first few."""
        grades = [action for action in self.look()[1].go if isinstance(action, GRADES)]
        grades = [action for action in grades if action.column in self.state.book.items][:sent]
        for action in grades:
            self.ledger.ours[action.column, action.userid] = {after(action), action.before}
            self.ledger.returned.discard((action.column, action.userid))
        self.ledger.lost += sum(isinstance(action, LOSSES) for action in grades)
        self.state = begun(self.state, grades, arrived, self.keeps)

    def revise(self, revision: oracle.Revision) -> None:
        """KuraCloud's teacher regrades, renames, changes questions."""
        self.export[Column(*revision.column)] = revision

    def vanish(self, column: Column) -> None:
        """A revision is gone."""
        self.export.pop(column, None)

    def double(self, column: Column) -> None:
        """A revision is exported twice, or once again."""
        self.doubled ^= {column}

    def toggle_empty(self) -> None:
        """The export is empty, or no longer so."""
        self.empty = not self.empty

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

    def _change(self, column: Column, change: Any) -> None:
        if column in self.state.book.items:
            item: Item = change(self.state.book.items[column])
            self._book(items={**self.state.book.items, column: item})

    def _book(self, **changes: Any) -> None:
        self.state = replace(self.state, book=replace(self.state.book, **changes))


_COLUMN, _USER = st.sampled_from(COLUMNS), st.sampled_from(USERS)
_REVISE = st.tuples(st.just("revise"), _COLUMN.flatmap(revisions))
_SYNC = st.tuples(st.just("sync"), st.sampled_from([False, False, False, True]))
STEPS = st.one_of(
    _REVISE,
    _REVISE,
    _SYNC,
    _SYNC,
    st.tuples(st.just("die"), st.integers(1, 4), st.integers(0, 4)),
    st.tuples(st.just("edit"), _COLUMN, _USER, POINTS),
    st.tuples(st.sampled_from(["lock", "hand_back"]), _COLUMN, _USER),
    st.tuples(st.sampled_from(["lock_column", "rename", "rescale", "delete", "vanish", "double"]), _COLUMN),
    st.tuples(st.sampled_from(["unenrol", "suspend", "enrol", "enrol"]), _USER),
    st.tuples(st.just("link"), st.sampled_from(STUDENTS), st.none() | _USER),
    st.tuples(st.just("toggle_empty")),
)


@given(
    st.sampled_from([as_it_is, halves]),
    st.tuples(*(revisions(column) for column in COLUMNS)),
    st.lists(STEPS, min_size=4, max_size=14),
)
@QUICK
def test_each_sync_leaves_the_gradebook_that_the_rules_ask_for(
    keeps: Any, export: tuple[oracle.Revision, ...], steps: list[tuple[Any, ...]]
) -> None:
    course = Course(keeps)
    for revision in export:
        course.revise(revision)
    for name, *details in (("sync", False), *steps, ("sync", False)):
        getattr(course, name)(*details)
