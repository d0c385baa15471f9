"""How Moodle shows a user: which keys are there depends on capabilities (recordings/moodle/capabilities.json)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any, TypeAlias

from sandbox.moodle.core import Core
from sandbox.moodle.errors import plain
from sandbox.moodle.records import Course, User
from sandbox.moodle.state import SERVICE_USER

Shown: TypeAlias = dict[str, Any]

FIELDS = (
    *("id", "username", "fullname", "firstname", "lastname", "email", "address", "phone1", "phone2", "department"),
    *("institution", "interests", "firstaccess", "lastaccess", "auth", "confirmed", "idnumber", "lang", "theme"),
    *("timezone", "mailformat", "description", "descriptionformat", "city", "country", "profileimageurlsmall"),
    *("profileimageurl", "customfields", "groups", "roles", "preferences", "enrolledcourses", "suspended"),
    *("lastcourseaccess", "trackforums", "calendartype"),
)
"""What may be asked for in `userfields`."""
_PRIVATE = ("username", "idnumber", "department", "auth", "confirmed", "lang", "theme", "mailformat", "trackforums")
"""Keys that need moodle/user:viewalldetails."""
_SETTINGS: Shown = {"lang": "en", "theme": "", "timezone": "99", "mailformat": 1, "trackforums": 0}


def asked_fields(userfields: str) -> list[str]:
    """The fields named in a `userfields` option, cleaned as Moodle does."""
    return [re.sub(r"[^A-Za-z0-9_-]", "", name) for name in userfields.split(",")]


def can_be_seen(moodle: Core, user: User) -> bool:
    """Without moodle/user:viewdetails only oneself and teachers (recordings/moodle/ws/nocap_moodle_user_view*)."""
    return moodle.rights.allow("moodle/user:viewdetails") or user.id == SERVICE_USER or _is_contact(moodle, user)


def in_course(moodle: Core, user: User, course: Course, wanted: Collection[str]) -> Shown:
    """A user as a participant. Empty idnumber, groups and courses are left out; raises invaliduserfield."""
    for name in wanted:
        if name not in FIELDS:
            raise plain("invaliduserfield", f"Invalid user field: {name}")
    shown = _account(moodle, user, in_course=True)
    shown |= {name: value for name in _PLACES if name in wanted and (value := _PLACES[name](moodle, user, course))}
    if "roles" in wanted:
        shown["roles"] = _roles(moodle, user, course)
    always = {"id", "fullname"}
    return {name: value for name, value in shown.items() if name in always or name in wanted}


def on_site(moodle: Core, user: User) -> Shown:
    """A user as found by field."""
    return _account(moodle, user, in_course=False)


def whole(moodle: Core, user: User) -> Shown:
    """A user's row with everything, as core_grades_get_gradable_users shows it whatever the capabilities."""
    empty = dict.fromkeys(("address", "phone1", "phone2", "institution", "city", "country"), "")
    more: Shown = {"calendartype": "gregorian", "description": None, "descriptionformat": 1}
    return {**_row(moodle, user), "idnumber": user.idnumber, **empty, **more}


def image(moodle: Core, size: str) -> str:
    """The address of the picture of somebody who has none."""
    return f"{moodle.wwwroot}/theme/image.php/boost/core/1/u/{size}"


def _account(moodle: Core, user: User, in_course: bool) -> Shown:
    shown = _row(moodle, user)
    myself = user.id == SERVICE_USER
    if not (myself or moodle.rights.allow("moodle/user:viewalldetails")):
        for name in _PRIVATE:
            shown.pop(name, None)
    if not (myself or _may_see_email(moodle, in_course)):
        del shown["email"]
    return shown


def _row(moodle: Core, user: User) -> Shown:
    names = {"id": user.id, "username": user.username, "firstname": user.firstname, "lastname": user.lastname}
    known = {"fullname": user.fullname, "email": user.email, "department": ""}
    seen = {"firstaccess": 0, "lastaccess": 0, "lastcourseaccess": 0}
    account = {"auth": user.auth, "suspended": user.suspended, "confirmed": user.confirmed, **_SETTINGS}
    pictures = {"profileimageurlsmall": image(moodle, "f2"), "profileimageurl": image(moodle, "f1")}
    idnumber = {"idnumber": user.idnumber} if user.idnumber else {}
    return {**names, **known, **idnumber, **seen, **account, **pictures}


def _may_see_email(moodle: Core, in_course: bool) -> bool:
    may = moodle.rights.allow
    return may("moodle/site:viewuseridentity") or (in_course and may("moodle/course:useremail"))


def _is_contact(moodle: Core, user: User) -> bool:
    roles = moodle.site.roles
    return any(roles[row.roleid].archetype == "editingteacher" for row in roles.of_user(user.id))


def _roles(moodle: Core, user: User, course: Course) -> list[Shown]:
    held = dict.fromkeys(row.roleid for row in moodle.site.roles.assigned(course.context, user.id))
    return [{"roleid": id, "name": "", "shortname": moodle.site.roles[id].shortname, "sortorder": 0} for id in held]


def _groups(moodle: Core, user: User, course: Course) -> list[Shown]:
    groups = moodle.site.groups.of_user(course.id, user.id)
    return [{"id": group.id, "name": group.name, "description": "", "descriptionformat": 0} for group in groups]


def _courses(moodle: Core, user: User, course: Course) -> list[Shown]:
    courses = active_courses(moodle, user)
    return [{"id": mine.id, "fullname": mine.fullname, "shortname": mine.shortname} for mine in courses]


def active_courses(moodle: Core, user: User) -> list[Course]:
    """The courses a user is actively enrolled in and can see."""
    site, now = moodle.site, moodle.now()
    active = (
        site.courses[id] for id in site.enrolments.course_ids(user.id) if site.enrolments.is_active(id, user.id, now)
    )
    sees_hidden = "moodle/course:viewhiddencourses"
    return [course for course in active if course.visible or site.roles.allow(course.context, user.id, sees_hidden)]


_PLACES: dict[str, Callable[[Core, User, Course], list[Shown]]] = {"groups": _groups, "enrolledcourses": _courses}
