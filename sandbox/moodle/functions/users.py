"""Reading accounts and profiles."""

from __future__ import annotations

from typing import Any

from sandbox.moodle import errors
from sandbox.moodle.core import Core
from sandbox.moodle.functions.function import Function, own_course
from sandbox.moodle.functions.parameters import ListOf, Struct, Value
from sandbox.moodle.functions.profile import FIELDS, can_be_seen, in_course, on_site
from sandbox.moodle.records import User
from sandbox.moodle.tables.users import INDEXED

_ONLY_IN_COURSES = "lastcourseaccess"


def _get_users_by_field(moodle: Core, given: dict[str, Any]) -> list[dict[str, Any]]:
    found = _found(moodle, given["field"], given["values"])
    visible = (on_site(moodle, user) for user in found if can_be_seen(moodle, user))
    return [_without_course_access(user) for user in visible]


def _get_course_user_profiles(moodle: Core, given: dict[str, Any]) -> list[dict[str, Any]]:
    profiles = []
    for asked in given["userlist"]:
        user = moodle.site.users.get(asked["userid"])
        if user and not user.deleted:
            course = own_course(moodle, asked["courseid"])
            if can_be_seen(moodle, user):
                profiles.append(_without_course_access(in_course(moodle, user, course, FIELDS)))
    return profiles


def _found(moodle: Core, field: str, values: list[str]) -> list[User]:
    """Deleted users are found by id too (recordings/moodle/ws/users_by_field_deleted.json)."""
    if field == "id":
        ids = sorted({Value("int").clean(value) for value in values})
        return [user for id in ids if (user := moodle.site.users.get(id))]
    if field not in INDEXED:
        raise errors.invalid_parameter("field => Invalid parameter value detected")
    # Nobody is found by an empty e-mail address (recordings/moodle/ws/users_by_field_email_empty.json).
    return moodle.site.users.find(field, [value for value in values if value])


def _without_course_access(user: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in user.items() if name != _ONLY_IN_COURSES}


_PAIR = Struct({"userid": Value("int"), "courseid": Value("int")})
FUNCTIONS = (
    Function(
        "core_user_get_users_by_field",
        Struct({"field": Value("alpha"), "values": ListOf(Value())}),
        _get_users_by_field,
    ),
    Function("core_user_get_course_user_profiles", Struct({"userlist": ListOf(_PAIR)}), _get_course_user_profiles),
)
