"""`kurasync plan`, `sync`, `holds` and `runs`: from what would be done to what was done."""

from __future__ import annotations

import threading

from click.testing import Result

from tests.fixtures_desk import Desk


def held(desk: Desk) -> str:
    """A mapping whose first plan waits as hold 1; returns its digest."""
    desk.enrol(2)
    desk.map()
    desk.work()
    return str(desk.json("holds", "show", "1")["digest"])


def test_a_plan_shows_what_would_be_done_and_ends_with_3_when_something_waits(desk: Desk) -> None:
    desk.enrol(2)
    desk.map()
    done = desk.run("plan", "uni:PHY1")
    assert done.exit_code == 3
    assert "Waits for approval (2)" in done.stdout
    assert "Given1 Family1" in done.stdout
    assert "The first plan of a mapping waits for approval." in done.stdout
    assert desk.kura.students(desk.kura_course) == []


def test_a_plan_with_nothing_to_do_ends_with_0(desk: Desk) -> None:
    desk.map()
    assert "In step: nothing to do." in desk.done("plan", "1")


def test_a_plan_in_json_is_nothing_but_json(desk: Desk) -> None:
    desk.map()
    assert desk.json("plan", "1") == {"mapping": 1, "hold": None, "go": [], "held": [], "dropped": [], "conflicts": []}


def test_a_plan_names_the_hold_that_waits(desk: Desk) -> None:
    held(desk)
    assert "kurasync holds show 1" in desk.run("plan", "1").stdout


def test_a_plan_shows_edits_conflicts_and_what_is_left_out(desk: Desk) -> None:
    digest = held(desk)
    desk.done("holds", "approve", "1", "--digest", digest)
    desk.work()
    first, second = (user["id"] for user in desk.moodle.expected_students(desk.course))
    desk.moodle.rename_user(first, firstname="Anna")
    for _ in range(2):
        desk.moodle.enrol(desk.moodle.create_user("Bo", "Lee", "shared@example.edu"), desk.course)
    shown = desk.done("plan", "1")
    assert "first name: Given1 -> Anna" in shown
    assert "Conflicts" in shown
    desk.moodle.set_course_enddate(desk.course, 1)
    desk.moodle.unenrol(second, desk.course)
    assert "the Moodle course is over" in desk.done("plan", "1")


def test_a_plan_of_a_side_that_is_away_ends_with_4(desk: Desk) -> None:
    desk.map()
    desk.kura.server.stop()
    done = desk.run("plan", "1")
    assert done.exit_code == 4
    assert "kuraCloud" in done.stderr
    assert done.stdout == ""


def test_a_roster_that_cannot_be_verified_names_the_cause(desk: Desk) -> None:
    desk.enrol(3)
    desk.map()
    desk.moodle.without("moodle/user:viewdetails")
    done = desk.run("plan", "1")
    assert done.exit_code == 1
    assert "moodle/user:viewdetails" in done.stderr


def test_sync_asks_and_returns(desk: Desk) -> None:
    desk.map()
    assert "runs list --mapping 1" in desk.done("sync", "uni:PHY1")
    assert desk.work() == "done"


def test_sync_with_wait_tells_how_the_run_went(desk: Desk) -> None:
    desk.map()
    said = _waiting(desk)
    assert said.exit_code == 0
    assert "In step: nothing to do." in said.stdout


def test_sync_with_wait_ends_with_3_when_something_waits(desk: Desk) -> None:
    desk.enrol(1)
    desk.map()
    said = _waiting(desk)
    assert said.exit_code == 3
    assert "1 held." in said.stdout
    assert "holds list" in said.stderr


def test_sync_with_wait_ends_with_1_and_the_message_when_the_run_failed(desk: Desk) -> None:
    desk.enrol(2)
    desk.map()
    desk.moodle.without("moodle/user:viewdetails")
    said = _waiting(desk)
    assert said.exit_code == 1
    assert "moodle/user:viewdetails" in said.stderr


def test_sync_with_wait_does_not_wait_for_ever(desk: Desk) -> None:
    desk.map()
    done = desk.run("sync", "1", "--wait", "--timeout", "0.1")
    assert done.exit_code == 1
    assert "Nothing came of it within 0.1 s" in done.stderr
    assert "kurasync doctor" in done.stderr


def test_sync_says_what_is_in_the_way(desk: Desk) -> None:
    desk.map()
    desk.done("mapping", "pause", "1")
    done = desk.run("sync", "1")
    assert done.exit_code == 1
    assert "mapping resume 1" in done.stderr
    desk.done("mapping", "resume", "1")
    desk.moodle.rotate_token("fresh")
    desk.work()
    done = desk.run("sync", "1", "--wait")
    assert done.exit_code == 1
    assert "site uni is parked (invalidtoken)" in done.stderr
    assert "kurasync site test uni" in done.stderr


def test_a_hold_is_shown_with_its_reasons_and_the_digest_that_approves_it(desk: Desk) -> None:
    digest = held(desk)
    assert "2 add and invite" in desk.done("holds", "list")
    shown = desk.done("holds", "show", "1")
    assert "first plan" in shown
    assert f"holds approve 1 --digest {digest[:12]}" in shown


def test_an_approved_hold_is_carried_out(desk: Desk) -> None:
    digest = held(desk)
    assert "Approved hold 1" in desk.done("holds", "approve", "1", "--digest", digest[:12])
    assert desk.json("holds", "list")[0]["state"] == "approved"
    desk.work()
    assert len(desk.kura.students(desk.kura_course)) == 2
    assert desk.json("holds", "list") == []
    (decided,) = desk.json("holds", "list", "--all")
    assert decided["state"] == "applied"
    assert decided["decided_by"].startswith("cli:")


def test_a_stale_digest_is_refused_with_words(desk: Desk) -> None:
    held(desk)
    for digest in ("0" * 64, "0" * 12, ""):
        done = desk.run("holds", "approve", "1", "--digest", digest)
        assert done.exit_code == 1
        assert "not what you looked at" in done.stderr
    assert desk.json("holds", "list")[0]["state"] == "open"


def test_a_few_digits_of_a_digest_are_not_enough(desk: Desk) -> None:
    digest = held(desk)
    assert desk.run("holds", "approve", "1", "--digest", digest[:11]).exit_code == 1


def test_without_a_terminal_an_approval_says_what_was_looked_at(desk: Desk) -> None:
    held(desk)
    done = desk.run("holds", "approve", "1")
    assert done.exit_code == 2
    assert "--digest" in done.stderr


def test_a_hold_that_was_decided_cannot_be_decided_again(desk: Desk) -> None:
    digest = held(desk)
    assert "not asked again until" in desk.done("holds", "reject", "1")
    done = desk.run("holds", "approve", "1", "--digest", digest)
    assert done.exit_code == 1
    assert "was rejected" in done.stderr


def test_an_unknown_hold_is_told(desk: Desk) -> None:
    for verb in ("show", "approve", "reject"):
        done = desk.run("holds", verb, "9")
        assert done.exit_code == 1
        assert "There is no hold 9" in done.stderr


def test_runs_are_listed_and_shown_with_their_plan(desk: Desk) -> None:
    held(desk)
    (line,) = desk.json("runs", "list", "--mapping", "uni:PHY1")
    assert (line["outcome"], line["message"], line["counts"]) == ("done", "2 held.", {"held": 2})
    assert len(desk.json("runs", "show", "1")["plan"]["held"]) == 2
    assert "Waits for approval (2)" in desk.done("runs", "show", "1")
    assert desk.json("runs", "list", "--outcome", "dead") == []
    assert "no such run" in desk.done("runs", "list", "--outcome", "dead")


def test_an_unknown_run_is_told(desk: Desk) -> None:
    done = desk.run("runs", "show", "9")
    assert done.exit_code == 1
    assert "There is no run 9" in done.stderr


def test_an_outcome_that_no_run_has_is_a_usage_error(desk: Desk) -> None:
    assert desk.run("runs", "list", "--outcome", "splendid").exit_code == 2


def _waiting(desk: Desk) -> Result:
    """`sync 1 --wait`, while a worker takes a turn as soon as it was asked for."""
    worker = threading.Thread(target=desk.work_when_asked)
    worker.start()
    said = desk.run("sync", "1", "--wait", "--timeout", "20")
    worker.join()
    return said
