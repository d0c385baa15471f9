"""Who can get grades in a course: the quick stock roster (contracts/moodle.md 2)."""

from __future__ import annotations

from typing import Any

from sandbox.moodle.core import Core
from sandbox.moodle.errors import plain
from sandbox.moodle.functions.function import Function, own_course
from sandbox.moodle.functions.parameters import Struct, Value
from sandbox.moodle.functions.profile import image, whole
from sandbox.moodle.records import Course

GRADEBOOK_ROLE = "student"
"""Every role of this archetype is a gradebook role."""


def _get_gradable_users(moodle: Core, given: dict[str, Any]) -> dict[str, Any]:
    course = own_course(moodle, given["courseid"])
    moodle.rights.require("moodle/course:viewparticipants")
    if course.id in moodle.needs_regrading:
        raise plain("gradesneedregrading", "grades/gradesneedregrading")
    onlyactive = given["onlyactive"] or not moodle.rights.allow("moodle/course:viewsuspendedusers")
    return {"users": _users(moodle, course, given["groupid"], onlyactive), "warnings": []}


def _users(moodle: Core, course: Course, groupid: int, onlyactive: bool) -> list[dict[str, Any]]:
    site, now, large = moodle.site, moodle.now(), image(moodle, "f1")
    group = site.groups.get(groupid)
    graded = (
        site.users[id]
        for id in site.enrolments.user_ids(course.id)
        if site.roles.has_archetype(course.context, id, GRADEBOOK_ROLE)
        and (not groupid or (group and id in group.members))
        and (not onlyactive or site.enrolments.is_active(course.id, id, now))
    )
    shown = ({**whole(moodle, user), "profileimageurlsmall": large} for user in graded)
    return [{name: value for name, value in user.items() if name != "lastcourseaccess"} for user in shown]


FUNCTIONS = (
    Function(
        "core_grades_get_gradable_users",
        Struct({"courseid": Value("int"), "groupid": Value("int", 0), "onlyactive": Value("bool", False)}),
        _get_gradable_users,
    ),
)
