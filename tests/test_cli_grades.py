"""`kurasync grades`, `plan --grades` and `hand-back`: from kuraCloud's grades to Moodle's gradebook, by command."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from click.testing import Result

from app.store import audit, worklist
from tests.fixtures_desk import Desk
from tests.fixtures_processes import wait_until
from tests.test_cli_terminal import terminal


@dataclass
class Class:
    """A mapped course of two students, Moodle user ids in `users`, with the lesson revision `Heart` of 10 points."""

    desk: Desk
    users: list[int]
    lesson: int
    revision: int

    def grade(self, user: int, points: float | None) -> None:
        """Grade a student in kuraCloud."""
        emails = {each["id"]: each["email"] for each in self.desk.moodle.expected_students(self.desk.course)}
        studentids = {each["email"]: each["studentId"] for each in self.desk.kura.students(self.desk.kura_course)}
        self.desk.kura.set_grade(
            self.desk.kura_course, self.revision, studentids[emails[user]], {"q1": points, "q2": None}
        )

    def sync(self) -> Result:
        """`grades 1 --wait`, while a worker takes turns."""
        return self.while_working("grades", "1", "--wait", "--timeout", "20")

    def while_working(self, *arguments: str) -> Result:
        """A command, while a worker takes turns at the grades."""
        over = threading.Event()
        worker = threading.Thread(target=self._work_until, args=(over,))
        worker.start()
        try:
            return self.desk.run(*arguments)
        finally:
            over.set()
            worker.join()

    def _work_until(self, over: threading.Event) -> None:
        while not over.wait(0.02):
            self.desk.work(kind="grades")

    def review(self) -> None:
        """From now on everything is held."""
        self.desk.done("mapping", "set", "1", "mode=review")
        self.desk.work()

    def book(self) -> dict[str, str | None]:
        """Moodle's gradebook: user -> grade."""
        rows = self.desk.moodle.gradebook(self.desk.course)["grades"]
        return {row["userid"]: row["finalgrade"] for row in rows}

    def change_by_hand(self, user: int, points: float) -> None:
        """A teacher changes a grade in Moodle."""
        (item,) = self.desk.moodle.gradebook(self.desk.course)["items"]
        self.desk.moodle.teacher_sets_grade(self.desk.course, int(item["id"]), user, points)


@pytest.fixture
def graded(desk: Desk) -> Class:
    desk.moodle.install_plugin()
    desk.kura.set_export(polls=0)
    desk.enrol(2)
    desk.map()
    desk.work()
    desk.done("holds", "approve", "1", "--digest", desk.json("holds", "show", "1")["digest"])
    desk.work()
    lesson = desk.kura.add_lesson(desk.kura_course, "The heart")
    revision = desk.kura.add_revision(desk.kura_course, lesson, "Heart", {"q1": 10, "q2": 0})
    made = Class(desk, [each["id"] for each in desk.moodle.expected_students(desk.course)], lesson, revision)
    made.grade(made.users[0], 7.5)
    return made


def test_without_the_plugin_grades_fail_at_once_and_say_what_to_do(desk: Desk) -> None:
    desk.map()
    for command in (("grades", "1"), ("grades", "1", "--wait"), ("plan", "1", "--grades")):
        done = desk.run(*command)
        assert done.exit_code == 1
        assert "docs/moodle-plugin.md" in done.stderr
    with desk.kit.database.reading() as tx:
        assert worklist.get(tx, 1, "grades") is None


def test_grades_are_asked_for_and_the_command_returns(graded: Class) -> None:
    assert "runs list --mapping 1" in graded.desk.done("grades", "uni:PHY1")
    assert graded.desk.work_on_grades() == "done"
    assert graded.book() == {str(graded.users[0]): "7.50000"}


def test_grades_with_wait_tell_how_the_run_went(graded: Class) -> None:
    done = graded.sync()
    assert done.exit_code == 0
    assert "1 column made, 1 grade written." in done.stdout
    assert "Grades are in step: nothing to do." in graded.sync().stdout


def test_waiting_for_grades_says_what_is_waited_for(graded: Class) -> None:
    graded.desk.kura.set_export(polls=10_000)
    worker = threading.Thread(target=lambda: wait_until(lambda: graded.desk.work(kind="grades") == "later"))
    worker.start()
    done = graded.desk.run("grades", "1", "--wait", "--timeout", "3")
    worker.join()
    assert done.exit_code == 1
    assert "kuraCloud is preparing the export of grades." in done.stderr
    (run,) = graded.desk.json("runs", "list", "--kind", "grades")
    assert (run["outcome"], run["reason"]) == ("later", "export_pending")


def test_an_export_that_was_asked_for_before_is_not_what_is_waited_for(graded: Class) -> None:
    kura = graded.desk.kura
    kura.set_export(polls=None)
    graded.desk.done("grades", "1")
    assert graded.desk.work(kind="grades") == "later"
    graded.grade(graded.users[0], 9)
    for export in kura.exports.values():
        export.polls = 0
    kura.set_export(polls=0)
    done = graded.sync()
    assert "1 grade written." in done.stdout
    assert graded.book() == {str(graded.users[0]): "9.00000"}
    later, earlier = graded.desk.json("runs", "list", "--kind", "grades", "--outcome", "done")
    assert (earlier["reason"], later["reason"]) == ("earlier_export", "")
    assert f"Run {later['id']}:" in done.stdout


def test_a_failed_export_ends_the_wait_with_1_and_its_words(graded: Class) -> None:
    graded.desk.kura.set_export(polls=0, fails=True)
    done = graded.sync()
    assert done.exit_code == 1
    assert "kuraCloud could not export the grades" in done.stderr


def test_a_plan_of_grades_says_what_who_and_from_what_to_what(graded: Class) -> None:
    shown = graded.desk.done("plan", "1", "--grades")
    assert "Goes ahead (2):" in shown
    lines = [line.split() for line in shown.splitlines()]
    assert ["make", "the", "column", "Heart", "not", "there", "->", "of", "10"] in lines
    assert ["write", "Given1", "Family1", str(graded.users[0]), "Heart", "-", "->", "7.5"] in lines
    assert graded.book() == {}
    assert "Grades are in step: nothing to do." in [graded.sync(), graded.desk.done("plan", "1", "--grades")][1]


def test_a_plan_of_grades_in_json_is_nothing_but_json(graded: Class) -> None:
    plan = graded.desk.json("plan", "1", "--grades")
    assert [each["action"] for each in plan["go"]] == ["column_add", "grade_set"]
    assert (plan["mapping"], plan["hold"], plan["held"], plan["left"]) == (1, None, [], [])


def test_what_is_left_to_a_person_is_listed_with_both_grades_and_the_reason(graded: Class) -> None:
    graded.sync()
    graded.change_by_hand(graded.users[0], 9.25)
    done = graded.sync()
    assert "1 left as it is." in done.stdout
    number = graded.desk.json("runs", "list", "--kind", "grades")[0]["id"]
    assert f"runs show {number}" in done.stdout
    for shown in (graded.desk.done("runs", "show", str(number)), graded.desk.done("plan", "1", "--grades")):
        assert "Left as it is (1). Why: somebody changed the grade in Moodle" in shown
        assert ["Given1", "Family1", "Heart", "9.25", "7.5"] in [line.split() for line in shown.splitlines()]
    assert graded.book() == {str(graded.users[0]): "9.25000"}


def test_grades_of_a_student_who_is_linked_to_nobody_are_listed_by_her_number(graded: Class) -> None:
    guest = graded.desk.kura.put_student(graded.desk.kura_course, email="guest@example.edu")
    graded.desk.kura.set_grade(graded.desk.kura_course, graded.revision, guest, {"q1": 3, "q2": None})
    shown = graded.desk.done("plan", "1", "--grades")
    assert "the kuraCloud student is linked to nobody in Moodle" in shown
    assert f"kuraCloud student {guest}" in shown


def test_a_hold_of_grades_is_shown_and_approved_like_any_other(graded: Class) -> None:
    graded.sync()
    graded.review()
    graded.grade(graded.users[0], 3)
    done = graded.sync()
    assert done.exit_code == 3
    (hold,) = graded.desk.json("holds", "list")
    assert (hold["kind"], hold["actions"]) == ("grades", {"lower": 1})
    shown = graded.desk.done("holds", "show", str(hold["id"]))
    assert "Lower (1). Why: The mapping is set to review: everything waits for approval." in shown
    line = ["Given1", "Family1", str(graded.users[0]), "Heart", "7.5", "->", "3"]
    assert line in [line.split() for line in shown.splitlines()]
    assert graded.book() == {str(graded.users[0]): "7.50000"}
    graded.desk.done("holds", "approve", str(hold["id"]), "--digest", hold["digest"])
    assert graded.desk.work_on_grades() == "done"
    assert graded.book() == {str(graded.users[0]): "3.00000"}
    assert graded.desk.json("holds", "list") == []


def test_a_rejected_hold_of_grades_is_not_asked_again(graded: Class) -> None:
    graded.sync()
    graded.review()
    graded.grade(graded.users[0], 3)
    graded.sync()
    graded.desk.done("holds", "reject", str(graded.desk.json("holds", "list")[0]["id"]))
    graded.sync()
    assert graded.desk.json("holds", "list") == []
    assert graded.book() == {str(graded.users[0]): "7.50000"}


def test_a_grade_that_is_handed_back_is_overwritten(graded: Class) -> None:
    graded.sync()
    graded.change_by_hand(graded.users[0], 9.25)
    graded.sync()
    said = graded.desk.done("hand-back", "1", "--all", "--yes")
    assert ["Given1", "Family1", "Heart", "9.25", "7.5"] in [line.split() for line in said.splitlines()]
    assert "Handed back: 1." in said
    assert graded.desk.work_on_grades() == "done"
    assert graded.book() == {str(graded.users[0]): "7.50000"}
    assert "no such grade" in graded.desk.done("hand-back", "1", "--all", "--yes")


def test_only_the_grades_that_were_named_are_handed_back(graded: Class) -> None:
    first, second = graded.users
    graded.grade(second, 5)
    graded.sync()
    for user in (first, second):
        graded.change_by_hand(user, 1)
    graded.sync()
    desk, column = graded.desk, f"{graded.lesson}-{graded.revision}"
    assert desk.json("hand-back", "1", "--column", "1-1", "--yes") == []
    assert desk.json("hand-back", "1", "--user", "999", "--yes") == []
    given = desk.json("hand-back", "1", "--user", str(second), "--column", column, "--yes")
    assert [each["userid"] for each in given] == [second]
    assert desk.work_on_grades() == "done"
    assert graded.book() == {str(first): "1.00000", str(second): "5.00000"}


def test_handing_back_is_written_down(graded: Class) -> None:
    graded.sync()
    graded.change_by_hand(graded.users[0], 9.25)
    graded.sync()
    graded.desk.done("hand-back", "1", "--all", "--yes")
    with graded.desk.kit.database.reading() as tx:
        rows = audit.search(tx, operation="hand_back")[::-1]
    assert [(row.phase, row.system, row.outcome) for row in rows] == [
        ("begin", "kurasync", None),
        ("end", "kurasync", "done"),
    ]
    column = [graded.lesson, graded.revision]
    assert rows[0].subject == {"records": [{"column": column, "userid": graded.users[0], "shown": 9.25}]}


def test_handing_back_says_which_grades(graded: Class) -> None:
    assert graded.desk.run("hand-back", "1", "--yes").exit_code == 2
    done = graded.desk.run("hand-back", "1", "--column", "Heart", "--yes")
    assert done.exit_code == 2
    assert "LESSON-REVISION" in done.stderr


def test_handing_back_is_asked_for(graded: Class) -> None:
    graded.sync()
    graded.change_by_hand(graded.users[0], 9.25)
    graded.sync()
    assert "say --yes" in graded.desk.run("hand-back", "1", "--all").stderr
    with terminal(graded.desk, "hand-back", "1", "--all", columns=80) as shown:
        shown.wait_for("Let kuraCloud overwrite this grade in Moodle? [y/N]")
        shown.type("n")
        assert shown.end() == 1
    assert "Nothing was changed." in shown.shown
    assert "1 left as it is." in graded.sync().stdout


def test_a_mapping_shows_how_its_grades_stand(graded: Class) -> None:
    shown = graded.desk.json("mapping", "show", "1")
    assert (shown["grades_state"], shown["grades_last_run"], shown["grades_hold"]) == ("idle", None, None)
    graded.sync()
    shown = graded.desk.json("mapping", "show", "1")
    assert (shown["grades_last_outcome"], shown["grades_last_message"]) == ("done", "1 column made, 1 grade written.")
    assert shown["last_message"] != shown["grades_last_message"]
    lines = [line.split() for line in graded.desk.done("mapping", "show", "1").splitlines()]
    assert ["grades", "idle"] in lines


def test_the_rules_of_grades_can_be_set(graded: Class) -> None:
    lines = graded.desk.json("mapping", "set", "1", "grades_every=3600", "grades_losses_share=0.5")
    rules = {line["rule"]: (line["value"], line["default"]) for line in lines}
    assert (rules["grades_every"], rules["grades_losses_share"]) == ((3600, 21600), (0.5, 0.2))
    assert rules["grades_losses_least"] == (5, 5)
    assert graded.desk.json("mapping", "show", "1")["settings"] == {"grades_every": 3600, "grades_losses_share": 0.5}
    assert graded.desk.run("mapping", "set", "1", "grades_every=soon").exit_code == 2


def test_sites_show_the_plugin_that_grades_need(desk: Desk) -> None:
    desk.connect()
    assert desk.json("site", "list")[0]["plugin"] is None
    assert "grades cannot be written" in desk.done("site", "test", "uni")
    desk.moodle.install_plugin()
    assert "local_kurasync 0.4.0" in desk.done("site", "test", "uni")
    assert desk.json("site", "list")[0]["plugin"] == desk.json("site", "test", "uni")["plugin"]


def test_the_doctor_says_what_stops_grades_alone(graded: Class, redis_url: str) -> None:
    graded.desk.environ["KURASYNC_REDIS_URL"] = redis_url
    graded.sync()
    graded.review()
    graded.grade(graded.users[0], 3)
    graded.sync()
    (hold,) = graded.desk.json("holds", "list")
    said = graded.desk.run("doctor").stdout
    assert f"mapping 1 grades: Hold {hold['id']} waits for a person" in said
    assert "ok    mapping 1: " in said
