"""What kurasync remembers of grades: cells, columns, the export that is waited for, losses, and when to look next."""

from __future__ import annotations

import pytest

from app.planning.grade_actions import Column
from app.planning.gradebook import Cell, KnownCell, KnownColumn
from app.store import cells, exports, mappings, runs, sites, steps, worklist
from app.store.db import Database
from app.store.steps import NewStep
from app.store.worklist import Done, Later
from tests.conftest import SetClock
from tests.making import add_courses, claimed, want_now

HEART, LUNGS = Column(11, 21), Column(11, 22)
ANA, BEN = Cell(HEART, 7), Cell(HEART, 8)


@pytest.fixture
def courses(database: Database, clock: SetClock) -> list[int]:
    with database.transaction() as tx:
        return add_courses(tx, clock(), 3)


@pytest.fixture
def course(courses: list[int]) -> int:
    return courses[0]


# Cells


def test_what_is_about_to_be_sent_is_remembered_as_pending(database: Database, course: int) -> None:
    with database.transaction() as tx:
        cells.begin(tx, course, {ANA: (5.0, None), BEN: (None, 3.5)}, {BEN: 7})
        assert cells.cells(tx, course) == {
            ANA: KnownCell(5.0, None, pending=True),
            BEN: KnownCell(None, 3.5, pending=True, modifier=7),
        }


def test_what_was_sent_is_remembered_with_what_moodle_shows(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        cells.begin(tx, course, {ANA: (5.0, None)}, {})
        cells.settle(tx, clock(), course, {ANA: (5.0, 4.99999), BEN: (1.0, 1.0)})
        assert cells.cells(tx, course) == {ANA: KnownCell(5.0, 4.99999), BEN: KnownCell(1.0, 1.0)}


def test_all_the_decimals_of_a_grade_are_kept(database: Database, clock: SetClock, course: int) -> None:
    exact = 99999.99999, 0.1 + 0.2
    with database.transaction() as tx:
        cells.settle(tx, clock(), course, {ANA: exact})
        assert cells.cells(tx, course)[ANA] == KnownCell(*exact)


def test_what_was_never_sent_is_remembered_as_it_was_before(database: Database, clock: SetClock, course: int) -> None:
    before = {ANA: KnownCell(4.0, 4.0, returned=True), BEN: None}
    with database.transaction() as tx:
        cells.settle(tx, clock(), course, {ANA: (4.0, 4.0)})
        cells.hand_back(tx, course, [ANA])
        cells.begin(tx, course, {ANA: (5.0, 9.0), BEN: (6.0, None)}, {})
        cells.restore(tx, course, before)
        assert cells.cells(tx, course) == {ANA: KnownCell(4.0, 4.0, returned=True)}


def test_a_cell_may_be_handed_back_that_is_not_known(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        cells.settle(tx, clock(), course, {ANA: (4.0, 4.0)})
        cells.hand_back(tx, course, [ANA, BEN])
        cells.hand_back(tx, course, [])
        assert cells.cells(tx, course) == {
            ANA: KnownCell(4.0, 4.0, returned=True),
            BEN: KnownCell(None, None, returned=True),
        }


@pytest.mark.parametrize("what", ["begin", "settle"])
def test_a_write_uses_up_what_was_handed_back(database: Database, clock: SetClock, course: int, what: str) -> None:
    with database.transaction() as tx:
        cells.hand_back(tx, course, [ANA])
        if what == "begin":
            cells.begin(tx, course, {ANA: (5.0, 9.0)}, {})
        else:
            cells.settle(tx, clock(), course, {ANA: (5.0, 9.0)})
        assert cells.cells(tx, course) == {ANA: KnownCell(5.0, 9.0, pending=what == "begin")}


def test_users_have_grades_while_one_of_theirs_is_remembered(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        values = {ANA: (5.0, 5.0), Cell(LUNGS, 7): (1.0, 1.0), BEN: (None, None)}
        cells.settle(tx, clock(), course, values)
        assert cells.owners(tx, course) == {7}


# Columns


def test_of_a_column_the_title_seen_last_is_kept(database: Database, course: int) -> None:
    with database.transaction() as tx:
        cells.keep_columns(tx, course, {HEART: "Heart", LUNGS: "T" * 300})
        cells.keep_columns(tx, course, {HEART: "Zo\u00e9's <b>heart</b> \U0001fac0"})
        cells.keep_columns(tx, course, {})
        assert cells.columns(tx, course) == {
            HEART: KnownColumn("Zo\u00e9's <b>heart</b> \U0001fac0"),
            LUNGS: KnownColumn("T" * 300),
        }


def test_a_column_is_forgotten_with_its_cells_and_no_other_one(
    database: Database, clock: SetClock, courses: list[int]
) -> None:
    lungs = Cell(LUNGS, 7)
    with database.transaction() as tx:
        for course in courses:
            cells.keep_columns(tx, course, {HEART: "Heart", LUNGS: "Lungs"})
            cells.settle(tx, clock(), course, {ANA: (5.0, 5.0), lungs: (1.0, 1.0)})
        cells.forget_columns(tx, courses[0], [HEART])
        assert cells.columns(tx, courses[0]).keys() == {LUNGS}
        assert cells.cells(tx, courses[0]).keys() == {lungs}
        assert cells.columns(tx, courses[1]).keys() == {HEART, LUNGS}
        assert cells.cells(tx, courses[1]).keys() == {ANA, lungs}


def test_courses_are_kept_apart(database: Database, clock: SetClock, courses: list[int]) -> None:
    first, second, _ = courses
    with database.transaction() as tx:
        cells.settle(tx, clock(), first, {ANA: (5.0, 5.0)})
        cells.settle(tx, clock(), second, {ANA: (6.0, 6.0)})
        cells.hand_back(tx, second, [ANA])
        cells.restore(tx, second, {BEN: None})
        assert cells.cells(tx, first) == {ANA: KnownCell(5.0, 5.0)}


# Exports


def test_an_export_is_wished_for_asked_for_polled_and_forgotten(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        assert exports.get(tx, course) is None
        exports.begin(tx, clock(), course, 3)
        assert exports.get(tx, course) == exports.Export(course, 3, None, None, None, 0, clock())
        exports.ask(tx, clock() + 1, course, "a token", 8)
        exports.poll(tx, course)
        exports.poll(tx, course)
        assert exports.get(tx, course) == exports.Export(course, 3, 8, "a token", clock() + 1, 2, clock())
        exports.ask(tx, clock() + 2, course, "another", 9)
        assert exports.get(tx, course) == exports.Export(course, 3, 9, "another", clock() + 2, 0, clock())
        exports.forget(tx, course)
        assert exports.get(tx, course) is None


def test_of_each_course_one_export_is_waited_for(database: Database, clock: SetClock, courses: list[int]) -> None:
    first, second, _ = courses
    with database.transaction() as tx:
        for course in (first, second):
            exports.begin(tx, clock(), course, 1)
            exports.ask(tx, clock(), course, f"token {course}", 1)
        exports.poll(tx, first)
        exports.forget(tx, first)
        found = exports.get(tx, second)
    assert found is not None
    assert (found.token, found.polls) == (f"token {second}", 0)


# Losses


def step(action: str, *, approved: bool = False, fingerprint: str = "f") -> NewStep:
    return NewStep(action, fingerprint, "content", None, approved)


def test_losses_are_what_was_lowered_or_cleared_unasked(database: Database, clock: SetClock, course: int) -> None:
    kinds = ("grade_lower", "grade_clear", "grade_set", "column_remove", "column_add", "delete")
    with database.transaction() as tx:
        ids = steps.begin(tx, clock(), course, 1, [step(kind) for kind in kinds])
        steps.begin(tx, clock(), course, 1, [step("grade_lower", approved=True)])
        assert steps.losses_since(tx, course, clock()) == 2
        steps.finish(tx, ids, "done")
        assert steps.losses_since(tx, course, clock()) == 2
        assert steps.losses_since(tx, course, clock() + 1) == 0
        assert steps.losses_since(tx, course + 1, clock()) == 0


@pytest.mark.parametrize("outcome", ["failed", "refused"])
def test_a_loss_that_did_not_happen_does_not_count(
    database: Database, clock: SetClock, course: int, outcome: steps.Outcome
) -> None:
    with database.transaction() as tx:
        first, _ = steps.begin(tx, clock(), course, 1, [step("grade_lower"), step("grade_clear")])
        steps.finish(tx, [first], outcome)
        assert steps.losses_since(tx, course, clock()) == 1


def test_the_same_cell_lowered_twice_counts_twice(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        for _ in range(2):
            steps.finish(tx, steps.begin(tx, clock(), course, 1, [step("grade_lower")]), "done")
        assert steps.losses_since(tx, course, clock()) == 2


# A long wait


def put_off(database: Database, clock: SetClock, course: int, reason: str, outcome: str = "later") -> int:
    """A run that ended so, and folded what was before it; its number."""
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        mine = claimed(tx, clock(), course)
        worklist.release(tx, clock(), mine, Later(clock()) if outcome == "later" else Done())
        runs.end(tx, clock(), mine.run_id, outcome, reason)
        if outcome == "later":
            runs.fold(tx, mine)
        return mine.run_id


def kept(database: Database, course: int) -> list[int]:
    with database.reading() as tx:
        return [run.id for run in runs.search(tx, mapping_id=course)]


def test_of_runs_put_off_for_one_reason_the_last_is_kept(database: Database, clock: SetClock, course: int) -> None:
    first = put_off(database, clock, course, "students_first")
    pending = [put_off(database, clock, course, "export_pending") for _ in range(3)]
    assert kept(database, course) == [pending[-1], first]


def test_a_run_that_came_to_an_end_is_never_folded(database: Database, clock: SetClock, course: int) -> None:
    done = put_off(database, clock, course, "export_pending", "done")
    pending = put_off(database, clock, course, "export_pending")
    assert kept(database, course) == [pending, done]


def test_runs_of_other_courses_are_not_folded(database: Database, clock: SetClock, courses: list[int]) -> None:
    found = [put_off(database, clock, course, "export_pending") for course in courses]
    put_off(database, clock, courses[0], "export_pending")
    assert [kept(database, course) for course in courses[1:]] == [[run] for run in found[1:]]


# When to look next


def test_grades_are_due_where_moodle_can_take_them(database: Database, clock: SetClock, courses: list[int]) -> None:
    with database.transaction() as tx:
        assert mappings.grades_due(tx, clock(), 10) == []
        sites.set_plugin(tx, 1, "2026112200")
        assert sorted(mappings.grades_due(tx, clock(), 10)) == courses
        assert len(mappings.grades_due(tx, clock(), 2)) == 2


def test_grades_are_due_when_their_time_has_come(database: Database, clock: SetClock, courses: list[int]) -> None:
    first, second, third = courses
    with database.transaction() as tx:
        sites.set_plugin(tx, 1, "2026112200")
        for mapping_id, pause in ((first, 20), (second, 10), (third, 30)):
            mappings.set_grades_at(tx, mapping_id, clock() + pause)
        assert mappings.grades_due(tx, clock(), 10) == []
        assert mappings.grades_due(tx, clock() + 10, 10) == [second]
        assert mappings.grades_due(tx, clock() + 30, 10) == [second, first, third]


def test_new_settings_choose_the_time_of_grades_anew(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        mappings.set_grades_at(tx, course, clock() + 100)
        mappings.set_settings(tx, course, {"grades_every": 60})
        found = mappings.get(tx, course)
    assert found is not None
    assert found.grades_at is None
