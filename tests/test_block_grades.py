"""The cases of recordings/block about grades: the gradebook that design.md 7 asks for, often not the plugin's.

Where the recording lists no defects, the gradebook afterwards must be the recorded one. Each case goes on with the
gradebook and the memory that its earlier runs have left; a lock set between two runs is taken from the recording.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.planning.computing import computed
from app.planning.grade_actions import Column
from app.planning.grade_guard import GradeCircumstances, judge
from app.planning.gradebook import Cell, Grade, Gradebook, Grades, Item
from app.planning.grades import plan
from app.planning.rules import Rules
from schemas.exports import read_export
from tests.grade_model import applied

FOLDER = Path(__file__).parent / "recordings" / "block"
WRITER = 4

Recorded = dict[str, Any]
Columns = dict[str, tuple[str, float, dict[int, float | None]]]
"""A gradebook as it is compared: by idnumber the name, the maximum, and the grades by user."""


@dataclass(frozen=True)
class Outcome:
    """What one run of a case came to, and what the recording says of it."""

    recorded: Recorded
    columns: Columns
    left: list[tuple[str, int | None]]  # the reason, and the kuraCloud student
    held: list[tuple[str, tuple[str, ...]]]


def runs_of(case: str) -> list[Recorded]:
    first = json.loads((FOLDER / f"{case}.json").read_text())
    return [{**run, "defects": first["defects"]} for run in (first, *first.get("next_runs", []))]


def outcomes(case: str) -> Iterator[Outcome]:
    """What each recorded run would have come to, one after the other."""
    state = Grades(computed([]), Gradebook({}, {}, frozenset()), {}, Rules())
    for number, run in enumerate(runs_of(case)):
        state = _before(run, state, first=number == 0)
        found = plan(state)
        verdict = judge(found, GradeCircumstances(state.rules, True, remembered=frozenset(state.columns)))
        state = applied(state, found, verdict.go)
        left = [(each.reason, each.studentid) for each in found.left]
        held = [(each.action.kind, each.reasons) for each in verdict.held]
        assert set(plan(state).actions) == {each.action for each in verdict.held}
        yield Outcome(run, _columns(state.book), left, held)


def _before(run: Recorded, state: Grades, *, first: bool) -> Grades:
    recorded = _gradebook(run["gradebook_before"], run)
    locks = {column: item.locked for column, item in recorded.items.items()}
    items = {column: replace(item, locked=locks.get(column, False)) for column, item in state.book.items.items()}
    return replace(
        state,
        export=computed(read_export(run["kuracloud_export"])),
        book=recorded if first else Gradebook(items, state.book.grades, recorded.students, WRITER),
        links=_links(run),
    )


def _gradebook(recorded: Recorded, run: Recorded) -> Gradebook:
    columns = {item["id"]: Column(int(item["iteminstance"]), int(item["itemnumber"])) for item in recorded["items"]}
    return Gradebook(
        {
            columns[item["id"]]: Item(item["itemname"], float(item["grademax"]), item["locked"] != "0")
            for item in recorded["items"]
        },
        {
            Cell(columns[grade["itemid"]], int(grade["userid"])): Grade(
                float(grade["finalgrade"]), modifier=int(grade["usermodified"])
            )
            for grade in recorded["grades"]
        },
        frozenset(int(user["id"]) for user in run["moodle_before"]["users"] if _is_student(user)),
        WRITER,
    )


def _is_student(user: Recorded) -> bool:
    return "student" in user["roles"] and user["suspended"] == user["enrolstatus"] == "0"


def _links(run: Recorded) -> dict[int, int]:
    """A student who is linked to two users is linked to neither: kurasync keeps no such pair."""
    links = run["moodle_before"]["links"]
    owners = Counter(link["remote_studentid"] for link in links)
    return {
        int(link["remote_studentid"]): int(link["userid"]) for link in links if owners[link["remote_studentid"]] == 1
    }


def _columns(book: Gradebook) -> Columns:
    return {
        f"{column.lesson}-{column.revision}": (item.name, item.maximum, _points(book, column))
        for column, item in book.items.items()
    }


def _points(book: Gradebook, column: Column) -> dict[int, float | None]:
    return {
        cell.userid: grade.value
        for cell, grade in book.grades.items()
        if cell.column == column and grade.value is not None
    }


def afterwards(run: Recorded) -> Columns:
    """The gradebook as the plugin left it."""
    return _columns(_gradebook(run["gradebook_after"], run))


def assert_as_recorded(case: str) -> None:
    """A fair model: the same gradebook, nothing left or held."""
    for outcome in outcomes(case):
        assert outcome.recorded["defects"] == []
        assert outcome.columns == afterwards(outcome.recorded)
        assert (outcome.left, outcome.held) == ([], [])


def the_one(case: str) -> Outcome:
    """The outcome of a case of one run."""
    (outcome,) = outcomes(case)
    assert outcome.recorded["defects"]
    return outcome


def test_g01_simple() -> None:
    assert_as_recorded("g01_simple")


def test_g03_negative_offset() -> None:
    assert_as_recorded("g03_negative_offset")


def test_g04_above_max() -> None:
    assert_as_recorded("g04_above_max")


def test_g05_unmapped_student() -> None:
    """Everybody else gets theirs; whoever has no link is listed and stops nothing."""
    outcome = the_one("g05_unmapped_student")
    assert outcome.columns == {"12-34": ("r kuraID: 12-34", 10.0, {5199: 8.0})} == afterwards(outcome.recorded)
    assert (outcome.left, outcome.held) == ([("unlinked", 99)], [])


def test_g05b_only_unmapped_two() -> None:
    """A column in which nobody would get a grade is not made."""
    outcome = the_one("g05b_only_unmapped_two")
    assert outcome.columns == {}
    assert (outcome.left, outcome.held) == ([("unlinked", 98), ("unlinked", 99)], [])


def test_g06_lesson_no_grades() -> None:
    assert_as_recorded("g06_lesson_no_grades")


def test_g07_lesson_removed_since() -> None:
    """The column stays with its grades, and a person is asked."""
    first, second = outcomes("g07_lesson_removed_since")
    assert first.columns == second.columns == afterwards(first.recorded)
    assert (first.left, first.held) == ([], [])
    assert (second.left, second.held) == ([], [("column_remove", ("column_removed",))])


def test_g07b_grades_reset_to_null() -> None:
    """Grades are cleared one by one, and the column stays."""
    first, second, third = outcomes("g07b_grades_reset_to_null")
    assert first.columns == afterwards(first.recorded)
    assert second.columns == {"12-34": ("r kuraID: 12-34", 10.0, {5208: 7.0})}
    assert third.columns == {"12-34": ("r kuraID: 12-34", 10.0, {})}
    assert all((each.left, each.held) == ([], []) for each in (first, second, third))


def test_g10_long_title_html() -> None:
    """The title is cut, and the kuraID stays."""
    outcome = the_one("g10_long_title_html")
    ((name, maximum, points),) = outcome.columns.values()
    title = outcome.recorded["kuracloud_export"][0]["gradedPublishedRevisions"][0]["publishedRevisionTitle"]
    assert len(title) > 255
    assert len(name) == 255
    assert name.endswith(" kuraID: 12-34")
    assert title.startswith(name.removesuffix(" kuraID: 12-34"))
    assert (maximum, points) == (10.0, {5213: 8.0})


def test_g13_no_questions() -> None:
    """Nothing can be graded against nothing: no column, and the reason is listed."""
    outcome = the_one("g13_no_questions")
    assert (outcome.columns, outcome.left, outcome.held) == ({}, [("no_questions", None)], [])


def test_g15_locked_item() -> None:
    """The locked column is left alone, and everything that differs is listed: title, maximum and grade."""
    first, second = outcomes("g15_locked_item")
    assert first.columns == second.columns == afterwards(second.recorded)
    assert (first.left, first.held) == ([], [])
    assert (second.left, second.held) == ([("column_locked", None), ("column_locked", 1)], [])


def test_g19_empty_export_deletes_items() -> None:
    """Nothing is changed, nothing is offered for removal, and the reason is listed."""
    first, second = outcomes("g19_empty_export_deletes_items")
    assert first.columns == second.columns == afterwards(first.recorded)
    assert (second.left, second.held) == ([("export_empty", None)], [])


def test_g20_teacher_mapped() -> None:
    """The student gets hers; the teacher gets none and is listed."""
    outcome = the_one("g20_teacher_mapped")
    assert outcome.columns == {"12-34": ("r kuraID: 12-34", 10.0, {5235: 8.0})}
    assert (outcome.left, outcome.held) == ([("not_student", 2)], [])


def test_g21_two_local_users_one_remote() -> None:
    """Whose grade it is cannot be told: nobody gets it, and it is listed."""
    outcome = the_one("g21_two_local_users_one_remote")
    assert (outcome.columns, outcome.left, outcome.held) == ({}, [("unlinked", 1)], [])


def test_every_recorded_case_about_grades_has_its_test() -> None:
    """Cases about waiting for an export are of the run, all others of the plan."""
    covered = {
        case: name
        for name in ("test_block_grades.py", "test_block_grades_run.py")
        for case in re.findall(r"^def test_(g\d\w*)", (Path(__file__).parent / name).read_text(), re.MULTILINE)
    }
    cases = [path.stem for path in FOLDER.glob("g*.json")]
    assert covered == {
        **dict.fromkeys(cases, "test_block_grades.py"),
        "g11_status_pending_3": "test_block_grades_run.py",
        "g12_status_failed": "test_block_grades_run.py",
        "g18_export_refused": "test_block_grades_run.py",
    }
