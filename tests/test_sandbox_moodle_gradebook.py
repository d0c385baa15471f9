"""The simulated gradebook: manual items and their grades, as recorded of a real one (contracts/moodle.md 3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.moodle import SimMoodle
from sandbox.moodle.events import ACTOR
from sandbox.moodle.state import SERVICE_USER
from sandbox.moodle.tables.gradebook import kept

RECORDINGS = Path(__file__).parent / "recordings" / "block"
CASES = {path.stem: json.loads(path.read_text()) for path in sorted(RECORDINGS.glob("g*.json"))}
COMPUTED = [
    (name, number)
    for name, case in CASES.items()
    for number, run in enumerate([case, *case.get("next_runs", [])])
    if "plugin_computed" in run
]
"""The runs of block_kuracloud that did not end with an error."""


class Site:
    """A course with students Ana and Ben."""

    def __init__(self) -> None:
        self.moodle = SimMoodle()
        self.course = self.moodle.create_course("Physiology", "PHY")
        self.ana, self.ben = (self.student(name) for name in ("Ana", "Ben"))
        self.item = self.moodle.create_item(self.course, 12, 34, "Heart kuraID: 12-34", 10.0)

    def student(self, name: str) -> int:
        user = self.moodle.create_user(name, "Lab", f"{name.lower()}@example.edu")
        self.moodle.enrol(user, self.course)
        return user

    def grades(self, course: int | None = None) -> dict[tuple[str, str], tuple[str | None, str | None]]:
        """Value and writer by item and user."""
        rows = self.moodle.gradebook(course or self.course)["grades"]
        return {(row["itemid"], row["userid"]): (row["finalgrade"], row["usermodified"]) for row in rows}

    def grade(self, user: int) -> tuple[str | None, str | None]:
        return self.grades()[str(self.item), str(user)]

    def names(self) -> list[str]:
        """The names of the events since the last time."""
        names = [str(event["eventname"]).rpartition("\\")[2] for event in self.moodle.events]
        self.moodle.events.clear()
        return names


@pytest.fixture
def site() -> Site:
    made = Site()
    made.moodle.events.clear()
    return made


class Replay:
    """What block_kuracloud did to a gradebook, done again; ids are those of the recording."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.moodle = SimMoodle()
        self.course = self.moodle.create_course("Physiology", "PHY")
        self._users: dict[str, str] = {}
        for user in case["moodle_before"]["users"]:
            names = (user["firstname"], user["lastname"], user["email"])
            made = self.moodle.create_user(*names, username=user["username"])
            self.moodle.enrol(made, self.course)
            self._users[str(made)] = user["id"]
        self._ids = {recorded: int(made) for made, recorded in self._users.items()}
        self._items: dict[str, str] = {}

    def run(self, run: dict[str, Any]) -> None:
        """One run of the plugin; what it computed may be an empty list."""
        for row in run["gradebook_before"]["items"]:
            if row["locked"] != "0":
                self.moodle.lock_item(self._item(row["idnumber"]))
        computed = dict(run["plugin_computed"])
        for idnumber, column in computed.items():
            self._save(idnumber, column)
        for item in self.moodle.gradebook(self.course)["items"]:
            if item["idnumber"] not in computed:
                self.moodle.delete_item(int(item["id"]))

    def _item(self, idnumber: str) -> int:
        found = [row for row in self.moodle.gradebook(self.course)["items"] if row["idnumber"] == idnumber]
        return int(found[0]["id"]) if found else 0

    def _save(self, idnumber: str, column: dict[str, Any]) -> None:
        lesson, revision = map(int, idnumber.split("-"))
        item = self._item(idnumber)
        if not item:
            item = self.moodle.create_item(self.course, lesson, revision, column["itemname"], column["grademax"])
        if self.moodle.site.gradebook[item].locked:
            return
        for recorded, grade in dict(column["grades"]).items():
            self.moodle.write_grade(item, self._ids[recorded], grade)

    def shown(self) -> dict[str, Any]:
        """The gradebook without ids of its own and times."""
        return _without_ids(self.moodle.gradebook(self.course), self._users)


def _without_ids(book: dict[str, Any], users: dict[str, str]) -> dict[str, Any]:
    names = {row["id"]: row["idnumber"] for row in book["items"]}
    items = [{**row, "id": "", "locked": str(int(row["locked"] != "0"))} for row in book["items"]]
    grades = [
        {**row, "id": "", "itemid": names[row["itemid"]], "userid": users.get(row["userid"], row["userid"])}
        for row in book["grades"]
    ]
    return {"items": items, "grades": sorted(grades, key=lambda row: (row["itemid"], row["userid"]))}


@pytest.mark.parametrize(("name", "number"), COMPUTED)
def test_a_gradebook_written_as_recorded_looks_as_recorded(name: str, number: int) -> None:
    case = CASES[name]
    runs = [case, *case.get("next_runs", [])][: number + 1]
    replay = Replay(case)
    for run in runs:
        replay.run(run)
    assert replay.shown() == _without_ids(runs[-1]["gradebook_after"], {})


@pytest.mark.parametrize(
    ("points", "shown"),
    [
        (1.000005, 1.00001),
        (-1.000005, -1.00001),
        (1.0000049999, 1.0),
        (0.1 + 0.2, 0.3),
        (1 / 3, 0.33333),
        (99999.999994, 99999.99999),
        (0, 0.0),
    ],
)
def test_five_decimals_are_kept_and_halves_go_away_from_zero(points: float, shown: float) -> None:
    assert kept(points) == shown


def test_a_grade_stays_within_the_bounds_of_its_item(site: Site) -> None:
    site.moodle.write_grade(site.item, site.ana, 10.5)
    site.moodle.write_grade(site.item, site.ben, -1)
    assert (site.grade(site.ana)[0], site.grade(site.ben)[0]) == ("10.00000", "0.00000")
    site.moodle.set_switch("unlimited_grades", True)
    site.moodle.write_grade(site.item, site.ana, 10.5)
    assert site.grade(site.ana)[0] == "10.50000"


def test_a_lower_maximum_leaves_the_grades_above_it(site: Site) -> None:
    site.moodle.write_grade(site.item, site.ana, 9)
    site.moodle.describe_item(site.item, "Heart", 5)
    assert site.grade(site.ana)[0] == "9.00000"


def test_a_teachers_grade_shows_by_who_wrote_it_and_by_no_flag(site: Site) -> None:
    site.moodle.write_grade(site.item, site.ana, 5, SERVICE_USER)
    assert site.grade(site.ana) == ("5.00000", str(SERVICE_USER))
    site.moodle.teacher_sets_grade(site.course, site.item, site.ana, 6)
    assert site.grade(site.ana) == ("6.00000", str(ACTOR))
    site.moodle.teacher_clears(site.course, site.item, site.ana)
    assert site.grade(site.ana) == (None, str(ACTOR))
    assert {row["overridden"] for row in site.moodle.gradebook(site.course)["grades"]} == {"0"}
    with pytest.raises(LookupError):
        site.moodle.teacher_sets_grade(site.course + 1, site.item, site.ana, 6)


def test_the_grade_that_is_there_already_changes_nothing_and_says_nothing(site: Site) -> None:
    site.moodle.write_grade(site.item, site.ana, 5, SERVICE_USER)
    assert site.names() == ["user_graded"]
    site.moodle.teacher_sets_grade(site.course, site.item, site.ana, 5.000001)
    assert site.names() == []
    assert site.grade(site.ana) == ("5.00000", str(SERVICE_USER))


def test_an_event_shows_a_new_grade_as_text_and_a_changed_one_as_number(site: Site) -> None:
    site.moodle.write_grade(site.item, site.ana, 5)
    site.moodle.write_grade(site.item, site.ana, 6)
    site.moodle.write_grade(site.item, site.ana, None)
    assert [event["other"]["finalgrade"] for event in site.moodle.events] == ["5.00000", 6.0, None]


def test_what_is_locked_nobody_writes(site: Site) -> None:
    moodle = site.moodle
    moodle.write_grade(site.item, site.ana, 5)
    moodle.lock_grade(site.item, site.ana)
    with pytest.raises(ValueError, match="locked"):
        moodle.teacher_sets_grade(site.course, site.item, site.ana, 6)
    moodle.write_grade(site.item, site.ben, 6)
    moodle.unlock_grade(site.item, site.ana)
    moodle.lock_item(site.item)
    with pytest.raises(ValueError, match="locked"):
        moodle.write_grade(site.item, site.ben, 7)
    moodle.unlock_item(site.item)
    moodle.set_formula(site.item, "=1+1")
    with pytest.raises(ValueError, match="locked"):
        moodle.write_grade(site.item, site.ben, 7)
    moodle.set_formula(site.item, "")
    moodle.write_grade(site.item, site.ben, 7)
    assert (site.grade(site.ana)[0], site.grade(site.ben)[0]) == ("5.00000", "7.00000")


def test_whoever_has_a_grade_gets_an_empty_one_in_every_item(site: Site) -> None:
    second = site.moodle.create_item(site.course, 13, 35, "Lung", 10)
    site.moodle.write_grade(site.item, site.ana, 5, SERVICE_USER)
    assert site.grades()[str(second), str(site.ana)] == (None, None)
    third = site.moodle.create_item(site.course, 14, 36, "Muscle", 10)
    assert (str(third), str(site.ana)) not in site.grades()
    site.moodle.regrade(site.course)
    assert site.grades()[str(third), str(site.ana)] == (None, None)
    assert not any(user == str(site.ben) for _, user in site.grades())


def test_the_last_unenrolment_takes_the_grades_along(site: Site) -> None:
    moodle = site.moodle
    moodle.write_grade(site.item, site.ana, 5)
    moodle.write_grade(site.item, site.ben, 6)
    moodle.enable_enrol_method(site.course, "self")
    moodle.enrol(site.ana, site.course, method="self")
    moodle.unenrol(site.ana, site.course, method="self")
    assert site.grade(site.ana)[0] == "5.00000"
    site.names()
    moodle.unenrol(site.ana, site.course)
    names = site.names()
    assert names == ["role_unassigned", "grade_deleted", "grade_deleted", "user_enrolment_deleted"]
    moodle.enrol(site.ana, site.course)
    assert site.grades() == {(str(site.item), str(site.ben)): ("6.00000", str(ACTOR))}


def test_a_reset_empties_the_gradebook_and_keeps_its_items(site: Site) -> None:
    site.moodle.write_grade(site.item, site.ana, 5)
    site.moodle.reset_course(site.course)
    book = site.moodle.gradebook(site.course)
    assert ([row["itemname"] for row in book["items"]], book["grades"]) == (["Heart kuraID: 12-34"], [])


def test_a_deleted_course_takes_its_gradebook_along_and_a_restored_one_brings_it_back(site: Site) -> None:
    moodle = site.moodle
    moodle.write_grade(site.item, site.ana, 5, SERVICE_USER)
    moodle.teacher_sets_grade(site.course, site.item, site.ben, 6)
    moodle.lock_item(site.item)
    site.names()
    moodle.delete_course(site.course)
    names = site.names()
    assert names[2:8] == ["grade_deleted", "grade_deleted", "grade_item_deleted"] * 2
    assert list(moodle.site.gradebook) == []
    course = moodle.restore_from_recycle_bin(site.course)
    book = moodle.gradebook(course)
    (item,) = book["items"]
    assert (item["idnumber"], item["locked"] != "0", int(item["id"]) > site.item) == ("12-34", True, True)
    assert site.grades(course) == {
        (item["id"], str(site.ana)): ("5.00000", None),
        (item["id"], str(site.ben)): ("6.00000", None),
    }
    names = site.names()
    assert names[names.index("course_section_updated") + 1 :][:3] == ["grade_item_created"] * 2 + ["course_restored"]


def test_place_weight_category_and_visibility_are_the_teachers(site: Site) -> None:
    moodle = site.moodle
    moodle.move_item(site.item, 7, category="Labs")
    moodle.reweigh_item(site.item, 0.5)
    moodle.hide_item(site.item)
    moodle.rename_item(site.item, "Heart, graded")
    assert site.names() == ["grade_item_updated"] * 4
    moodle.describe_item(site.item, "Heart kuraID: 12-34", 12, SERVICE_USER)
    row = moodle.site.gradebook[site.item]
    assert (row.sortorder, row.category, row.weight, row.hidden) == (7, "Labs", 0.5, True)
    assert moodle.events[-1]["userid"] == str(SERVICE_USER)
    assert site.course in moodle.needs_regrading


def test_a_second_item_of_one_revision_has_no_idnumber_and_a_teachers_own_is_not_kuraclouds(site: Site) -> None:
    moodle = site.moodle
    moodle.create_item(site.course, 12, 34, "A copy", 10)
    moodle.create_other_item(site.course, "My own")
    assert [row["idnumber"] for row in moodle.gradebook(site.course)["items"]] == ["12-34", None]
    found = moodle.site.gradebook.find(site.course, 12, 34)
    assert found is not None
    assert found.id == site.item
    assert [item["itemname"] for item in moodle.state()["grade_items"]] == [
        None,
        "Heart kuraID: 12-34",
        "A copy",
        "My own",
    ]
