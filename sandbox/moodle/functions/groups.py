"""Reading groups and their members."""

from __future__ import annotations

from typing import Any

from sandbox.moodle import errors
from sandbox.moodle.core import Core
from sandbox.moodle.functions.function import Function, existing_course, is_accessible, own_course
from sandbox.moodle.functions.parameters import ListOf, Struct, Value
from sandbox.moodle.records import Group
from sandbox.moodle.state import SERVICE_USER


def _get_course_groups(moodle: Core, given: dict[str, Any]) -> list[dict[str, Any]]:
    _require_managing(moodle, given["courseid"])
    return [_shown(group) for group in moodle.site.groups.of_course(given["courseid"])]


def _get_group_members(moodle: Core, given: dict[str, Any]) -> list[dict[str, Any]]:
    answer = []
    for id in given["groupids"]:
        group = moodle.site.groups.get(id)
        if not group:
            raise errors.missing_record("groups", id)
        _require_managing(moodle, group.courseid)
        answer.append({"groupid": id, "userids": list(group.members)})
    return answer


def _get_course_user_groups(moodle: Core, given: dict[str, Any]) -> dict[str, Any]:
    course, userid = own_course(moodle, given["courseid"]), given["userid"]
    if not moodle.site.enrolments.is_enrolled(course.id, userid):
        return {"groups": [], "warnings": [_warning(course.id, "notenrolled", userid, "is not enrolled in")]}
    if not moodle.rights.allow("moodle/course:managegroups"):
        warning = _warning(course.id, "cannotmanagegroups", SERVICE_USER, "cannot manage groups in")
        return {"groups": [], "warnings": [warning]}
    groups = moodle.site.groups.of_user(course.id, userid)
    return {"groups": [_of_user(group) for group in groups], "warnings": []}


def _require_managing(moodle: Core, courseid: int) -> None:
    """Unlike others, these functions wrap a missing course too (recordings/moodle/ws/course_groups_missing.json)."""
    if courseid not in moodle.site.courses:
        raise errors.course_context(courseid, "Invalid parameter value detected")
    if not is_accessible(moodle, existing_course(moodle, courseid)):
        raise errors.course_context(courseid, errors.INACCESSIBLE)
    moodle.rights.require("moodle/course:managegroups")


def _shown(group: Group) -> dict[str, Any]:
    described = {"id": group.id, "courseid": group.courseid, "name": group.name, "description": ""}
    settings = {"descriptionformat": 0, "enrolmentkey": None, "idnumber": group.idnumber, "visibility": 0}
    return {**described, **settings, "participation": group.participation}


def _of_user(group: Group) -> dict[str, Any]:
    named = {"id": group.id, "name": group.name, "description": "", "descriptionformat": 0}
    return {**named, "idnumber": group.idnumber, "courseid": group.courseid}


def _warning(courseid: int, code: str, userid: int, what: str) -> dict[str, Any]:
    message = f"User {userid} {what} course {courseid}"
    return {"item": "course", "itemid": courseid, "warningcode": code, "message": message}


FUNCTIONS = (
    Function("core_group_get_course_groups", Struct({"courseid": Value("int")}), _get_course_groups),
    Function("core_group_get_group_members", Struct({"groupids": ListOf(Value("int"))}), _get_group_members),
    Function(
        "core_group_get_course_user_groups",
        Struct({"courseid": Value("int", 0), "userid": Value("int", 0)}),
        _get_course_user_groups,
    ),
)
