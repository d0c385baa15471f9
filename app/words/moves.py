"""What pointing a mapping to other courses means, in words."""

from __future__ import annotations

from app.setup.repointing import Move


def title(move: Move) -> str:
    """Which mapping it is."""
    before = move.mapping
    return f"Mapping {before.id}: {before.course_name} -> {before.kura_course_name}"


def lines(move: Move) -> list[str]:
    """What becomes of it, a sentence or two a line."""
    return [*_courses(move), _links(move)]


def _courses(move: Move) -> list[str]:
    before, to, told = move.mapping, move.to, []
    if not move.same_gradebook:
        back = ", as which its own came back" if move.returned else ""
        told.append(f"gets the Moodle course {to.course_name} ({to.courseid}){back}.")
    if not move.same_students:
        told.append(f"gets the kuraCloud course {to.kura_course_name} ({to.kura_courseid}).")
        told.append(f"The students of {before.kura_course_name} stay there, and people can edit them again.")
        told.append(f"The students of {to.kura_course_name} can no longer be edited in kuraCloud.")
    elif to.theirs != before.courses.theirs:
        told.append("reaches its kuraCloud course by another connection.")
    return told


def _links(move: Move) -> str:
    kept = move.same_users and move.same_students
    return (
        f"Its links of users and students {'stay as they are' if kept else 'end: users and students are matched anew'}."
    )
