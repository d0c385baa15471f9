"""The grades plan: every rule of design.md 7, on both of its sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from app.planning.computing import DOUBTS
from app.planning.grade_actions import (
    Action,
    AddColumn,
    ClearGrade,
    Column,
    EditColumn,
    LowerGrade,
    RemoveColumn,
    SetGrade,
    fingerprint,
)
from app.planning.gradebook import Cell, Doubt, Export, Grade, Gradebook, GradePlan, Item, KnownCell, KnownColumn, Left
from app.planning.grades import LEFT, column_name
from tests.grade_builders import (
    HEART,
    LUNG,
    NAME,
    TEACHER,
    TITLES,
    WRITER,
    Points,
    column,
    exported,
    gradebook,
    known,
    planned,
    reasons,
)

ADD = AddColumn(HEART, NAME, 10.0)


def _set(userid: int, before: float | None, after: float) -> SetGrade:
    return SetGrade(HEART, userid, before, after)


def _lower(userid: int, before: float, after: float) -> LowerGrade:
    return LowerGrade(HEART, userid, before, after)


def _clear(userid: int, before: float) -> ClearGrade:
    return ClearGrade(HEART, userid, before)


def _both(points: Points, now: Mapping[int, float | Grade], memory: Any = None, **more: Any) -> GradePlan:
    """The plan where Moodle has the column, whatever its title once was."""
    return planned(exported(points), gradebook(now), cells=known(memory or {}), **more)


def _done(*actions: Action, times: int = 3) -> dict[str, int]:
    return {fingerprint(action): times for action in actions}


# Columns


def test_it_makes_a_column_and_writes_its_grades() -> None:
    found = planned(exported({2: 7.5, 1: 10.0}))
    assert found == GradePlan((ADD, _set(1, None, 10.0), _set(2, None, 7.5)), ())


def test_a_zero_is_a_grade() -> None:
    assert planned(exported({1: 0.0})).actions == (ADD, _set(1, None, 0.0))


@pytest.mark.parametrize("points", [{}, {1: None}, {1: None, 2: None}])
def test_it_makes_no_column_in_which_nobody_has_a_grade(points: Points) -> None:
    assert planned(exported(points)) == GradePlan((), ())


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"links": {}}, "unlinked"), ({"moved": frozenset({101})}, "moved"),
     ({"book": Gradebook({}, {}, frozenset({2}), WRITER)}, "not_student")],
)  # fmt: skip
def test_it_makes_no_column_in_which_no_student_of_moodle_would_get_a_grade(more: dict[str, Any], reason: str) -> None:
    found = planned(exported({1: 8.0}), **more)
    assert found.actions == ()
    assert [left.reason for left in found.left] == [reason]


def test_a_column_without_grades_is_kept_and_its_grades_are_cleared_one_by_one() -> None:
    found = _both({1: None, 2: None}, {1: 8.0, 2: 7.0}, {1: 8.0, 2: 7.0})
    assert found.actions == (_clear(1, 8.0), _clear(2, 7.0))


def test_a_student_who_is_missing_in_the_export_keeps_the_grade() -> None:
    assert _both({2: 7.0}, {1: 8.0, 2: 7.0}, {1: 8.0, 2: 7.0}).actions == ()


def test_a_column_that_vanished_is_offered_for_removal_with_its_grades_as_they_are() -> None:
    found = planned(Export({}), gradebook({1: 8.0}), cells=known({1: 8.0}), columns=TITLES)
    assert found == GradePlan((RemoveColumn(HEART, NAME),), (), present=1)


def test_a_column_of_the_old_plugin_that_is_not_in_the_export_is_offered_too() -> None:
    assert planned(Export({}), gradebook()).actions == (RemoveColumn(HEART, NAME),)


def test_a_column_that_neither_side_has_any_more_is_no_matter() -> None:
    assert planned(Export({}), columns=TITLES) == GradePlan((), ())


def test_a_locked_column_that_vanished_is_left() -> None:
    found = planned(Export({}), gradebook(item=Item(NAME, 10.0, locked=True)))
    assert found == GradePlan((), (Left("column_locked", HEART),))


def test_a_column_that_vanished_is_left_while_a_single_grade_in_it_is_locked() -> None:
    found = planned(Export({}), gradebook({1: 8.0, 2: Grade(7.0, locked=True)}), cells=known({1: 8.0, 2: 7.0}))
    assert found == GradePlan((), (Left("column_locked", HEART),), present=2)


def test_an_empty_export_changes_nothing_at_all() -> None:
    book = Gradebook({LUNG: Item("Lung", 5.0), HEART: Item(NAME, 10.0)}, {Cell(HEART, 1): Grade(8.0)}, frozenset({1}))
    found = planned(Export({}, empty=True), book, columns=TITLES, cells=known({1: 8.0}))
    assert found == GradePlan((), (Left("export_empty", HEART), Left("export_empty", LUNG)), present=1)


def test_an_empty_export_for_a_gradebook_without_columns_is_in_step() -> None:
    assert planned(Export({}, empty=True)) == GradePlan((), ())


def test_a_column_that_a_teacher_deleted_is_planned_again_with_its_grades() -> None:
    found = planned(exported({1: 8.0}), columns=TITLES, cells=known({1: 8.0}))
    assert found.actions == (ADD, _set(1, None, 8.0))


# Names and maxima


@pytest.mark.parametrize(
    ("title", "name"),
    [("Heart", NAME), (" Heart\n", NAME), ("", "kuraID: 12-34"), ("Cafe\u0301", "Caf\u00e9 kuraID: 12-34"),
     ("x" * 241, "x" * 241 + " kuraID: 12-34"), ("x" * 242, "x" * 241 + " kuraID: 12-34"),
     ("y" * 240 + " z", "y" * 240 + " kuraID: 12-34")],
)  # fmt: skip
def test_a_name_is_the_title_and_the_kura_id(title: str, name: str) -> None:
    assert column_name(HEART, title) == name
    assert len(name) <= 255


def test_a_new_title_changes_the_name_and_nothing_else() -> None:
    found = planned(exported({}, title="Heart 2"), gradebook(), columns=TITLES)
    assert found.actions == (EditColumn(HEART, (NAME, 10.0), "Heart 2 kuraID: 12-34", None),)


def test_a_column_that_was_renamed_in_moodle_keeps_its_name() -> None:
    found = planned(exported({}), gradebook(item=Item("Week 3", 10.0)), columns=TITLES)
    assert found == GradePlan((), ())


def test_a_new_title_replaces_a_name_given_in_moodle() -> None:
    found = planned(exported({}, title="Heart 2"), gradebook(item=Item("Week 3", 10.0)), columns=TITLES)
    assert found.actions == (EditColumn(HEART, ("Week 3", 10.0), "Heart 2 kuraID: 12-34", None),)


def test_a_new_title_that_moodle_shows_already_changes_nothing() -> None:
    item = Item("Heart 2 kuraID: 12-34", 10.0)
    assert planned(exported({}, title="Heart 2"), gradebook(item=item), columns=TITLES).actions == ()


def test_titles_are_compared_as_texts_are() -> None:
    columns = {HEART: KnownColumn(" Cafe\u0301")}
    assert planned(exported({}, title="Caf\u00e9"), gradebook(), columns=columns).actions == ()


def test_a_column_that_the_old_plugin_made_keeps_its_name() -> None:
    found = planned(exported({}, title="Heart 2"), gradebook(), columns={})
    assert found == GradePlan((), ())


def test_a_maximum_that_differs_is_put_right() -> None:
    found = planned(exported({}, maximum=20.0), gradebook(), columns=TITLES)
    assert found.actions == (EditColumn(HEART, (NAME, 10.0), None, 20.0),)


def test_name_and_maximum_change_together() -> None:
    found = planned(exported({}, title="B", maximum=20.0), gradebook(), columns=TITLES)
    assert found.actions == (EditColumn(HEART, (NAME, 10.0), "B kuraID: 12-34", 20.0),)


def test_maxima_are_compared_after_moodles_rounding() -> None:
    assert planned(exported({}, maximum=3.33333), gradebook(item=Item(NAME, 10 / 3))).actions == ()


# Locks


def test_a_locked_column_is_left_with_all_that_differs_in_it() -> None:
    book = gradebook({1: 8.0, 2: 7.0, 3: Grade(3.0, locked=True)}, item=Item(NAME, 10.0, locked=True))
    found = planned(exported({1: 9.0, 2: 7.0, 3: None, 4: 5.0}, title="B", maximum=20.0), book, columns=TITLES)
    assert found.actions == ()
    assert found.left == (
        Left("column_locked", HEART),
        Left("column_locked", HEART, 1, 101, 9.0, 8.0),
        Left("column_locked", HEART, 3, 103, None, 3.0),
        Left("column_locked", HEART, 4, 104, 5.0, None),
    )


def test_a_locked_column_in_step_is_no_matter() -> None:
    book = gradebook({1: 8.0}, item=Item(NAME, 10.0, locked=True))
    found = planned(exported({1: 8.0}), book, columns=TITLES, cells=known({1: 8.0}))
    assert found == GradePlan((), (), present=1)


@pytest.mark.parametrize(("value", "shown"), [(9.0, 8.0), (7.0, 8.0), (None, 8.0), (9.0, None)])
def test_a_locked_grade_is_left(value: float | None, shown: float | None) -> None:
    found = _both({1: value}, {1: Grade(shown, locked=True, modifier=WRITER)}, {1: shown})
    assert (found.actions, found.left) == ((), (Left("locked", HEART, 1, 101, value, shown),))


def test_a_locked_grade_in_step_is_no_matter() -> None:
    assert _both({1: 8.0}, {1: Grade(8.0, locked=True)}, {1: 8.0}).left == ()


# Whose a value is


def test_a_grade_that_differs_is_written() -> None:
    assert _both({1: 9.0}, {1: 8.0}, {1: 8.0}).actions == (_set(1, 8.0, 9.0),)


def test_a_grade_that_falls_is_lowered() -> None:
    assert _both({1: 7.0}, {1: 8.0}, {1: 8.0}).actions == (_lower(1, 8.0, 7.0),)


def test_a_grade_that_was_taken_back_is_cleared() -> None:
    assert _both({1: None}, {1: 8.0}, {1: 8.0}).actions == (_clear(1, 8.0),)


@pytest.mark.parametrize("value", [9.0, 8.0, 5.0, None])
def test_a_persons_grade_is_left(value: float | None) -> None:
    found = _both({1: value}, {1: Grade(6.0, modifier=TEACHER)}, {1: 8.0})
    assert (found.actions, found.left) == ((), (Left("person", HEART, 1, 101, value, 6.0),))


def test_a_grade_of_which_nothing_is_known_is_a_persons() -> None:
    assert reasons(_both({1: 9.0}, {1: Grade(6.0, modifier=None)})) == [("person", 1)]


def test_where_the_writer_is_unknown_nobodys_grade_is_ours() -> None:
    book = Gradebook({HEART: Item(NAME, 10.0)}, {Cell(HEART, 1): Grade(6.0)}, frozenset({1}), writer=None)
    assert reasons(planned(exported({1: 9.0}), book)) == [("person", 1)]


@pytest.mark.parametrize(
    ("shown", "modifier", "memory"),
    [
        pytest.param(8.0, TEACHER, KnownCell(8.0, 8.0), id="as_it_was_sent"),
        pytest.param(8.0, TEACHER, KnownCell(8.0, 7.99), id="as_it_was_sent_and_not_shown"),
        pytest.param(7.99, TEACHER, KnownCell(8.0, 7.99), id="as_moodle_showed_it"),
        pytest.param(8.000001, TEACHER, KnownCell(8.0, 8.0), id="the_same_for_moodle"),
        pytest.param(8.0, TEACHER, KnownCell(8.0, 5.0, pending=True), id="a_write_that_arrived"),
        pytest.param(5.0, TEACHER, KnownCell(8.0, 5.0, pending=True, modifier=TEACHER), id="a_write_that_did_not"),
        pytest.param(3.0, TEACHER, KnownCell(8.0, 8.0, returned=True), id="handed_back"),
        pytest.param(3.0, TEACHER, KnownCell(None, None, returned=True), id="handed_back_unwritten"),
        pytest.param(3.0, WRITER, None, id="written_by_kurasync_and_forgotten"),
        pytest.param(3.0, WRITER, KnownCell(8.0, 8.0), id="written_by_kurasync_last"),
    ],
)
def test_what_kurasync_wrote_or_was_given_is_its_to_change(
    shown: float, modifier: int, memory: KnownCell | None
) -> None:
    memories = {1: memory} if memory else {}
    assert _both({1: 9.0}, {1: Grade(shown, modifier=modifier)}, memories).actions == (_set(1, shown, 9.0),)


@pytest.mark.parametrize("before", [5.0, None])
def test_what_a_person_put_back_after_a_write_whose_answer_was_lost_is_hers(before: float | None) -> None:
    pending = KnownCell(8.0, before, pending=True, modifier=WRITER if before else None)
    found = _both({1: 9.0}, {1: Grade(before, modifier=TEACHER)}, {1: pending})
    assert (found.actions, reasons(found)) == ((), [("person", 1)])


@pytest.mark.parametrize(
    ("row", "memory"),
    [
        pytest.param(None, None, id="never_written"),
        pytest.param(None, KnownCell(8.0, 8.0), id="lost_at_unenrolment"),
        pytest.param(None, KnownCell(9.0, 9.0), id="lost_at_unenrolment_with_the_same_grade"),
        pytest.param(None, KnownCell(9.0, None), id="written_just_before_it_was_lost"),
        pytest.param(None, KnownCell(9.0, None, pending=True), id="a_write_that_did_not_arrive"),
        pytest.param(Grade(None), None, id="an_empty_row_of_moodle"),
        pytest.param(Grade(None, modifier=WRITER), KnownCell(None, None), id="cleared_before"),
        pytest.param(Grade(None, modifier=WRITER), None, id="cleared_by_kurasync_and_forgotten"),
        pytest.param(Grade(None, modifier=TEACHER), KnownCell(None, None), id="both_sides_were_empty"),
        pytest.param(Grade(None, modifier=TEACHER), KnownCell(8.0, 8.0, returned=True), id="handed_back"),
    ],
)
def test_an_empty_cell_gets_its_grade(row: Grade | None, memory: KnownCell | None) -> None:
    found = _both({1: 9.0}, {1: row} if row else {}, {1: memory} if memory else {})
    assert found.actions == (_set(1, None, 9.0),)


@pytest.mark.parametrize("memory", [{}, {1: 8.0}])
def test_a_cell_that_a_person_emptied_stays_empty(memory: dict[int, float]) -> None:
    found = _both({1: 8.0}, {1: Grade(None, modifier=TEACHER)}, memory)
    assert (found.actions, reasons(found)) == ((), [("person", 1)])


# In step


@pytest.mark.parametrize(("value", "shown"), [(8.0, 8.0), (0.33333, 1 / 3), (None, None)])
def test_equal_values_are_left_alone_and_remembered(value: float | None, shown: float | None) -> None:
    found = _both({1: value}, {1: Grade(shown, modifier=TEACHER)}, {1: 7.0})
    assert (found.actions, found.left, found.adopted) == ((), (), {Cell(HEART, 1): value})


@pytest.mark.parametrize(
    "memory",
    [KnownCell(8.0, 7.99), KnownCell(7.0, 8.0), KnownCell(8.0, 8.0, pending=True), KnownCell(8.0, 8.0, returned=True)],
)
def test_whatever_else_was_remembered_of_equal_values_is_forgotten(memory: KnownCell) -> None:
    """Above all that a cell was handed back: what a person writes there later is hers again."""
    assert _both({1: 8.0}, {1: 8.0}, {1: memory}).adopted == {Cell(HEART, 1): 8.0}


def test_what_is_remembered_well_is_not_adopted_again() -> None:
    assert _both({1: 8.0, 2: None}, {1: 8.0}, {1: 8.000001, 2: None}).adopted == {}


def test_an_empty_cell_without_a_grade_is_not_worth_remembering() -> None:
    assert _both({1: None}, {}).adopted == {}


def test_the_grades_that_the_old_plugin_wrote_are_adopted_where_they_are_equal() -> None:
    book = gradebook({1: 8.0, 2: 7.0}, modifier=TEACHER)
    found = planned(exported({1: 8.0, 2: 9.0}), book)
    assert (found.actions, found.adopted, reasons(found)) == ((), {Cell(HEART, 1): 8.0}, [("person", 2)])


def test_a_grade_that_moodle_keeps_otherwise_is_not_sent_again() -> None:
    found = _both({1: 8.4}, {1: 8.0}, {1: KnownCell(8.4, 8.0)})
    assert (found.actions, found.left, found.adopted) == ((), (), {})


def test_a_grade_that_moodle_does_not_let_go_of_is_not_cleared_again() -> None:
    assert _both({1: None}, {1: 8.0}, {1: KnownCell(None, 8.0)}).actions == ()


def test_a_grade_that_moodle_keeps_otherwise_is_sent_again_when_it_is_handed_back() -> None:
    assert _both({1: 8.4}, {1: 8.0}, {1: KnownCell(8.4, 8.0, returned=True)}).actions == (_set(1, 8.0, 8.4),)


def test_a_new_grade_is_sent_where_moodle_kept_the_last_one_otherwise() -> None:
    assert _both({1: 9.0}, {1: 8.0}, {1: KnownCell(8.4, 8.0)}).actions == (_set(1, 8.0, 9.0),)


def test_a_write_of_which_nobody_knows_is_made_again() -> None:
    assert _both({1: 9.0}, {1: 5.0}, {1: KnownCell(9.0, 5.0, pending=True)}).actions == (_set(1, 5.0, 9.0),)


def test_a_grade_that_the_old_maximum_cut_is_sent_again_with_the_new_one() -> None:
    found = planned(exported({1: 15.0}, maximum=20.0), gradebook({1: 10.0}), cells=known({1: KnownCell(15.0, 10.0)}))
    assert found.actions == (EditColumn(HEART, (NAME, 10.0), None, 20.0), _set(1, 10.0, 15.0))


# Who gets none


@pytest.mark.parametrize(
    ("value", "shown", "left"), [(8.0, None, 1), (8.0, 7.0, 1), (None, 7.0, 1), (8.0, 8.0, 0), (None, None, 0)]
)
def test_nobody_but_students_of_the_moodle_course_is_graded(
    value: float | None, shown: float | None, left: int
) -> None:
    book = gradebook({1: Grade(shown, modifier=WRITER)}, students=[2])
    found = planned(exported({1: value}), book, cells=known({1: 3.0}))
    assert (found.actions, found.adopted) == ((), {})
    assert found.left == (Left("not_student", HEART, 1, 101, value, shown),) * left


def test_a_student_without_a_link_is_listed_where_there_is_a_grade() -> None:
    found = planned(exported({1: 8.0, 2: None, 3: 5.0}), gradebook({}), links={103: 3})
    assert found.actions == (_set(3, None, 5.0),)
    assert found.left == (Left("unlinked", HEART, None, 101, 8.0, None),)


@pytest.mark.parametrize("links", [{101: 1}, {}], ids=["linked_since", "not_linked_any_more"])
def test_a_student_whose_link_changed_since_the_export_was_asked_for_waits(links: dict[int, int]) -> None:
    found = planned(exported({1: 8.0}), gradebook({1: 7.0}), links=links, moved=frozenset({101}), cells=known({1: 7.0}))
    userid = links.get(101)
    assert (found.actions, found.adopted) == ((), {})
    assert found.left == (Left("moved", HEART, userid, 101, 8.0, 7.0 if userid else None),)


def test_a_student_whose_link_changed_is_no_matter_where_nothing_differs() -> None:
    found = planned(exported({1: 8.0}), gradebook({1: 8.0}), moved=frozenset({101}))
    assert found == GradePlan((), (), present=1)


# Doubts


def test_a_column_in_doubt_is_neither_changed_nor_gone() -> None:
    found = planned(Export({}, (Doubt(HEART, "no_questions"),)), gradebook({1: 8.0}), cells=known({1: 8.0}))
    assert found == GradePlan((), (Left("no_questions", HEART),), present=1)


def test_a_student_in_doubt_keeps_the_grade_and_the_others_get_theirs() -> None:
    export = Export({HEART: column({2: 7.0})}, (Doubt(HEART, "student_twice", 101), Doubt(HEART, "not_a_number", 999)))
    found = planned(export, gradebook({1: 8.0}), cells=known({1: 8.0}))
    assert found.actions == (_set(2, None, 7.0),)
    assert found.left == (
        Left("not_a_number", HEART, None, 999),
        Left("student_twice", HEART, 1, 101, None, 8.0),
    )


# What does not last


@pytest.mark.parametrize(
    ("value", "shown", "action"),
    [(9.0, 8.0, _set(1, 8.0, 9.0)), (7.0, 8.0, _lower(1, 8.0, 7.0)), (None, 8.0, _clear(1, 8.0))],
)
def test_a_grade_that_was_written_three_times_in_a_day_is_left(
    value: float | None, shown: float, action: Action
) -> None:
    twice = _both({1: value}, {1: shown}, done=_done(action, times=2))
    found = _both({1: value}, {1: shown}, done=_done(action))
    assert twice.actions == (action,)
    assert (found.actions, found.left) == ((), (Left("unsettled", HEART, 1, 101, value, shown),))


def test_a_maximum_that_does_not_last_is_left_and_the_grades_go_on() -> None:
    edit = EditColumn(HEART, (NAME, 10.0), None, 20.0)
    found = planned(exported({1: 8.0}, maximum=20.0), gradebook(), done=_done(edit))
    assert (found.actions, found.left) == ((_set(1, None, 8.0),), (Left("unsettled", HEART),))


def test_a_column_that_does_not_last_is_left_with_its_grades() -> None:
    found = planned(exported({1: 8.0, 2: 7.0}), done=_done(ADD))
    assert found.actions == ()
    assert found.left == (
        Left("unsettled", HEART),
        Left("unsettled", HEART, 1, 101, 8.0, None),
        Left("unsettled", HEART, 2, 102, 7.0, None),
    )


# The whole


def test_columns_come_first_then_grades_then_removals() -> None:
    old, older = Column(11, 1), Column(99, 1)
    export = Export({LUNG: column({2: 4.0, 1: 3.0}, "Lung", 5.0), HEART: column({1: 8.0}, maximum=20.0)})
    items = {older: Item("Older", 1.0), HEART: Item(NAME, 10.0), old: Item("Old", 1.0)}
    found = planned(export, Gradebook(items, {}, frozenset({1, 2}), WRITER))
    assert [(type(each), each.column, getattr(each, "userid", None)) for each in found.actions] == [
        (EditColumn, HEART, None), (AddColumn, LUNG, None),
        (SetGrade, HEART, 1), (SetGrade, LUNG, 1), (SetGrade, LUNG, 2),
        (RemoveColumn, old, None), (RemoveColumn, older, None),
    ]  # fmt: skip


def test_it_counts_the_grades_that_moodle_holds_in_our_columns() -> None:
    book = gradebook({1: 8.0, 2: 0.0, 3: Grade(None), 4: Grade(5.0, locked=True, modifier=TEACHER)}, students=[1])
    assert planned(exported({}), book).present == 3


def test_grades_without_their_column_count_for_nothing() -> None:
    book = Gradebook({}, {Cell(HEART, 1): Grade(8.0)}, frozenset({1}), WRITER)
    assert planned(exported({}), book).present == 0


def test_every_reason_has_its_sentence() -> None:
    named = {"unlinked", "excluded", "not_student", "person", "locked", "moved", "column_locked", "column_gone"}
    assert set(LEFT) == {*named, "unsettled", "export_empty", *DOUBTS}
    assert all(sentence and not sentence.endswith(".") for sentence in LEFT.values())


def test_a_plan_depends_on_no_order() -> None:
    points = {3: 7.0, 1: 8.0, 2: None}
    turned = dict(reversed(points.items()))
    book, memory = gradebook({1: 5.0, 2: 4.0}), known({1: 5.0})
    assert planned(exported(points), book, cells=memory) == planned(exported(turned), book, cells=memory)
