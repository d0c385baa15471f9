"""Many mappings from a file: what would change is shown line by line, asked, and done without stopping at a bad one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import Fault
from tests.fixtures_desk import Desk

NAMES = ("site", "course", "instance", "kura_course")


@pytest.fixture
def many(desk: Desk) -> Desk:
    """Both sides connected, with the courses PHY1 to PHY4 and PHY to PHY-4; nothing is mapped."""
    desk.connect()
    for number in (2, 3, 4):
        desk.moodle.create_course(f"Physiology {number}", f"PHY{number}")
        desk.kura.add_course(f"Physiology {number}", f"PHY-{number}", lmsEnabled=False)
    return desk


def pair(number: int, **rules: Any) -> dict[str, Any]:
    """A line that maps two courses of this number."""
    there = "PHY" if number == 1 else f"PHY-{number}"
    return {"site": "uni", "course": f"PHY{number}", "instance": "kura", "kura_course": there, **rules}


def text(lines: Sequence[Mapping[str, Any]], delimiter: str = ",") -> str:
    """The lines as CSV."""
    columns = list(dict.fromkeys(name for line in lines for name in line))
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue()


def imported(desk: Desk, content: str, *options: str, code: int = 0) -> str:
    done = desk.run("mapping", "import", "-", *options, typed=content)
    assert done.exit_code == code, done.output
    return done.output


def told(desk: Desk, content: str, *options: str) -> list[Any]:
    """What an import says of each line, as JSON."""
    done = desk.run("mapping", "import", "-", "--json", *options, typed=content)
    return list(json.loads(done.stdout))


def whats(rows: list[Any]) -> list[str]:
    return [row["what"] for row in rows]


def rules_of(desk: Desk, number: int) -> Any:
    return desk.json("mapping", "show", str(number))["settings"]


def test_mappings_are_added_with_their_rules(many: Desk) -> None:
    content = text([pair(1, mode="review", roles="student, trainee"), pair(2)])
    assert "Added 2 mappings." in imported(many, content, "--yes")
    assert [line["course_name"] for line in many.json("mapping", "list")] == ["Physiology 1", "Physiology 2"]
    assert (rules_of(many, 1), rules_of(many, 2)) == ({"mode": "review", "roles": ["student", "trainee"]}, {})
    assert all(course["lmsEnabled"] for course in many.kura.state()["courses"][:2])
    assert many.work(1) == "done"


def test_a_dry_run_shows_what_would_change_and_changes_nothing(many: Desk) -> None:
    said = imported(many, text([pair(1, mode="review")]), "--dry-run")
    assert "mode: auto -> review" in said
    assert "1 to add." in said
    assert "Nothing was changed." in said
    assert many.json("mapping", "list") == []


def test_it_asks_before_it_changes_anything(many: Desk) -> None:
    said = imported(many, text([pair(1)]), code=2)
    assert "can then no longer be edited there" in said
    assert many.json("mapping", "list") == []


def test_rules_are_changed_and_what_is_blank_goes_back_to_its_default(many: Desk) -> None:
    imported(many, text([pair(1, mode="review", removals_most="9", freeze="no")]), "--yes")
    rows = told(many, text([pair(1, mode="", removals_most="9")]), "--yes")
    assert (whats(rows), rows[0]["details"], rows[0]["done"]) == (["change rules"], "mode: review -> auto", True)
    assert rules_of(many, 1) == {"removals_most": 9, "freeze": False}


def test_the_same_file_again_changes_nothing(many: Desk) -> None:
    content = text([pair(1, mode="review"), pair(2)])
    imported(many, content, "--yes")
    assert "2 unchanged." in imported(many, content)


def test_what_is_wrong_with_a_line_is_told_and_stops_no_other(many: Desk) -> None:
    lines = [
        pair(1, mode="sometimes"),
        {**pair(2), "site": "elsewhere"},
        {**pair(2), "course": "PHY9"},
        {**pair(2), "kura_course": "PHY-9"},
        {**pair(2), "instance": ""},
        pair(2, roles="student", capability="mod/assign:submit"),
        pair(3),
        pair(3),
        pair(4, institution_role="member"),
    ]
    rows = told(many, text(lines), "--yes")
    assert whats(rows) == [*["refused"] * 6, "add", "refused", "refused"]
    for row, words in zip(
        rows,
        ("mode must be one of", "no site called", "no course 'PHY9'", "no active course", "instance is empty",
         "not both", "", "Line 8 has this Moodle course already", "needs Moodle's plugin"),
        strict=True,
    ):  # fmt: skip
        assert words in row["details"]
    assert [row["line"] for row in rows] == list(range(2, 11))
    assert [line["course_name"] for line in many.json("mapping", "list")] == ["Physiology 3"]


def test_refused_lines_make_the_command_fail_after_the_others_were_done(many: Desk) -> None:
    said = imported(many, text([pair(1), pair(9)]), "--yes", code=1)
    assert "Added 1 mapping" in said
    assert "1 of 2 lines were refused or failed" in said


def test_a_course_that_is_mapped_otherwise_is_refused(many: Desk) -> None:
    imported(many, text([pair(1)]), "--yes")
    lines = [{**pair(1), "kura_course": "PHY-2"}, {**pair(2), "kura_course": "PHY"}]
    ours, theirs = told(many, text(lines), "--dry-run")
    assert "kurasync mapping repoint 1" in ours["details"]
    assert "is mapped already, by mapping 1" in theirs["details"]


def test_a_second_site_at_an_instance_has_to_be_allowed(many: Desk) -> None:
    many.done("site", "add", "copy", many.moodle.url, "--shared", "--token-file", "-", typed=many.moodle.token)
    lines = [pair(1), {**pair(2), "site": "copy"}]
    assert "A line before gives the instance kura to the site uni" in told(many, text(lines), "--dry-run")[1]["details"]
    assert whats(told(many, text(lines), "--shared", "--yes")) == ["add", "add"]
    assert "serves the site" in told(many, text([{**pair(3), "site": "copy"}]), "--dry-run")[0]["details"]


def test_a_line_that_fails_is_told_and_the_others_are_done(many: Desk) -> None:
    many.kura.faults.add(Fault("status", match="PUT /v2/course/101", status=404))
    rows = told(many, text([pair(1), pair(2)]), "--yes")
    assert [row["done"] for row in rows] == [False, True]


def test_an_instance_that_does_not_answer_is_not_asked_for_every_line(many: Desk) -> None:
    many.kura.faults.add(Fault("status", match="PUT", status=503))
    rows = told(many, text([pair(1), pair(2), pair(3)]), "--yes")
    assert [row["failed"] for row in rows][1:] == ["Not tried, since kura failed at line 2."] * 2
    assert sum(1 for call in many.kura.calls if call.name.startswith("PUT")) == 1
    many.kura.faults.clear()
    assert [row["done"] for row in told(many, text([pair(1), pair(2), pair(3)]), "--yes")] == [True] * 3


def test_mappings_called_by_number_are_changed_while_both_sides_are_away(many: Desk) -> None:
    imported(many, text([pair(1)]), "--yes")
    [line] = json.loads(many.done("mapping", "export", "--format", "json"))
    many.kura.faults.add(Fault("status", status=503))
    many.moodle.faults.add(Fault("status", status=503))
    content = json.dumps([{**line, "mode": "review"}, pair(2)])
    rows = told(many, content, "--yes")
    assert (whats(rows), rows[0]["done"]) == (["change rules", "refused"], True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no site"),
        ("site,course\nuni,PHY1\n", "there is no instance"),
        ("site,course,instance,kura_course\n", "There is no mapping in the file"),
        ("site,course,instance,kura_course,mood\nuni,PHY1,kura,PHY,good\n", "'mood' is no column"),
        ("site,site,course,instance,kura_course\n", "twice"),
        ('site,course,instance,kura_course\n"uni,PHY1\n', "no CSV that can be read"),
        ("[1]", "list of objects"),
        ("{}", "list of objects"),
        ("[{]", "begins like JSON"),
        ('[{"site": "uni", "mood": 1}]', "'mood' is no column"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_as_a_whole(many: Desk, content: str, words: str) -> None:
    assert words in imported(many, content, code=1)


def test_what_spreadsheets_make_of_a_file_is_read(many: Desk) -> None:
    rows = ("site;course;instance;kura_course;mode;", "uni;PHY1;kura;PHY;;", ";;;;;", "uni;PHY2;kura;PHY-2;;too much")
    content = "\ufeff" + "\r\n".join(rows)
    added, refused = told(many, content, "--dry-run")
    assert (added["line"], added["what"], refused["line"], refused["what"]) == (2, "add", 4, "refused")
    assert "more cells than the first line" in refused["details"]


def test_a_file_that_is_not_utf8_is_refused(many: Desk, tmp_path: Path) -> None:
    path = tmp_path / "mappings.csv"
    path.write_bytes("site,course\n\xfc".encode("latin-1"))
    done = many.run("mapping", "import", str(path))
    assert (done.exit_code, "not UTF-8" in done.output) == (2, True)


def test_what_is_done_is_written_down(many: Desk) -> None:
    imported(many, text([pair(1, mode="review")]), "--yes")
    imported(many, text([pair(1)]), "--yes")
    imported(many, text([pair(1, mode="auto")]), "--yes")
    operations = [row["operation"] for row in many.json("audit", "list", "--mapping", "1")]
    assert {"add_mapping", "set_rules"} <= set(operations)


def test_both_sides_are_asked_for_their_courses_once(many: Desk) -> None:
    many.moodle.calls.clear()
    many.kura.calls.clear()
    told(many, text([pair(number) for number in (1, 2, 3, 4)]), "--dry-run")
    assert (len(many.moodle.calls), [call.name for call in many.kura.calls]) == (1, ["GET /v2/course"])
