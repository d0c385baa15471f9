"""Where each grade is and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.planning import grade_standing
from app.planning.computing import DOUBTS
from app.planning.grade_actions import Column
from app.planning.grade_guard import REASONS
from app.planning.grade_standing import Remembered
from app.planning.gradebook import Cell, KnownCell
from app.planning.grades import LEFT
from app.planning.standing import ColumnStanding, GradeStanding, GradeStandings
from app.planning.student_standing import sentence

HEART, LUNG = Column(5, 6), Column(5, 7)
ANA = 1
FINGERPRINT = "f" * 64
NOTHING = Remembered({HEART: "Heart"}, {}, {ANA: 91}, {ANA: "Ana Lee"}, {92: "Kim Loo"})


def _known(*cells: KnownCell) -> Remembered:
    return replace(NOTHING, cells={Cell(HEART, ANA): cell for cell in cells})


def _grades(known: Remembered, **plan: Any) -> list[GradeStanding]:
    return list(grade_standing.standings(plan, known)[1])


def _one(known: Remembered, **plan: Any) -> GradeStanding:
    (found,) = _grades(known, **plan)
    return found


def _columns(known: Remembered, **plan: Any) -> list[ColumnStanding]:
    return list(grade_standing.standings(plan, known)[0])


def _left(reason: str, userid: int | None = ANA, studentid: int | None = 91, column: Column = HEART) -> dict[str, Any]:
    whom = {"userid": userid, "studentid": studentid}
    return {"reason": reason, "column": list(column), "title": "Heart", **whom, "value": 7.0, "shown": 4.0}


def _action(action: str, column: Column = HEART, **more: Any) -> dict[str, Any]:
    return {"action": action, "column": list(column), "title": "Lung", **more}


def _held(action: str, *reasons: str, **more: Any) -> dict[str, Any]:
    return {**_action(action, **more), "reasons": list(reasons or ("first_run",)), "fingerprint": FINGERPRINT}


def test_a_grade_that_moodle_shows_as_it_was_sent_is_in_step() -> None:
    assert _one(_known(KnownCell(7.0, 7.0))) == GradeStanding(
        5, 6, "in_step", "In Moodle's gradebook.", ANA, 91, "Ana Lee", 7.0, 7.0
    )


def test_a_grade_that_moodle_keeps_otherwise_is_refused() -> None:
    found = _one(_known(KnownCell(7.0, 5.0)))
    assert (found.standing, found.value, found.shown) == ("refused", 7.0, 5.0)


@pytest.mark.parametrize("cell", [KnownCell(7.0, 4.0, pending=True), KnownCell(7.0, 4.0, returned=True)])
def test_what_was_begun_or_handed_back_is_pending_whatever_the_last_plan_left(cell: KnownCell) -> None:
    assert _one(_known(cell), left=[_left("person")]).standing == "pending"


def test_a_cell_that_is_empty_on_both_sides_is_not_told() -> None:
    assert _grades(_known(KnownCell(None, None))) == []


def test_cells_of_those_who_are_linked_no_more_are_not_told() -> None:
    assert _grades(replace(_known(KnownCell(7.0, 7.0)), links={})) == []


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("unlinked", "not_linked"),
        ("excluded", "left_out"),
        ("not_student", "left_out"),
        ("moved", "pending"),
        ("column_gone", "pending"),
        ("person", "changed_in_moodle"),
        ("locked", "locked"),
        ("column_locked", "locked"),
        ("unsettled", "refused"),
        *((reason, "doubtful") for reason in DOUBTS),
    ],
)
def test_what_is_left_says_why(reason: str, word: str) -> None:
    found = _one(_known(KnownCell(4.0, 4.0)), left=[_left(reason)])
    assert (found.standing, found.value, found.shown) == (word, 7.0, 4.0)
    assert found.message[1:-1] == LEFT[reason][1:]


def test_every_reason_for_leaving_something_has_a_word_of_its_own_or_is_a_refusal() -> None:
    assert set(LEFT) - set(grade_standing._WORDS) == {"unsettled"}


def test_a_student_whom_nobody_is_linked_to_is_known_by_number_and_name() -> None:
    found = _one(NOTHING, left=[_left("unlinked", userid=None, studentid=92)])
    assert (found.userid, found.studentid, found.name) == (None, 92, "Kim Loo")


def test_what_waits_shows_both_grades() -> None:
    held = [_held("grade_lower", "losses", userid=ANA, before=8.0, after=1.0)]
    found = _one(_known(KnownCell(8.0, 8.0)), held=held)
    assert (found.standing, found.value, found.shown) == ("waiting", 1.0, 8.0)
    assert found.message == f"The lower grade waits for approval. {sentence(REASONS['losses'])}"


def test_a_grade_that_would_be_cleared_has_none_in_kuracloud() -> None:
    found = _one(_known(KnownCell(8.0, 8.0)), held=[_held("grade_clear", "losses", userid=ANA, before=8.0)])
    assert (found.value, found.shown) == (None, 8.0)


def test_what_was_approved_or_rejected_says_so() -> None:
    held = [_held("grade_set", userid=ANA, before=None, after=1.0)]
    approved = _one(replace(NOTHING, approved={FINGERPRINT}), held=held)
    assert (approved.standing, "approved" in approved.message) == ("waiting", True)
    assert _one(replace(NOTHING, rejected={FINGERPRINT}), held=held).standing == "left_out"


@pytest.mark.parametrize(
    ("reason", "word", "shown"),
    [("kept", "refused", 5.0), ("locked", "locked", 2.0), ("person", "changed_in_moodle", 2.0)],
)
def test_what_moodle_did_not_do_says_why(reason: str, word: str, shown: float) -> None:
    failed = _action("grade_set", userid=ANA, before=2.0, after=7.0, reason=reason)
    found = _one(NOTHING, failed=[{**failed, **({"shown": 5.0} if reason == "kept" else {})}])
    assert (found.standing, found.value, found.shown) == (word, 7.0, shown)


def test_a_column_that_is_there_is_in_step_whatever_its_grades_are() -> None:
    assert _columns(_known(KnownCell(7.0, 5.0))) == [ColumnStanding(5, 6, "Heart", "in_step", "In Moodle's gradebook.")]


@pytest.mark.parametrize(
    ("action", "before"), [("column_add", None), ("column_edit", ["Heart", 10.0]), ("column_remove", None)]
)
def test_a_column_that_waits_says_so(action: str, before: Any) -> None:
    (column,) = _columns(replace(NOTHING, titles={}), held=[_held(action, before=before)])
    assert (column.title, column.standing) == ("Lung", "waiting")


def test_a_column_whose_removal_was_rejected_is_not_in_the_export() -> None:
    (column,) = _columns(replace(NOTHING, rejected={FINGERPRINT}), held=[_held("column_remove", "column_removed")])
    assert (column.standing, column.message) == ("not_in_export", grade_standing.COLUMN_KEPT)


@pytest.mark.parametrize(
    ("reason", "word"), [("export_empty", "not_in_export"), ("column_locked", "locked"), ("column_twice", "doubtful")]
)
def test_a_column_that_is_left_says_why_and_is_no_grade(reason: str, word: str) -> None:
    columns, grades = grade_standing.standings({"left": [_left(reason, None, None)]}, NOTHING)
    assert [each.standing for each in columns] == [word]
    assert grades == ()


def test_a_column_that_moodle_refused_says_so() -> None:
    failed = {**_action("column_edit", before=["Heart", 10.0], reason="column_locked")}
    assert [each.standing for each in _columns(NOTHING, failed=[failed])] == ["locked"]


def test_a_column_in_which_only_strangers_have_grades_is_not_in_moodle() -> None:
    left = _left("unlinked", userid=None, studentid=92, column=LUNG)
    columns = _columns(NOTHING, left=[left])
    assert [(each.revision, each.standing) for each in columns] == [(6, "in_step"), (7, "pending")]


def test_grades_are_in_order_of_students_then_columns_and_are_counted() -> None:
    cells = {Cell(column, user): KnownCell(1.0, 1.0) for user in (3, 2) for column in (LUNG, HEART)}
    known = replace(NOTHING, cells=cells, links={2: 92, 3: 93}, titles={HEART: "Heart", LUNG: "Lung"})
    columns, grades = grade_standing.standings({"left": [_left("unlinked", None, 99)]}, known)
    assert [(each.userid, each.revision) for each in grades] == [(2, 6), (2, 7), (3, 6), (3, 7), (None, 6)]
    assert GradeStandings(1.0, columns, grades, False).counts == {"in_step": 4, "not_linked": 1}
