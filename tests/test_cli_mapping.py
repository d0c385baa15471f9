"""`kurasync mapping`: what it takes to map a course, and to give it up again."""

from __future__ import annotations

import os

from app.store import audit, worklist
from sandbox.faults import Fault
from sandbox.kuracloud.sim import SimKuraCloud
from sandbox.moodle.sim import SimMoodle
from tests.fixtures_desk import Desk


def add(desk: Desk, moodle: str = "uni:PHY1", kuracloud: str = "kura:PHY", *more: str) -> tuple[int, str]:
    done = desk.run("mapping", "add", moodle, kuracloud, *more)
    return done.exit_code, done.output


def test_it_maps_two_courses_by_short_name_and_code(desk: Desk) -> None:
    desk.connect()
    code, said = add(desk)
    assert code == 0
    assert "Physiology 1 (uni:PHY1) -> Physiology (kura:PHY)" in said
    assert "no longer be edited there" in said
    assert "the first plan waits for approval" in said
    assert desk.kura.courses[desk.kura_course].lms_enabled


def test_it_maps_two_courses_by_their_numbers(desk: Desk) -> None:
    desk.connect()
    assert add(desk, f"uni:{desk.course}", f"kura:{desk.kura_course}")[0] == 0
    (line,) = desk.json("mapping", "list")
    assert (line["moodle"], line["kuracloud"]) == (f"uni:{desk.course}", f"kura:{desk.kura_course}")


def test_it_maps_two_courses_by_their_full_names(desk: Desk) -> None:
    desk.connect()
    assert add(desk, "uni:Physiology 1", "kura:Physiology")[0] == 0


def test_switching_lms_enabled_on_has_two_audit_rows(desk: Desk) -> None:
    desk.map()
    with desk.kit.database.reading() as tx:
        begun, ended = reversed(audit.search(tx, system="kuracloud"))
    assert (begun.operation, begun.phase, begun.subject["lmsEnabled"]) == ("set_lms_enabled", "begin", True)
    assert (ended.phase, ended.outcome) == ("end", "done")


def test_a_write_whose_answer_is_lost_is_unknown_in_the_audit_log_and_nothing_is_mapped(desk: Desk) -> None:
    desk.connect()
    desk.kura.faults.add(Fault("reset_after", match="PUT", times=1))
    code, said = add(desk)
    assert code == 4
    assert "broke off" in said
    with desk.kit.database.reading() as tx:
        assert audit.search(tx, system="kuracloud")[0].outcome == "unknown"
    assert desk.json("mapping", "list") == []
    assert add(desk)[0] == 0


def test_the_first_look_is_due_at_once(desk: Desk) -> None:
    desk.enrol(2)
    desk.map()
    assert desk.work() == "done"
    (hold,) = desk.json("holds", "list")
    assert hold["actions"] == {"add and invite": 2}


def test_a_moodle_course_that_does_not_exist_is_told_with_those_that_come_near(desk: Desk) -> None:
    desk.connect()
    code, said = add(desk, "uni:PHYS1")
    assert code == 1
    assert "uni has no course 'PHYS1'" in said
    assert "Did you mean PHY1" in said


def test_the_front_page_of_moodle_is_no_course(desk: Desk) -> None:
    desk.connect()
    assert "has no course '1'" in add(desk, "uni:1")[1]


def test_a_kuracloud_course_that_does_not_exist_is_told_with_those_that_come_near(desk: Desk) -> None:
    desk.connect()
    code, said = add(desk, "uni:PHY1", "kura:PHI")
    assert code == 1
    assert "kura has no active course 'PHI'" in said
    assert f"Did you mean {desk.kura_course} (Physiology)" in said


def test_a_code_that_several_courses_have_is_ambiguous(desk: Desk) -> None:
    desk.connect()
    other = desk.kura.add_course("Physiology, evening", "PHY", lmsEnabled=False)
    code, said = add(desk)
    assert code == 1
    assert f"{desk.kura_course} (Physiology), {other} (Physiology, evening)" in said
    assert "Give the number" in said


def test_a_moodle_name_that_several_courses_have_is_ambiguous(desk: Desk) -> None:
    desk.connect()
    desk.moodle.create_course("Physiology 1", "PHY1B")
    code, said = add(desk, "uni:Physiology 1")
    assert code == 1
    assert "PHY1B" in said


def test_a_moodle_course_is_mapped_once(desk: Desk) -> None:
    desk.map()
    desk.kura.add_course("Pharmacology", "PHA", lmsEnabled=False)
    code, said = add(desk, "uni:PHY1", "kura:PHA")
    assert code == 1
    assert "Moodle course Physiology 1 is mapped already, by mapping 1" in said
    assert not desk.kura.courses[desk.kura_course + 1].lms_enabled


def test_a_kuracloud_course_is_mapped_once(desk: Desk) -> None:
    desk.map()
    desk.moodle.create_course("Physiology 2", "PHY2")
    code, said = add(desk, "uni:PHY2", "kura:PHY")
    assert code == 1
    assert "kuraCloud course Physiology is mapped already, by mapping 1" in said


def test_one_instance_for_two_sites_needs_to_be_said(desk: Desk) -> None:
    desk.map()
    desk.kura.add_course("Pharmacology", "PHA", lmsEnabled=False)
    with SimMoodle.serving() as second:
        second.create_course("Pharmacology 1", "PHA1")
        desk.done("site", "add", "test", second.url, "--token-file", "-", typed=second.token)
        code, said = add(desk, "test:PHA1", "kura:PHA")
        assert code == 1
        assert "serves the site uni already" in said
        assert "token of its own" in said
        assert add(desk, "test:PHA1", "kura:PHA", "--shared")[0] == 0


def test_without_a_colon_it_is_a_usage_error(desk: Desk) -> None:
    code, said = add(desk, "PHY1")
    assert code == 2
    assert "SITE:COURSE, for example uni:PHY1" in said


def test_unknown_connections_are_told(desk: Desk) -> None:
    desk.connect()
    assert "Sites: uni." in add(desk, "other:PHY1")[1]
    assert "Instances: kura." in add(desk, "uni:PHY1", "other:PHY")[1]


def test_a_mapping_is_found_by_its_number_and_by_every_name_of_its_course(desk: Desk) -> None:
    desk.map()
    for name in ("1", f"uni:{desk.course}", "uni:PHY1", "uni:Physiology 1"):
        assert desk.json("mapping", "show", name)["id"] == 1


def test_names_that_no_mapping_has_are_told(desk: Desk) -> None:
    desk.map()
    for name, words in {
        "2": "There is no mapping 2",
        "uni:PHY9": "'PHY9' of uni is not mapped",
        "uni:99": "'99' of uni is not mapped",
        "PHY1": "names no mapping: give its number, or site:course",
        "other:PHY1": "no site called 'other'",
    }.items():
        done = desk.run("mapping", "show", name)
        assert done.exit_code == 1
        assert words in done.stderr


def test_a_name_that_two_mapped_courses_have_is_ambiguous(desk: Desk) -> None:
    desk.map()
    twin = desk.moodle.create_course("Physiology 1", "PHY1B")
    desk.kura.add_course("Pharmacology", "PHA", lmsEnabled=False)
    assert add(desk, f"uni:{twin}", "kura:PHA")[0] == 0
    done = desk.run("mapping", "show", "uni:Physiology 1")
    assert done.exit_code == 1
    assert "mappings 1, 2. Give the number" in done.stderr


def test_it_shows_how_a_mapping_stands(desk: Desk) -> None:
    desk.enrol(2)
    desk.map()
    desk.work()
    found = desk.json("mapping", "show", "1")
    assert found["state"] == "idle"
    assert found["hold"] == 1
    assert found["last_message"] == "2 held."
    assert found["obstacle"] is None
    shown = desk.done("mapping", "show", "1")
    assert "first plan approved  no" in shown
    assert "2 held." in shown


def test_it_shows_conflicts(desk: Desk) -> None:
    desk.map()
    for name in ("Ana", "Bo"):
        desk.moodle.enrol(desk.moodle.create_user(name, "Lee", "shared@example.edu"), desk.course)
    desk.work()
    assert len(desk.json("mapping", "show", "1")["conflicts"]) == 1
    assert "Conflicts (1)" in desk.done("mapping", "show", "1")


def test_rules_are_shown_with_their_defaults_and_set(desk: Desk) -> None:
    desk.map()
    assert "removals_share" in desk.done("mapping", "set", "1")
    lines = {line["rule"]: line for line in desk.json("mapping", "set", "1", "mode=review", "roles=student,auditor")}
    assert (lines["mode"]["value"], lines["mode"]["default"]) == ("review", "auto")
    assert lines["roles"]["value"] == ["student", "auditor"]
    lines = {line["rule"]: line for line in desk.json("mapping", "set", "1", "--default", "mode")}
    assert lines["mode"]["value"] == "auto"
    assert lines["roles"]["value"] == ["student", "auditor"]


def test_setting_a_rule_leads_to_another_look(desk: Desk) -> None:
    desk.map()
    desk.work()
    desk.done("mapping", "set", "1", "mode=review")
    assert desk.json("mapping", "list")[0]["state"] == "wanted"


def test_a_rule_that_does_not_fit_is_a_usage_error(desk: Desk) -> None:
    desk.map()
    for text, words in {
        "mode=sometimes": "one of auto, review",
        "modus=auto": "no rule of a mapping",
        "removals_most=many": "removals_most",
        "mode": "RULE=VALUE",
    }.items():
        done = desk.run("mapping", "set", "1", text)
        assert done.exit_code == 2, text
        assert words in done.stderr
    done = desk.run("mapping", "set", "1", "--default", "modus")
    assert done.exit_code == 2
    assert "modus" in done.stderr


def test_a_paused_mapping_rests_until_it_is_resumed(desk: Desk) -> None:
    desk.map()
    assert "mapping resume 1" in desk.done("mapping", "pause", "1")
    assert desk.work() != "done"
    assert desk.json("mapping", "list")[0]["state"] == "paused"
    desk.done("mapping", "resume", "1")
    assert desk.work() == "done"


def test_a_mapping_that_does_not_rest_is_not_resumed(desk: Desk) -> None:
    desk.map()
    done = desk.run("mapping", "resume", "1")
    assert done.exit_code == 1
    assert "neither paused nor parked" in done.stderr


def test_a_mapping_parked_without_lms_integration_is_resumed_with_it(desk: Desk) -> None:
    desk.map()
    with desk.kit.database.transaction() as tx:
        worklist.park(tx, [1], "course_gone")
    desk.kura.set_course(desk.kura_course, lmsEnabled=False)
    desk.done("mapping", "resume", "1")
    assert desk.kura.courses[desk.kura_course].lms_enabled
    assert desk.work() == "done"


def test_removing_a_mapping_gives_its_students_back_and_keeps_them(desk: Desk) -> None:
    student = desk.kura.put_student(desk.kura_course, givenName="Ana", familyName="Lee", email="ana@example.edu")
    desk.map()
    done = desk.run("mapping", "remove", "1")
    assert done.exit_code == 2
    assert "Remove mapping 1: Physiology 1 -> Physiology?" in done.stderr
    assert "Removed mapping 1" in desk.done("mapping", "remove", "1", "--yes")
    assert not desk.kura.courses[desk.kura_course].lms_enabled
    assert [each["studentId"] for each in desk.kura.students(desk.kura_course)] == [student]
    assert desk.json("mapping", "list") == []
    with desk.kit.database.reading() as tx:
        assert audit.search(tx, system="kuracloud")[0].subject == {}
        assert audit.search(tx, system="kuracloud")[1].subject["lmsEnabled"] is False


def test_a_course_that_is_not_active_has_to_be_restored_first(desk: Desk) -> None:
    desk.map()
    desk.kura.remove_course(desk.kura_course)
    done = desk.run("mapping", "remove", "1", "--yes")
    assert done.exit_code == 1
    assert "restore it first" in done.stderr
    assert "--force" in done.stderr
    assert desk.json("mapping", "list")[0]["state"] == "wanted"
    assert "not switched off" in desk.done("mapping", "remove", "1", "--yes", "--force")
    assert desk.json("mapping", "list") == []


def test_a_mapping_that_was_paused_stays_so_when_it_cannot_be_removed(desk: Desk) -> None:
    desk.map()
    desk.done("mapping", "pause", "1")
    desk.kura.remove_course(desk.kura_course)
    assert desk.run("mapping", "remove", "1", "--yes").exit_code == 1
    assert desk.json("mapping", "list")[0]["state"] == "paused"


def test_a_mapping_is_not_removed_under_the_hands_of_a_run(desk: Desk) -> None:
    desk.map()
    with desk.kit.database.transaction() as tx:
        now = desk.kit.database.now(tx)
        assert worklist.claim(tx, now, 1, "roster", f"test:{os.getpid()}:0:0", 60.0, 2)
    done = desk.run("mapping", "remove", "1", "--yes")
    assert done.exit_code == 1
    assert "A run is at work" in done.stderr


def test_lms_integration_stays_on_while_another_mapping_shares_the_course(desk: Desk) -> None:
    desk.map()
    desk.kura.rotate_token("second")
    with SimMoodle.serving() as second:
        second.create_course("Physiology, trial", "PHYT")
        desk.done("site", "add", "test", second.url, "--token-file", "-", typed=second.token)
        arguments = ("instance", "add", "trial", "--url", desk.kura.url, "--shared", "--token-file", "-")
        desk.done(*arguments, typed="second")
        assert "mapped already" in add(desk, "test:PHYT", "trial:PHY")[1]
        assert add(desk, "test:PHYT", "trial:PHY", "--shared")[0] == 0
        assert "not switched off" in desk.done("mapping", "remove", "2", "--yes")
    assert desk.kura.courses[desk.kura_course].lms_enabled


def test_names_from_other_systems_cannot_move_the_cursor(desk: Desk) -> None:
    desk.connect()
    with SimKuraCloud.serving():
        desk.moodle.rename_course(desk.course, "Physio\x1b[2Jlogy")
    assert "\x1b" not in add(desk)[1] + desk.done("mapping", "list")
