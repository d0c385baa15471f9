"""Reading who is enrolled: core_enrol_get_enrolled_users and its sister (contracts/moodle.md 2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

from sandbox.moodle import errors
from sandbox.moodle.core import Core
from sandbox.moodle.functions.function import Function, entered_course
from sandbox.moodle.functions.parameters import ListOf, Struct, Value
from sandbox.moodle.functions.profile import FIELDS, asked_fields, can_be_seen, in_course
from sandbox.moodle.records import SEPARATE_GROUPS, Course, User

_OPTIONS = ListOf(Struct({"name": Value("alphanumext"), "value": Value()}), default=())
_SORTED_BY: dict[str, Callable[[User], Any]] = {
    "id": lambda user: user.id,
    "firstname": lambda user: user.firstname,
    "lastname": lambda user: user.lastname,
    "siteorder": lambda user: (user.lastname, user.firstname, user.id),
}
_VALUES = (
    *("id", "username", "firstname", "lastname", "fullname", "email", "address", "phone1", "phone2", "department"),
    *("institution", "idnumber", "interests", "firstaccess", "lastaccess", "lastcourseaccess", "description"),
    *("descriptionformat", "city", "country", "profileimageurlsmall", "profileimageurl"),
)
_LISTS = ("customfields", "groups", "roles", "preferences", "enrolledcourses")
_RETURNED = {**dict.fromkeys(_VALUES, False), **dict.fromkeys(_LISTS, True)}
"""In the order of recordings/moodle/ws/err_default_format_xml.json."""


@dataclass(slots=True)
class _Options:
    """The options as texts; "" where not given."""

    withcapability: str = ""
    groupid: str = ""
    onlyactive: str = ""
    onlysuspended: str = ""
    userfields: str = ""
    limitfrom: str = ""
    limitnumber: str = ""
    sortby: str = "id"
    sortdirection: str = "ASC"

    @classmethod
    def given(cls, options: list[dict[str, str]]) -> _Options:
        """The options of a request; Moodle takes no notice of names it does not know."""
        known = {field.name for field in fields(cls)}
        return cls(**{option["name"]: option["value"] for option in options if option["name"] in known})

    def check(self) -> None:
        """Raise what Moodle raises for values it refuses."""
        if self.sortby not in _SORTED_BY:
            raise errors.invalid_parameter(f"Invalid value for sortby parameter (value: {self.sortby})")
        if self.sortdirection.upper() not in ("ASC", "DESC"):
            raise errors.invalid_parameter(f"Invalid value for sortdirection parameter (value: {self.sortdirection})")

    @property
    def fields(self) -> Sequence[str]:
        """The user fields to show."""
        return asked_fields(self.userfields) if self.userfields else FIELDS


def _get_enrolled_users(moodle: Core, given: dict[str, Any]) -> list[dict[str, Any]]:
    options = _Options.given(given["options"])
    options.check()
    course = entered_course(moodle, given["courseid"])
    return _shown(moodle, course, options)


def _get_enrolled_users_with_capability(moodle: Core, given: dict[str, Any]) -> list[dict[str, Any]]:
    answer = []
    for asked in given["coursecapabilities"]:
        course = entered_course(moodle, asked["courseid"])
        for capability in asked["capabilities"]:
            options = _Options.given(given["options"])
            options.withcapability = capability
            users = [_without_formats(user) for user in _shown(moodle, course, options)]
            answer.append({"courseid": course.id, "capability": capability, "users": users})
    return answer


def _shown(moodle: Core, course: Course, options: _Options) -> list[dict[str, Any]]:
    _require_rights(moodle, options)
    if _is_blind(moodle, course):
        return []
    wanted = options.fields
    page = _page(_sorted(_selected(moodle, course, options), options), options)
    # The page is cut out before anybody is hidden: that is why pages come back short (contracts/moodle.md 2).
    visible = (in_course(moodle, user, course, wanted) for user in page if can_be_seen(moodle, user))
    return [{name: value for name, value in user.items() if name in _RETURNED} for user in visible]


def _require_rights(moodle: Core, options: _Options) -> None:
    if options.withcapability:
        moodle.rights.require("moodle/role:review")
    if _number(options.groupid):
        moodle.rights.require("moodle/site:accessallgroups")
    if _number(options.onlyactive) or _number(options.onlysuspended):
        moodle.rights.require("moodle/course:enrolreview")
    if _number(options.onlyactive) and _number(options.onlysuspended):
        raise errors.coding("Both onlyactive and onlysuspended are set, this is probably not what you want!")


def _is_blind(moodle: Core, course: Course) -> bool:
    return course.groupmode == SEPARATE_GROUPS and not moodle.rights.allow("moodle/site:accessallgroups")


def _selected(moodle: Core, course: Course, options: _Options) -> Iterator[User]:
    site, now = moodle.site, moodle.now()
    ids = iter(site.enrolments.user_ids(course.id))
    if group := _number(options.groupid):
        members = site.groups[group].members if site.groups.get(group) else {}
        ids = (id for id in ids if id in members)
    if _number(options.onlyactive):
        ids = (id for id in ids if site.enrolments.is_active(course.id, id, now))
    if _number(options.onlysuspended):
        ids = (id for id in ids if not site.enrolments.is_active(course.id, id, now))
    if capability := options.withcapability:
        ids = (id for id in ids if site.roles.allow(course.context, id, capability))
    return (site.users[id] for id in ids)


def _sorted(users: Iterator[User], options: _Options) -> Iterator[User]:
    descending = options.sortdirection.upper() == "DESC"
    if options.sortby == "id" and not descending:
        return users
    return iter(sorted(users, key=_SORTED_BY[options.sortby], reverse=descending))


def _page(users: Iterator[User], options: _Options) -> Iterator[User]:
    start, length = _number(options.limitfrom), _number(options.limitnumber)
    return islice(users, start, start + length if length else None)


def _number(text: str) -> int:
    """As PHP makes a number of a text: the digits it begins with, else 0."""
    digits = re.match(r"\s*\d+", text)
    return int(digits[0]) if digits else 0


def _without_formats(user: dict[str, Any]) -> dict[str, Any]:
    if "groups" not in user:
        return user
    groups = [{name: value for name, value in row.items() if name != "descriptionformat"} for row in user["groups"]]
    return {**user, "groups": groups}


_COURSE_CAPABILITIES = ListOf(Struct({"courseid": Value("int"), "capabilities": ListOf(Value("capability"))}))
FUNCTIONS = (
    Function(
        "core_enrol_get_enrolled_users",
        Struct({"courseid": Value("int"), "options": _OPTIONS}),
        _get_enrolled_users,
        _RETURNED,
    ),
    Function(
        "core_enrol_get_enrolled_users_with_capability",
        Struct({"coursecapabilities": _COURSE_CAPABILITIES, "options": _OPTIONS}),
        _get_enrolled_users_with_capability,
    ),
)
