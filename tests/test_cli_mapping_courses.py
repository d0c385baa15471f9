"""`kurasync mapping repoint`, `check` and what is said of courses that go and come back."""

from __future__ import annotations

from typing import Any

import pytest

from app.store import mappings, worklist
from sandbox.faults import Fault
from tests.fixtures_desk import Desk


@pytest.fixture
def mapped(desk: Desk) -> Desk:
    """Mapping 1, with two students in step."""
    desk.enrol(2)
    desk.map()
    desk.work()
    approve(desk)
    return desk


def approve(desk: Desk) -> None:
    (hold,) = desk.json("holds", "list")
    desk.done("holds", "approve", str(hold["id"]), "--digest", hold["digest"])
    desk.work()


def checks(desk: Desk) -> tuple[int, dict[str, Any]]:
    done = desk.run("mapping", "check", "1")
    lines = [line.partition(": ") for line in done.stdout.splitlines()]
    return done.exit_code, {name[6:]: (name[:4].strip(), words) for name, _, words in lines}


def suspended(desk: Desk) -> int:
    """The course is deleted and came back; the new one's number."""
    desk.moodle.delete_course(desk.course)
    new: int = desk.moodle.restore_from_recycle_bin(desk.course)
    with desk.kit.database.transaction() as tx:
        mappings.set_restored(tx, 1, new)
        worklist.want(tx, desk.kit.database.now(tx), {(1, "roster"): ()}, quiet=0.0, cap=0.0, urgent=True)
    assert desk.work() == "parked"
    return new


# Repoint


def test_it_says_what_a_repoint_means_and_asks(mapped: Desk) -> None:
    mapped.kura.add_course("Physiology, new", "PHN", lmsEnabled=False)
    done = mapped.run("mapping", "repoint", "1", "--kuracloud", "kura:PHN")
    assert done.exit_code == 2
    assert "gets the kuraCloud course Physiology, new" in done.stderr
    assert "The students of Physiology stay there, and people can edit them again." in done.stderr
    assert "The students of Physiology, new can no longer be edited in kuraCloud." in done.stderr
    assert "users and students are matched anew" in done.stderr
    assert "say --yes" in done.stderr
    assert mapped.json("mapping", "show", "1")["kura_course_name"] == "Physiology"


def test_a_mapping_is_pointed_to_another_kuracloud_course(mapped: Desk) -> None:
    other = mapped.kura.add_course("Physiology, new", "PHN", lmsEnabled=False)
    said = mapped.done("mapping", "repoint", "1", "--kuracloud", "kura:PHN", "--yes")
    assert "Mapping 1 is pointed there: Physiology 1 -> Physiology, new." in said
    assert "waits for your approval" in said
    assert "was not switched off" not in said
    assert mapped.kura.courses[other].lms_enabled
    assert not mapped.kura.courses[mapped.kura_course].lms_enabled
    shown = mapped.json("mapping", "show", "1")
    assert (shown["started"], shown["links"]) == (False, 0)
    mapped.work()
    assert mapped.json("holds", "list")[0]["actions"] == {"add and invite": 2}


def test_a_repoint_wants_to_know_where_to(mapped: Desk) -> None:
    for arguments, words in {
        (): "--moodle SITE:COURSE",
        ("--moodle", "PHY2"): "SITE:COURSE, for example uni:PHY1",
        ("--kuracloud", "PHN"): "INSTANCE:COURSE, for example kura:PHY",
    }.items():
        done = mapped.run("mapping", "repoint", "1", *arguments, "--yes")
        assert done.exit_code == 2
        assert words in done.stderr


def test_a_former_course_that_is_gone_needs_force_and_it_is_said_what_was_not_done(mapped: Desk) -> None:
    mapped.kura.add_course("Physiology, new", "PHN", lmsEnabled=False)
    mapped.kura.remove_course(mapped.kura_course)
    done = mapped.run("mapping", "repoint", "1", "--kuracloud", "kura:PHN", "--yes")
    assert done.exit_code == 1
    assert "--force" in done.stderr
    said = mapped.done("mapping", "repoint", "1", "--kuracloud", "kura:PHN", "--yes", "--force")
    assert "lmsEnabled was not switched off" in said


def test_a_course_that_came_back_is_offered_by_list_show_and_doctor_and_taken(mapped: Desk) -> None:
    new = suspended(mapped)
    (line,) = mapped.json("mapping", "list")
    assert (line["state"], line["reason"]) == ("suspended", "course_gone")
    offer = f"`kurasync mapping repoint 1 --moodle uni:{new}` goes on with that one."
    assert offer in mapped.json("mapping", "show", "1")["obstacle"]
    assert offer in mapped.run("doctor").stdout
    done = mapped.run("mapping", "repoint", "1", "--moodle", f"uni:{new}")
    assert "as which its own came back" in done.stderr
    assert "links of users and students stay as they are" in done.stderr
    mapped.done("mapping", "repoint", "1", "--moodle", f"uni:{new}", "--yes")
    assert mapped.work() == "done"
    assert "held" not in str(mapped.json("mapping", "show", "1")["last_message"])
    assert mapped.json("mapping", "list")[0]["state"] == "idle"


def test_a_command_that_was_broken_off_says_so_until_it_is_run_again(mapped: Desk) -> None:
    with mapped.kit.database.transaction() as tx:
        worklist.pause(tx, 1, "repointing")
    why = mapped.json("mapping", "show", "1")["obstacle"]
    assert "`kurasync mapping repoint 1` was broken off" in why
    assert "`kurasync mapping repoint 1` was broken off" in mapped.run("doctor").stdout
    mapped.done("mapping", "resume", "1")
    assert mapped.work() == "done"


# Remove


def test_a_removal_tells_what_can_be_done_in_kuracloud_afterwards(mapped: Desk) -> None:
    said = mapped.done("mapping", "remove", "1", "--yes")
    assert "The students keep their accounts" in said
    assert "delete them by hand" in said
    assert "the course itself can be deleted again" in said


# Check


def test_a_mapping_that_is_all_right(mapped: Desk) -> None:
    code, found = checks(mapped)
    assert code == 0
    assert {name: state for name, (state, _) in found.items()} == {
        "roster": "ok",
        "grades": "ok",
        "Moodle course": "ok",
        "Moodle students": "ok",
        "gradebook": "note",
        "kuraCloud course": "ok",
        "lmsEnabled": "ok",
        "kuraCloud students": "ok",
    }
    assert found["Moodle students"][1].startswith("2 student(s) (roles of the archetype student)")
    assert found["kuraCloud students"][1] == "2 student(s), and 0 deleted; 2 linked."


def test_a_check_writes_nothing_anywhere(mapped: Desk) -> None:
    mapped.kura.calls.clear()
    mapped.kura.set_course(mapped.kura_course, lmsEnabled=False)
    code, found = checks(mapped)
    assert code == 1
    assert found["lmsEnabled"][0] == "fail"
    assert {call.name.partition(" ")[0] for call in mapped.kura.calls} == {"GET"}


def test_with_the_plugin_the_gradebook_is_read_too(mapped: Desk) -> None:
    mapped.moodle.install_plugin()
    _, found = checks(mapped)
    assert found["gradebook"] == ("ok", "Can be read whole: 0 column(s) of kuraCloud's.")
    assert "with the plugin local_kurasync" in found["Moodle students"][1]


def test_a_first_plan_and_a_hold_that_wait_are_told(desk: Desk) -> None:
    desk.enrol(1)
    desk.map()
    desk.work()
    code, found = checks(desk)
    assert code == 0
    assert "Nothing was approved yet" in found["first plan"][1]
    assert "Hold 1 waits" in desk.done("mapping", "check", "1")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (("roles=auditor",), "0 student(s) (roles auditor), read whole"),
        (("capability=mod/quiz:attempt",), "(capability mod/quiz:attempt)"),
    ],
)
def test_by_what_students_are_known_is_told(mapped: Desk, rules: tuple[str, ...], words: str) -> None:
    mapped.done("mapping", "set", "1", *rules)
    _, found = checks(mapped)
    assert words in found["Moodle students"][1]


def test_nobody_in_a_course_is_worth_a_word(desk: Desk) -> None:
    desk.map()
    code, found = checks(desk)
    assert code == 0
    assert found["Moodle students"][0] == "warn"
    assert "mapping set 1 roles=" in found["Moodle students"][1]


@pytest.mark.parametrize(("freeze", "words"), [("yes", "nobody is removed any more"), ("no", "removed all the same")])
def test_a_course_that_is_over_is_told(mapped: Desk, freeze: str, words: str) -> None:
    mapped.done("mapping", "set", "1", f"freeze={freeze}")
    mapped.moodle.set_course_enddate(mapped.course, 1_600_000_000)
    _, found = checks(mapped)
    assert found["course end"][0] == "note"
    assert "over since 2020-09-13" in found["course end"][1]
    assert words in found["course end"][1]


def test_what_fails_on_one_side_keeps_nobody_from_looking_at_the_other(mapped: Desk) -> None:
    mapped.moodle.delete_course(mapped.course)
    code, found = checks(mapped)
    assert code == 1
    assert found["Moodle"][0] == "fail"
    assert found["kuraCloud students"][0] == "ok"
    mapped.kura.faults.add(Fault("status", match="GET", status=503))
    assert checks(mapped)[1]["kuraCloud"][0] == "fail"


def test_links_that_point_to_nobody_are_counted(mapped: Desk) -> None:
    course = mapped.kura.courses[mapped.kura_course]
    with mapped.kit.database.transaction() as tx:
        tx.exec_driver_sql("UPDATE links SET studentid = studentid + 5000")
    assert course.lms_enabled
    _, found = checks(mapped)
    assert found["kuraCloud students"][0] == "warn"
    assert "2 link(s) point to nobody" in found["kuraCloud students"][1]


def test_a_mapping_that_rests_is_told_with_the_way_out(mapped: Desk) -> None:
    mapped.done("mapping", "pause", "1")
    code, found = checks(mapped)
    assert (code, found["roster"][0]) == (0, "warn")
    assert "`kurasync mapping resume 1`" in found["roster"][1]


def test_checks_are_json_for_programs(mapped: Desk) -> None:
    found = mapped.json("mapping", "check", "1")
    assert {each["state"] for each in found} <= {"ok", "note"}
    assert found[0].keys() == {"name", "state", "message"}
