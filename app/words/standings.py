"""How it stands with students and grades, in the words of pages; and both sides of a mapping, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.planning.standing import GradeStanding, GradeWord, Standing, Word
from app.store.readings import Stored
from app.words.grades_plan import points

STUDENTS: Mapping[Word, str] = {
    "in_step": "in step",
    "invited": "invited",
    "pending": "not looked at yet",
    "waiting": "waits for approval",
    "conflict": "conflict",
    "refused": "refused",
    "left_out": "left out",
    "only_in_kuracloud": "only in kuraCloud",
}
"""The standings of students, as people read them."""

GRADES: Mapping[GradeWord, str] = {
    "in_step": "in step",
    "pending": "not looked at yet",
    "waiting": "waits for approval",
    "changed_in_moodle": "changed in Moodle",
    "locked": "locked in Moodle",
    "not_linked": "not linked",
    "not_in_export": "not in the export",
    "doubtful": "doubtful",
    "refused": "refused",
    "left_out": "left out",
}
"""The standings of grades, as people read them."""

STUDENT_TITLES = {
    "name": "student",
    "moodle": "in Moodle",
    "kuracloud": "in kuraCloud",
    "standing": "how it stands",
    "message": "why",
    "actions": "actions",
}
GRADE_TITLES = {
    "name": "student",
    "value": "in kuraCloud",
    "shown": "in Moodle",
    "standing": "where it is",
    "message": "why",
}


def side_by_side(found: Sequence[Standing], read: Stored | None) -> Iterator[dict[str, Any]]:
    """Each student with what either side has of her, as it was read; None: that side has her not."""
    ours = {each["userid"]: each for each in read.members} if read else {}
    theirs = {each["studentid"]: each for each in read.students} if read else {}
    for each in found:
        yield {
            "name": each.name,
            "userid": each.userid,
            "studentid": each.studentid,
            "moodle": _ours(ours.get(each.userid)),
            "kuracloud": _theirs(theirs.get(each.studentid)),
            "standing": each.standing,
            "message": each.message,
        }


def grade_line(each: GradeStanding) -> dict[str, Any]:
    """Where one student's grade is, and why."""
    return {
        "name": each.name,
        "userid": each.userid,
        "studentid": each.studentid,
        "value": points(each.value),
        "shown": points(each.shown),
        "standing": each.standing,
        "message": each.message,
    }


def _ours(member: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if member is None:
        return None
    name = f"{member['firstname']} {member['lastname']}".strip()
    return {"name": name, "email": member["email"], "number": member["idnumber"], "section": member["section"]}


def _theirs(student: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if student is None:
        return None
    name = f"{student['given_name']} {student['family_name']}".strip()
    number = student["external_student_id"]
    return {"name": name, "email": student["email"], "number": number, "section": student["section"]}
