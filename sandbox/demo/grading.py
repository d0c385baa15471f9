"""The afternoon: what is graded in kuraCloud arrives in Moodle's gradebook, and what a teacher does there stays."""

from __future__ import annotations

from sandbox.demo.stage import Stage

_SHOWN = 5  # rows of the gradebook


def first_grades(stage: Stage) -> None:
    """Each graded lesson is a column, each student's points are in it."""
    stage.tell.scene("Afternoon: two lessons have been graded in kuraCloud")
    for title, maximums in (("Heart rate", {"q1": 6.0, "q2": 4.0}), ("Spirometry", {"q1": 20.0})):
        stage.kura.grade_everybody(stage.kura_course, stage.publish(title, maximums))
    _sync(stage)
    number = len(stage.gradebook())
    in_step = number > 0 and stage.gradebook() == stage.points()
    stage.tell.check(in_step, f"{number} grades are in Moodle's gradebook, as in kuraCloud")
    _show_gradebook(stage)


def a_teachers_grade(stage: Stage) -> None:
    """A grade that a person changed in Moodle is hers: left alone, listed, and overwritten once she hands it back."""
    stage.tell.scene("A teacher changes a grade in Moodle, and kuraCloud another one")
    item = stage.moodle.gradebook(stage.course)["items"][0]
    first, second = stage.moodle.expected_students(stage.course)[:2]
    revision = int(item["itemnumber"])
    stage.moodle.teacher_sets_grade(stage.course, int(item["id"]), first["id"], 9.5)
    stage.kura.set_grade(stage.kura_course, revision, stage.studentid_of(second["email"]), {"q1": 6.0, "q2": 4.0})
    _sync(stage)
    hers, theirs = (str(first["email"]), str(revision)), (str(second["email"]), str(revision))
    stage.tell.check(stage.gradebook()[theirs] == 10.0, "the new grade is in Moodle")
    stage.tell.check(stage.gradebook()[hers] == 9.5, "the teacher's grade is still there, and listed")
    newest = stage.service.read("runs", "list", "--kind", "grades", "--limit", "1")[0]
    stage.tell.show(stage.service.command("runs", "show", str(newest["id"])))
    stage.tell.say("She does not want to keep it, and hands it back.")
    stage.service.command("hand-back", stage.mapping, "--all", "--yes")
    stage.wait("Moodle's gradebook is as kuraCloud's again", lambda: stage.gradebook() == stage.points())


def _sync(stage: Stage) -> None:
    for line in stage.service.command("grades", stage.mapping, "--wait").splitlines():
        stage.tell.say(f"kurasync: {line}")


def _show_gradebook(stage: Stage) -> None:
    grades, items = stage.gradebook(), stage.moodle.gradebook(stage.course)["items"]
    students = stage.moodle.expected_students(stage.course)
    rows = [
        [
            f"{each['firstname']} {each['lastname']}",
            *(f"{grades[str(each['email']), item['itemnumber']]:g} of {float(item['grademax']):g}" for item in items),
        ]
        for each in students[:_SHOWN]
    ]
    more = [f"and {len(students) - _SHOWN} more", *("" for _ in items)]
    stage.tell.table(["Moodle's gradebook", *(item["itemname"] for item in items)], [*rows, more])
