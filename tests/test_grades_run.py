"""Grades flow from kuraCloud into Moodle's gradebook, in steps that hold no worker (design.md 7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.errors import Refused
from app.kit import Kit
from app.store import audit, exports, steps
from app.sync.probe import probe
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.world import world


@pytest.fixture
def graded(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        yield graded


# The way of a grade


def test_grades_of_linked_students_end_in_a_column_of_moodles_gradebook(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 4, 3.5)
    graded.grade(ben, 6, 4)
    run = graded.sync()
    assert (run.outcome, run.message) == ("done", "1 column made, 2 grades written.")
    assert graded.book() == {graded.name: {ana: 7.5, ben: 10}}


def test_a_second_run_has_nothing_to_do_and_writes_nothing(graded: Course) -> None:
    graded.in_step()
    graded.world.moodle.calls.clear()
    assert graded.sync().message == "Grades are in step: nothing to do."
    assert [call.name for call in graded.world.moodle.calls] == ["local_kurasync_get_grades"]


def test_a_preview_shows_what_a_run_would_do_and_writes_nothing(graded: Course) -> None:
    graded.one()
    graded.world.kura.set_export(polls=0)
    shown = graded.preview().as_json()
    assert graded.book() == {}
    assert graded.known() == {}
    run = graded.sync()
    assert run.plan is not None
    assert {name: run.plan[name] for name in ("go", "held", "left")} == shown


def test_every_write_has_an_audit_row_before_it_and_one_after(graded: Course) -> None:
    ana = graded.one()
    run = graded.sync()
    with graded.world.kit.database.reading() as tx:
        found = [(row.operation, row.phase, row.outcome) for row in audit.search(tx, run_id=run.id, system="moodle")]
        subjects = [row.subject for row in audit.search(tx, run_id=run.id, system="moodle") if row.phase == "begin"]
    assert found == [
        ("save_grades", "end", "done"),
        ("save_grades", "begin", None),
        ("save_grades", "end", "done"),
        ("save_grades", "begin", None),
    ]
    column = [graded.lesson, graded.revision]
    assert subjects[0] == {"records": [{"column": column, "userid": ana, "before": None, "after": 4.0}]}
    assert subjects[1] == {"records": [{"column": column, "name": graded.name, "maximum": 10.0}]}


# Trouble in between


def test_a_write_whose_answer_was_lost_is_known_as_ours(graded: Course) -> None:
    ana = graded.in_step()
    graded.grade(ana, 5)
    graded.world.moodle.faults.add(Fault("reset_after", "local_kurasync_save_grades", times=1))
    assert graded.sync().outcome == "retry"
    assert graded.book() == {graded.name: {ana: 5}}
    graded.grade(ana, 6)
    with graded.world.kit.database.transaction() as tx:
        exports.forget(tx, graded.world.mapping_id)
    graded.turns()
    assert graded.book() == {graded.name: {ana: 6}}
    assert graded.left() == []


def test_a_write_whose_answer_was_lost_is_known_as_ours_by_another_service_user_too(graded: Course) -> None:
    (ana,) = graded.students(1)
    graded.grade(ana, 4)
    graded.sync()
    graded.grade(ana, 5)
    graded.world.moodle.faults.add(Fault("reset_after", "local_kurasync_save_grades", times=1))
    assert graded.sync().outcome == "retry"
    assert [(each.sent, each.shown, each.pending) for each in graded.known().values()] == [(5, 4, True)]
    for row in graded.items()[0].rows():
        row.usermodified = 99
    graded.grade(ana, 6)
    with graded.world.kit.database.transaction() as tx:
        exports.forget(tx, graded.world.mapping_id)
    graded.turns()
    assert graded.book() == {graded.name: {ana: 6}}


def test_what_a_teacher_puts_back_after_a_write_whose_answer_was_lost_stays(graded: Course) -> None:
    ana = graded.in_step()
    graded.grade(ana, 5)
    graded.world.moodle.faults.add(Fault("reset_after", "local_kurasync_save_grades", times=1))
    assert graded.sync().outcome == "retry"
    graded.teacher_sets(ana, 4)
    graded.turns()
    assert graded.book() == {graded.name: {ana: 4}}
    assert graded.left() == [("person", ana)]


def test_a_run_that_ended_before_its_proof_is_continued(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 4)
    graded.grade(ben, 5)
    graded.world.moodle.faults.add(Fault("status", "local_kurasync_get_grades", status=503, skip=1, times=1))
    assert graded.sync().outcome == "retry"
    assert graded.turns().outcome == "done"
    assert graded.book() == {graded.name: {ana: 4, ben: 5}}
    assert {(each.sent, each.shown, each.pending) for each in graded.known().values()} == {
        (4, 4, False),
        (5, 5, False),
    }


def test_where_moodle_has_no_plugin_the_run_says_so_and_ends(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        made.moodle.uninstall_plugin()
        run = graded.sync()
        assert (run.outcome, run.reason) == ("done", "no_gradebook")
        assert "local_kurasync" in (run.message or "")
        with pytest.raises(Refused):
            graded.preview()


def test_a_plugin_that_is_gone_parks_the_site_and_nothing_is_lost(graded: Course) -> None:
    ana = graded.one()
    graded.world.moodle.uninstall_plugin()
    assert graded.sync().outcome == "parked"
    graded.world.moodle.install_plugin()
    assert probe(graded.world.kit, "site", graded.world.site_id)
    assert graded.turns().outcome == "done"
    assert graded.book() == {graded.name: {ana: 4}}


def test_capabilities_that_grades_lack_are_named_and_stop_no_roster(graded: Course) -> None:
    ana = graded.one()
    graded.world.moodle.without("moodle/grade:viewall")
    run = graded.sync()
    assert (run.outcome, run.reason) == ("retry", "nopermissions")
    assert "moodle/grade:viewall" in (run.message or "")
    assert graded.world.sync().outcome == "done"
    graded.world.moodle.with_capability("moodle/grade:viewall")
    assert graded.turns().outcome == "done"
    assert graded.book() == {graded.name: {ana: 4}}


def test_what_does_not_last_is_written_three_times_a_day_and_no_more(graded: Course) -> None:
    ana = graded.in_step()
    for _ in range(5):
        graded.world.moodle.unenrol(ana, graded.world.course)
        graded.world.moodle.enrol(ana, graded.world.course)
        graded.sync()
    assert graded.book() == {graded.name: {}}
    assert graded.left() == [("unsettled", ana)]
    with graded.world.kit.database.reading() as tx:
        done = steps.done_since(tx, graded.world.mapping_id, 0)
    assert max(done.values()) == 3
