"""What the functions of our plugin have in common: they name the capabilities that the caller lacks."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.moodle.core import Core
from sandbox.moodle.functions.function import existing_course
from sandbox.moodle.records import Course

Needed = Sequence[str | tuple[str, ...]]
"""Capabilities; of a tuple one is enough."""


def course_and_missing(moodle: Core, courseid: int, needed: Needed) -> tuple[Course, list[str]]:
    """The course, and what the service user lacks for it; raises invalidrecord."""
    course = existing_course(moodle, courseid)
    entry = ["moodle/course:view"] + ([] if course.visible else ["moodle/course:viewhiddencourses"])
    return course, missing(moodle, [*needed, *entry])


def missing(moodle: Core, needed: Needed) -> list[str]:
    """What the service user lacks, of a tuple the first."""
    choices = [(each,) if isinstance(each, str) else each for each in needed]
    return [choice[0] for choice in choices if not any(map(moodle.rights.allow, choice))]


def may_get_grades(moodle: Core, course: Course) -> list[int]:
    """Users with an active enrolment and a gradebook role in the course or above it, by id."""
    site, now = moodle.site, moodle.now()
    return [
        id
        for id in site.enrolments.user_ids(course.id)
        if site.enrolments.is_active(course.id, id, now)
        and not site.users[id].deleted
        and site.roles.has_archetype(course.context, id, "student")
    ]
