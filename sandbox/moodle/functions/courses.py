"""Reading courses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.moodle import errors
from sandbox.moodle.core import Core
from sandbox.moodle.functions.function import Function, entered_course, is_accessible
from sandbox.moodle.functions.parameters import ListOf, Struct, Value
from sandbox.moodle.functions.profile import active_courses
from sandbox.moodle.records import ENABLED, Course

_FILTERS = ("displayh5p", "activitynames", "mathjaxloader", "emoticon", "urltolink", "mediaplugin")
_DESCRIPTION = {"summary": "", "summaryformat": 0, "showactivitydates": False, "showcompletionconditions": True}
_MATCHES: dict[str, Callable[[Course, str], bool]] = {
    "": lambda course, value: True,
    "id": lambda course, value: str(course.id) == value,
    "ids": lambda course, value: str(course.id) in value.split(","),
    "shortname": lambda course, value: course.shortname == value,
    "idnumber": lambda course, value: course.idnumber == value,
    "category": lambda course, value: str(course.category) == value,
}


def _get_courses_by_field(moodle: Core, given: dict[str, Any]) -> dict[str, Any]:
    """A missing course is an empty list, no error (contracts/moodle.md 1)."""
    matches = _MATCHES.get(given["field"])
    if not matches:
        raise errors.invalid_parameter("field => Invalid parameter value detected")
    found = [course for course in moodle.site.courses.values() if matches(course, given["value"])]
    sees_hidden = moodle.rights.allow("moodle/course:viewhiddencourses")
    visible = [course for course in found if course.visible or sees_hidden]
    return {"courses": [_by_field(moodle, course) for course in visible], "warnings": []}


def _get_courses(moodle: Core, given: dict[str, Any]) -> list[dict[str, Any]]:
    """An unknown id is left out, a course that can't be entered is an error."""
    ids = given["options"]["ids"] if given["options"] else None
    wanted = moodle.site.courses if ids is None else [id for id in ids if id in moodle.site.courses]
    return [_short(entered_course(moodle, id)) for id in wanted]


def _get_users_courses(moodle: Core, given: dict[str, Any]) -> list[dict[str, Any]]:
    user = moodle.site.users.get(given["userid"])
    courses = active_courses(moodle, user) if user else []
    return [_of_user(moodle, course, given["returnusercount"]) for course in courses if is_accessible(moodle, course)]


def _named(course: Course) -> dict[str, Any]:
    return {"id": course.id, "shortname": course.shortname, "fullname": course.fullname, "displayname": course.fullname}


def _dates(course: Course) -> dict[str, Any]:
    return {"format": "topics", "startdate": course.startdate, "enddate": course.enddate}


def _short(course: Course) -> dict[str, Any]:
    return {**_named(course), "categoryid": course.category, **_DESCRIPTION, **_dates(course)}


def _by_field(moodle: Core, course: Course) -> dict[str, Any]:
    """Without moodle/course:view only what the course catalogue shows."""
    public = {**_named(course), **_DESCRIPTION, **_catalogue(moodle, course)}
    return {**public, **_dates(course), **_settings(course)} if is_accessible(moodle, course) else public


def _catalogue(moodle: Core, course: Course) -> dict[str, Any]:
    category = moodle.site.categories[course.category]
    place = {"categoryid": category.id, "categoryname": category.name, "sortorder": 10000 + course.id}
    methods = [row.enrol for row in moodle.site.enrolments.instances_of(course.id) if row.status == ENABLED]
    people = {"contacts": _contacts(moodle, course), "enrollmentmethods": list(dict.fromkeys(methods))}
    return {**place, "courseimage": _image(moodle, course), "summaryfiles": [], "overviewfiles": [], **people}


def _settings(course: Course) -> dict[str, Any]:
    zeros = ("maxbytes", "showreports", "groupmodeforce", "defaultgroupingid", "enablecompletion", "completionnotify")
    texts: dict[str, Any] = {"lang": "", "theme": "", "marker": 0, "showgrades": 1, "newsitems": 1}
    options = [("hiddensections", 1), ("coursedisplay", 0), ("indentation", "1")]
    return {
        **dict.fromkeys(zeros, 0),
        **texts,
        "visible": int(course.visible),
        "groupmode": course.groupmode,
        "filters": [{"filter": name, "localstate": 0, "inheritedstate": 1} for name in _FILTERS],
        "courseformatoptions": [{"name": name, "value": value} for name, value in options],
    }


def _of_user(moodle: Core, course: Course, with_count: bool) -> dict[str, Any]:
    count = {"enrolledusercount": len(moodle.site.enrolments.user_ids(course.id))} if with_count else {}
    flags = ("enablecompletion", "completionhascriteria", "completionusertracked", "isfavourite", "hidden")
    more = {"idnumber": course.idnumber, "category": course.category, "lang": "", "marker": 0, "overviewfiles": []}
    return {
        **_named(course),
        **_DESCRIPTION,
        **_dates(course),
        **count,
        **more,
        **dict.fromkeys(flags, False),
        **dict.fromkeys(("progress", "completed", "lastaccess"), None),
        "visible": int(course.visible),
        "showgrades": True,
        "courseimage": _image(moodle, course),
        "timemodified": course.timemodified,
    }


def _contacts(moodle: Core, course: Course) -> list[dict[str, Any]]:
    roles = moodle.site.roles
    teachers = (id for id in roles.holders(course.context) if roles.has_archetype(course.context, id, "editingteacher"))
    return [{"id": id, "fullname": moodle.site.users[id].fullname} for id in teachers]


def _image(moodle: Core, course: Course) -> str:
    return f"{moodle.wwwroot}/pluginfile.php/{course.context.id}/course/generated/course.svg"


_IDS = Struct({"ids": ListOf(Value("int"), None)}, default=None)
FUNCTIONS = (
    Function(
        "core_course_get_courses_by_field",
        Struct({"field": Value("alpha", ""), "value": Value("raw", "")}),
        _get_courses_by_field,
    ),
    Function("core_course_get_courses", Struct({"options": _IDS}), _get_courses),
    Function(
        "core_enrol_get_users_courses",
        Struct({"userid": Value("int"), "returnusercount": Value("bool", True)}),
        _get_users_courses,
    ),
)
