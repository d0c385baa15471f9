"""Courses that are not mapped can be searched, and those that probably belong together are found by their names."""

from __future__ import annotations

from app.setup.candidates import Ours, Theirs, pairs
from app.store import instances
from sandbox.faults import Fault
from schemas.kuracloud import Course as KuraCourse
from schemas.moodle import Course as MoodleCourse
from tests.fixtures_desk import Desk


def ours(number: int, shortname: str, fullname: str, site: str = "uni") -> Ours:
    return Ours(site, MoodleCourse(number, fullname, shortname, True, 0, 0))


def theirs(number: int, code: str, name: str) -> Theirs:
    return Theirs("kura", KuraCourse(number, name, code, False))


def found(here: list[Ours], there: list[Theirs]) -> list[tuple[int, int, str]]:
    return [(each.ours.course.id, each.theirs.course.course_id, each.why) for each in pairs(here, there)]


def test_the_short_name_and_the_code_say_more_than_the_names() -> None:
    here = [ours(1, "BIO", "Chemistry"), ours(2, "CHEM", "Biology")]
    there = [theirs(11, "bio ", "Biology"), theirs(12, "chem", "Chemistry")]
    why = "same short name and code"
    assert found(here, there) == [(1, 11, why), (2, 12, why)]


def test_names_are_compared_without_regard_to_case_and_spaces() -> None:
    assert found([ours(1, "A", "Human  Physiology")], [theirs(11, "", "human physiology ")]) == [(1, 11, "same name")]


def test_a_short_name_may_be_the_name_in_kuracloud() -> None:
    assert found([ours(1, "PHY 101", "Physiology")], [theirs(11, "", "PHY 101")]) == [(1, 11, "short name is the name")]
    assert found([ours(1, "P", "PHY 101")], [theirs(11, "PHY 101", "Q")]) == [(1, 11, "name is the code")]


def test_a_name_that_occurs_twice_says_nothing() -> None:
    twice = [ours(1, "A", "Physiology"), ours(2, "B", "Physiology")]
    assert found(twice, [theirs(11, "", "Physiology")]) == []
    assert found(twice[:1], [theirs(11, "", "Physiology"), theirs(12, "", "Physiology")]) == []
    assert found(twice, [theirs(11, "B", "Physiology")]) == [(2, 11, "same short name and code")]


def test_courses_without_a_name_belong_to_nothing() -> None:
    assert found([ours(1, "", "")], [theirs(11, "", "")]) == []


def test_mapped_courses_are_not_listed_and_pairs_can_be_imported(desk: Desk) -> None:
    desk.map()
    second = desk.moodle.create_course("Anatomy", "ANA")
    kura_second = desk.kura.add_course("Anatomy of the heart", "ANA", lmsEnabled=False)
    lonely = desk.kura.add_course("Chemistry", "", lmsEnabled=True)
    listed = desk.json("mapping", "candidates")
    assert [each["moodle"] for each in listed["moodle"]] == [f"uni:{second}"]
    assert [each["kuracloud"] for each in listed["kuracloud"]] == [f"kura:{kura_second}", f"kura:{lonely}"]
    said = desk.done("mapping", "candidates")
    assert "Probably belong together (1)" in said
    assert "same short name and code" in said
    content = desk.done("mapping", "candidates", "--csv")
    assert "1 to add." in desk.done("mapping", "import", "-", "--yes", typed=content)
    assert desk.json("mapping", "candidates")["likely"] == []


def test_a_course_is_searched_by_any_of_its_names_on_one_side_or_both(desk: Desk) -> None:
    desk.connect()
    desk.moodle.create_course("Anatomy", "ANA")
    assert [each["shortname"] for each in desk.json("mapping", "candidates", "--search", "anat")["moodle"]] == ["ANA"]
    only = desk.json("mapping", "candidates", "--search", "physiology", "--site", "uni", "--instance", "kura")
    assert (len(only["moodle"]), len(only["kuracloud"])) == (1, 1)
    assert "no course that is not mapped" in desk.done("mapping", "candidates", "--search", "zoology")
    assert "no site called" in desk.run("mapping", "candidates", "--site", "elsewhere").output


def test_a_side_that_cannot_be_asked_leaves_the_other(desk: Desk) -> None:
    desk.connect()
    desk.kura.faults.add(Fault("status", status=503))
    done = desk.run("mapping", "candidates")
    assert (done.exit_code, "kura could not be asked" in done.output, "PHY1" in done.output) == (0, True, True)


def test_a_course_mapped_by_another_connection_to_its_instance_is_not_listed(desk: Desk) -> None:
    desk.map()
    with desk.kit.database.transaction() as tx:
        known = instances.every(tx)[0]
        shown = {"remote_id": known.remote_id, "display_name": known.display_name}
        instances.add(tx, desk.kit.database.now(tx), name="again", url=known.url, token=known.token, **shown)
    assert desk.json("mapping", "candidates")["kuracloud"] == []
