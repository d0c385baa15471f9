"""One function of the web service, and the checks that several of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.moodle import errors
from sandbox.moodle.actions.gradebook import GradebookActions
from sandbox.moodle.core import Core
from sandbox.moodle.functions.parameters import Struct
from sandbox.moodle.records import Course


@dataclass(frozen=True, slots=True)
class Function:
    """`run` gets the simulator and the checked parameters, and gives what goes into the JSON answer.

    `returns` are the keys of each row of a list, True for those that are lists themselves: XML shows missing ones too.
    """

    name: str
    parameters: Struct
    run: Callable[[GradebookActions, dict[str, Any]], Any]
    returns: dict[str, bool] = field(default_factory=dict)


def existing_course(moodle: Core, courseid: int) -> Course:
    """The course of this id; raises invalidrecord."""
    course = moodle.site.courses.get(courseid)
    if not course:
        raise errors.missing_record("course", courseid)
    return course


def is_accessible(moodle: Core, course: Course) -> bool:
    """Whether the service user may enter a course (recordings/moodle/capabilities.json)."""
    may = moodle.rights.allow
    return may("moodle/course:view") and (course.visible or may("moodle/course:viewhiddencourses"))


def entered_course(moodle: Core, courseid: int) -> Course:
    """The course, entered by the service user; raises invalidrecord or errorcoursecontextnotvalid."""
    course = existing_course(moodle, courseid)
    if not is_accessible(moodle, course):
        raise errors.course_context(courseid, errors.INACCESSIBLE)
    return course


def own_course(moodle: Core, courseid: int) -> Course:
    """As `entered_course`, for functions that do not wrap the refusal: requireloginerror."""
    course = existing_course(moodle, courseid)
    if not is_accessible(moodle, course):
        raise errors.login_required()
    return course
