"""Holds as a person reads and decides them: who, what, why, before -> after; what became of each; and `--bypass`."""

from __future__ import annotations

from typing import Any

import pytest

from app.store import holds
from tests.fixtures_desk import Desk
from tests.test_cli_terminal import terminal


@pytest.fixture
def crowd(desk: Desk) -> Desk:
    """Ten students in step, read by the plugin."""
    desk.moodle.install_plugin()
    desk.enrol(10)
    desk.map()
    desk.work()
    (hold,) = desk.json("holds", "list")
    desk.done("holds", "approve", str(hold["id"]), "--digest", hold["digest"])
    assert desk.work() == "done"
    return desk


def leave(desk: Desk, number: int) -> list[dict[str, Any]]:
    """So many leave, and their removals wait; who they were."""
    gone = desk.moodle.expected_students(desk.course)[:number]
    for user in gone:
        desk.moodle.unenrol(user["id"], desk.course)
    look(desk)
    return gone


def look(desk: Desk) -> None:
    desk.done("sync", "1")
    assert desk.work() == "done"


def waiting(desk: Desk) -> dict[str, Any]:
    (hold,) = desk.json("holds", "list")
    return dict(hold)


def test_a_hold_says_who_with_address_and_numbers_what_why_and_from_what_to_what(crowd: Desk) -> None:
    students = {student["email"]: student["studentId"] for student in crowd.kura.students(crowd.kura_course)}
    gone = leave(crowd, 3)
    shown = crowd.done("holds", "show", str(waiting(crowd)["id"]))
    assert "Remove (3). Why: More removals within 24 hours than the mapping allows." in shown
    lines = [line.split() for line in shown.splitlines()]
    for user in gone:
        name = [user["firstname"], user["lastname"]]
        ids = [str(user["id"]), str(students[user["email"]])]
        assert [*name, user["email"], *ids, "student", "->", "removed"] in lines


def test_a_hold_is_grouped_by_action_with_the_reasons_of_each(crowd: Desk) -> None:
    crowd.kura.put_student(crowd.kura_course, givenName="By", familyName="Hand", email="byhand@example.edu")
    first = crowd.moodle.expected_students(crowd.course)[-1]
    crowd.moodle.rename_user(first["id"], firstname="Anna")
    crowd.done("mapping", "set", "1", "mode=review")
    leave(crowd, 1)
    shown = crowd.done("holds", "show", str(waiting(crowd)["id"]))
    review = "The mapping is set to review: everything waits for approval."
    assert f"Edit (1). Why: {review}" in shown
    assert "first name: Given10 -> Anna" in shown
    assert f"Remove (1). Why: {review}" in shown
    assert f"Remove unlinked (1). Why: {review} The student is in kuraCloud only" in shown
    assert shown.index("Edit (1)") < shown.index("Remove (1)")


def test_a_changed_address_is_shown_before_and_after(crowd: Desk) -> None:
    user = crowd.moodle.expected_students(crowd.course)[0]
    crowd.moodle.change_email(user["id"], "new@example.edu")
    look(crowd)
    shown = crowd.done("holds", "show", str(waiting(crowd)["id"]))
    assert f"{user['email']} -> new@example.edu" in shown
    assert "Remove and invite anew (1). Why: The address changed: the old account would be deleted and" in shown


def test_an_overtaken_hold_says_by_what(crowd: Desk) -> None:
    leave(crowd, 3)
    first = waiting(crowd)["id"]
    leave(crowd, 1)
    second = waiting(crowd)["id"]
    for user in crowd.moodle.state()["users"]:
        if user["firstname"].startswith("Given"):
            crowd.moodle.enrol(user["id"], crowd.course)
    look(crowd)
    assert crowd.json("holds", "list") == []
    told = {hold["id"]: hold["became"] for hold in crowd.json("holds", "list", "--all")}
    assert told[first] == f"overtaken by hold {second}: what waits has changed"
    assert told[second] == "overtaken: nothing of it waits now"
    assert f"overtaken by hold {second}" in crowd.done("holds", "show", str(first))


def test_a_hold_that_was_decided_says_by_whom(crowd: Desk) -> None:
    leave(crowd, 3)
    hold = waiting(crowd)
    assert hold["became"] == "waits for approval"
    assert (hold["course"], hold["actions"]) == ("Physiology 1", {"remove": 3})
    crowd.done("holds", "reject", str(hold["id"]))
    newest = crowd.json("holds", "list", "--all")[0]
    assert newest["became"].startswith("rejected, decided by cli:")
    assert "What it was about (3)" in crowd.done("holds", "show", str(hold["id"]))
    leave(crowd, 1)
    told = {each["id"]: each["became"] for each in crowd.json("holds", "list", "--all")}
    assert "; last acted on by cli:" in told[hold["id"]]


def test_an_erased_person_s_hold_still_can_be_read(crowd: Desk) -> None:
    leave(crowd, 3)
    hold = waiting(crowd)
    with crowd.kit.database.transaction() as tx:
        found = holds.get(tx, hold["id"])
        assert found is not None
        emptied = [{**item, "who": "", "address": "", "email": ""} for item in found.items]
        tx.execute(holds.holds.update().values(items=emptied))
    assert "student -> removed" in crowd.done("holds", "show", str(hold["id"]))


def test_a_bypass_with_the_digest_that_was_shown_lets_the_next_run_go(crowd: Desk) -> None:
    leave(crowd, 3)
    shown = crowd.done("holds", "show", str(waiting(crowd)["id"]))
    (command,) = [line for line in shown.splitlines() if "--bypass" in line]
    arguments = command.split("`")[1].split()[1:]
    assert "The limits are lifted for the next run." in crowd.done(*arguments)
    assert crowd.work() == "done"
    assert len(crowd.kura.students(crowd.kura_course)) == 7
    newest = crowd.json("holds", "list", "--all")[0]
    assert newest["became"].endswith("(bypass)")


def test_without_a_terminal_a_bypass_says_what_was_looked_at(crowd: Desk) -> None:
    leave(crowd, 3)
    done = crowd.run("sync", "1", "--bypass")
    assert (done.exit_code, "then say --digest" in done.stderr) == (2, True)
    assert crowd.work() == "refused"


def test_a_digest_alone_is_no_bypass(crowd: Desk) -> None:
    leave(crowd, 3)
    done = crowd.run("sync", "1", "--digest", waiting(crowd)["digest"])
    assert (done.exit_code, "give both, or neither" in done.stderr) == (2, True)


def test_a_bypass_of_something_else_is_refused_with_words(crowd: Desk) -> None:
    leave(crowd, 3)
    done = crowd.run("sync", "1", "--bypass", "--digest", "0" * 12)
    assert (done.exit_code, "not what you looked at" in done.stderr) == (1, True)


def test_a_hold_that_no_bypass_would_let_go_does_not_offer_one(desk: Desk) -> None:
    desk.enrol(2)
    desk.map()
    desk.work()
    assert "--bypass" not in desk.done("holds", "show", "1")
    done = desk.run("sync", "1", "--bypass")
    assert (done.exit_code, "approve it instead" in done.stderr) == (1, True)


def test_on_a_terminal_a_bypass_is_shown_and_asked(crowd: Desk) -> None:
    crowd.kura.put_student(crowd.kura_course, givenName="By", familyName="Hand", email="byhand@example.edu")
    leave(crowd, 3)
    with terminal(crowd, "sync", "1", "--bypass") as screen:
        screen.wait_for("whatever it finds? [y/N]")
        assert "1 of these 4 waits for another reason, and goes on waiting." in " ".join(screen.shown.split())
        screen.type("n")
        assert screen.end() == 1
    assert crowd.work() == "refused"
    with terminal(crowd, "sync", "1", "--bypass") as screen:
        screen.wait_for("whatever it finds? [y/N]")
        screen.type("y")
        assert screen.end() == 0
    assert crowd.work() == "done"
    assert len(crowd.kura.students(crowd.kura_course)) == 8
