"""Hard cases of grades: the traps of an export, and Moodle's "success" that isn't (design.md 7)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.kit import Kit
from app.sync.probe import probe_parked
from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.world import world

Lessons = list[dict[str, Any]]

DIALECTS = {
    "as assumed": Dialect(),
    "nulls and zeros": Dialect(ungraded_students="null", no_offset="zero"),
    "left out, and once only": Dialect(empty_grades="missing", export_downloads="once"),
    "with the deleted": Dialect(deleted_in_export="present", second_export="same"),
    "ids of each course": Dialect(student_ids="per_course", waiting_status="QUEUED"),
}


@pytest.fixture
def graded(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        yield graded


# Export traps


@pytest.mark.parametrize("dialect", DIALECTS)
def test_export_traps(sqlite_kit: Kit, clock: SetClock, dialect: str) -> None:
    """Offsets, clamping, nulls that count 0, rows all null, students without a row, a deleted one, a revision ungraded.

    The book has exactly what contracts/kuracloud-v2.md says of each, and a second run writes nothing.
    """
    with world(sqlite_kit, clock, DIALECTS[dialect]) as made, course(made) as graded:
        plain, offset, clamped, floored, half, none, zero, absent, gone = graded.students(9)
        graded.grade(plain, 4, 3.5)
        graded.grade(offset, 4, 3, offset=1.25)
        graded.grade(clamped, 6, 4, offset=5)
        graded.grade(floored, 1, 0, offset=-3)
        graded.grade(half, 2.00001, None)
        graded.grade(none, None, None)
        graded.grade(zero, 0, 0)
        graded.grade(gone, 6, 4)
        made.kura.add_revision(made.kura_course, graded.lesson, "Nobody has a grade", {"q": 5})
        made.kura.add_lesson(made.kura_course, "No revisions")
        made.moodle.unenrol(gone, made.course)
        made.sync()
        if made.hold():
            made.approve()
        assert graded.sync().outcome == "done"
        expected = {plain: 7.5, offset: 8.25, clamped: 10.0, floored: 0.0, half: 2.00001, zero: 0.0}
        assert graded.book() == {graded.name: expected}
        assert absent not in expected
        made.moodle.calls.clear()
        assert graded.sync().outcome == "done"
        assert "local_kurasync_save_grades" not in {call.name for call in made.moodle.calls}


def _revision(lessons: Lessons) -> dict[str, Any]:
    revision: dict[str, Any] = lessons[0]["gradedPublishedRevisions"][0]
    return revision


def _rows(lessons: Lessons) -> Lessons:
    rows: Lessons = _revision(lessons)["studentGrades"]
    return rows


def _twice(lessons: Lessons) -> None:
    lessons[0]["gradedPublishedRevisions"].append(_revision(lessons))


def _different_rows(lessons: Lessons) -> None:
    _rows(lessons).append({**_rows(lessons)[0], "gradeOffset": 1})


def _without_row(lessons: Lessons) -> None:
    _rows(lessons).pop(0)


def _without_rows(lessons: Lessons) -> None:
    del _revision(lessons)["studentGrades"]


def _not_a_number(lessons: Lessons) -> None:
    _rows(lessons)[0]["gradeOffset"] = float("nan")


def _infinite(lessons: Lessons) -> None:
    _revision(lessons)["questions"][0]["maxGrade"] = float("inf")


def _no_questions(lessons: Lessons) -> None:
    _revision(lessons)["questions"] = []


def _of_strangers(lessons: Lessons) -> None:
    for row in _rows(lessons):
        row["studentId"] += 100_000


def _no_lessons(lessons: Lessons) -> None:
    lessons.clear()


TRAPS: dict[str, Callable[[Lessons], None]] = {
    "a revision that is there twice": _twice,
    "two different rows of one student": _different_rows,
    "a student missing": _without_row,
    "all students missing": _without_rows,
    "something that is not a number": _not_a_number,
    "an infinite maximum": _infinite,
    "no questions": _no_questions,
    "only students nobody knows": _of_strangers,
    "nothing at all": _no_lessons,
}


@pytest.mark.parametrize("trap", TRAPS)
def test_export_traps_take_no_grade_away(graded: Course, trap: str) -> None:
    """An export that is odd in one place says nothing about the grades that are in Moodle: they stay as they are."""
    made = graded.world
    userid = graded.in_step()
    book = graded.book()
    assert book == {graded.name: {userid: 4.0}}
    lessons: Lessons = made.kura.lessons(made.kura_course)
    TRAPS[trap](lessons)
    made.kura.set_lessons(made.kura_course, lessons)
    assert graded.sync().outcome == "done"
    assert graded.book() == book


@pytest.mark.parametrize("status", ["FAILED", "ERROR", "CANCELLED"])
def test_export_traps_of_an_export_that_fails(sqlite_kit: Kit, clock: SetClock, status: Any) -> None:
    with world(sqlite_kit, clock, Dialect(failed_status=status)) as made, course(made) as graded:
        userid = graded.one()
        made.kura.set_export(polls=2, fails=True)
        run = graded.sync()
        assert (run.outcome, run.reason, graded.book()) == ("retry", "export_failed", {})
        made.kura.set_export()
        assert graded.turns().outcome == "done"
        assert graded.book() == {graded.name: {userid: 4.0}}


def test_export_traps_of_an_export_that_never_ends(graded: Course) -> None:
    made = graded.world
    graded.one()
    made.kura.set_export(polls=None)
    began = made.clock()
    run = graded.sync()
    assert (run.outcome, run.reason) == ("retry", "export_never_ended")
    assert made.clock() - began <= made.kit.settings.export_patience + 60
    made.kura.set_export()
    assert graded.turns().outcome == "done"


# Moodle's "success" that isn't

NO = {"exception": "moodle_exception", "message": "No."}
ANSWERS: dict[str, Any] = {
    "null": None,
    "a bare number": 7,
    "JSON encoded twice": json.dumps({"users": []}),
    "an empty object": {},
    "an empty list": [],
    "a PHP error without a code": {"exception": "Error", "message": "Call to a member function on null"},
    "a page in the message": {**NO, "errorcode": "dbconnectionfailed", "message": "<html><body>Error</body></html>"},
    **{
        code: {**NO, "errorcode": code}
        for code in (
            "invalidtoken",
            "accessexception",
            "nopermissions",
            "sitemaintenance",
            "gradesneedregrading",
            "invalidparameter",
            "wsaccessusersuspended",
            "a_code_nobody_knows",
        )
    },
}


SOME = ("null", "a bare number", "JSON encoded twice", "nopermissions", "gradesneedregrading")
READS = [
    *(("local_kurasync_get_roster", answer) for answer in ANSWERS),
    *(("local_kurasync_get_grades", answer) for answer in SOME),
]


@pytest.mark.parametrize(("function", "answer"), READS)
def test_moodles_success_that_isnt(graded: Course, function: str, answer: str) -> None:
    """200 OK with something else in it: nothing is done, nothing remembered as done, and it goes on when it is over."""
    made = graded.world
    userid = graded.in_step()
    graded.grade(userid, 6)
    made.moodle.rename_user(userid, firstname="Anna")
    written, book = students_written(graded), graded.book()
    made.moodle.faults.add(Fault("exception", match=function, body=json.dumps(ANSWERS[answer])))
    run = made.sync() if function.endswith("roster") else graded.sync()
    assert run.outcome in ("retry", "parked")
    assert len(run.message or "") > 20
    assert "<html" not in (run.message or "")
    assert (students_written(graded), graded.book()) == (written, book)
    made.moodle.faults.clear()
    made.clock.advance(3600)
    probe_parked(made.kit)
    assert made.sync().counts == {"edit": 1}
    assert graded.sync().outcome == "done"
    assert graded.book() == {graded.name: {userid: 6.0}}


def students_written(graded: Course) -> list[str]:
    """The calls that wrote students: to ask for an export is a POST too."""
    return [name for name in graded.world.writes() if "/student" in name]


@pytest.mark.parametrize("answer", [*SOME, "an answer of nothing saved"])
def test_moodles_success_that_isnt_of_a_write(graded: Course, answer: str) -> None:
    """The write says 200 and did nothing: no grade is reported as written, and it is written in the end."""
    made = graded.world
    userid = graded.in_step()
    graded.grade(userid, 6)
    body = ANSWERS.get(answer, {"missing": [], "counts": {"items": 1, "grades": 1}, "items": []})
    made.moodle.faults.add(Fault("exception", match="local_kurasync_save_grades", body=json.dumps(body), times=1))
    first = graded.sync()
    assert (first.counts or {}).get("grade_set", 0) == 0
    assert graded.book() == {graded.name: {userid: 4.0}}
    made.clock.advance(3600)
    probe_parked(made.kit)
    graded.sync()
    assert graded.book() == {graded.name: {userid: 6.0}}


def test_moodles_success_that_isnt_where_php_drops_what_is_too_much(graded: Course) -> None:
    """max_input_vars cuts a form without a word: the counts that come back do not fit; no grade is made of a half."""
    made = graded.world
    users = graded.students(40)
    for user in users:
        graded.grade(user, 5)
    made.moodle.max_input_vars = 60
    assert graded.sync().outcome in ("retry", "done")
    assert set(graded.book().get(graded.name, {}).values()) <= {5.0}
    made.moodle.max_input_vars = 1000
    made.clock.advance(3600)
    assert graded.sync().outcome == "done"
    assert graded.book() == {graded.name: dict.fromkeys(users, 5.0)}


def test_moodles_success_that_isnt_where_the_value_does_not_stay(graded: Course) -> None:
    """Moodle says written and shows another value: that is reported, not taken for in step, not written for ever."""
    made = graded.world
    userid = graded.one()
    name = "local_kurasync_save_grades"
    original = made.moodle.functions[name]

    def spoiled(moodle: Any, given: dict[str, Any]) -> Any:
        answer = original.run(moodle, given)
        for item in graded.items():
            made.moodle.write_grade(item.id, userid, 1.0, item.grades[userid].usermodified if item.grades else 2)
        return answer

    made.moodle.functions[name] = replace(original, run=spoiled)
    graded.sync()
    for _ in range(6):
        graded.sync()
    writes = [call for call in made.moodle.calls if call.name == name and "items[0][grades][0][grade]" in call.body]
    assert 1 <= len(writes) <= 3
