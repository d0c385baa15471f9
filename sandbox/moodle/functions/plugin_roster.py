"""local_kurasync_get_roster: a roster whole, with a count of its own (plugin/local_kurasync/classes/roster.php)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.moodle import errors
from sandbox.moodle.core import Core
from sandbox.moodle.functions.function import Function
from sandbox.moodle.functions.parameters import ListOf, Struct, Value
from sandbox.moodle.functions.plugin_access import course_and_missing
from sandbox.moodle.records import ACTIVE, ENABLED, Context, Course, User

_NEEDED = (
    "moodle/course:viewparticipants",
    "moodle/course:enrolreview",
    "moodle/user:viewdetails",
    "moodle/user:viewalldetails",
    ("moodle/course:useremail", "moodle/site:viewuseridentity"),
    "moodle/site:accessallgroups",
)
_HIDDEN_COURSE = {"fullname": "", "shortname": "", "idnumber": "", "enddate": 0, "visible": False, "groupmode": 0}


def _get_roster(moodle: Core, given: dict[str, Any]) -> dict[str, Any]:
    capability = given["capability"]
    if capability and not moodle.site.roles.knows(capability):
        raise errors.plain("error_capability", "Moodle knows no capability of this name.")
    course, missing = course_and_missing(moodle, given["courseid"], _NEEDED)
    if missing:
        shown = {"id": course.id, **_HIDDEN_COURSE}
        return {"course": shown, "total": 0, "next": 0, "missing": missing, "users": []}
    users = _users(moodle, course, given["userids"])
    return {
        "course": _course(course),
        "total": len(users),
        "next": min(_moments(moodle, course), default=0),
        "missing": [],
        "users": [{**_shown(moodle, course, user), **_capable(moodle, course, user, capability)} for user in users],
    }


def _users(moodle: Core, course: Course, only: Iterable[int]) -> list[User]:
    enrolled = moodle.site.enrolments.user_ids(course.id)
    wanted = set(only) or set(enrolled)
    return [user for id in enrolled if id in wanted and not (user := moodle.site.users[id]).deleted]


def _moments(moodle: Core, course: Course) -> Iterator[int]:
    """When enrolments that are switched on will begin, or will end, by their dates."""
    site, now = moodle.site, int(moodle.now())
    for id in site.enrolments.user_ids(course.id):
        for row in site.enrolments.of(course.id, id):
            is_on = row.status == ACTIVE and site.enrolments.instances[row.enrolid].status == ENABLED
            if is_on and not site.users[id].deleted and max(row.timestart, row.timeend) > now:
                yield row.timestart if row.timestart > now else row.timeend


def _course(course: Course) -> dict[str, Any]:
    return {
        "id": course.id,
        "fullname": course.fullname,
        "shortname": course.shortname,
        "idnumber": course.idnumber,
        "enddate": course.enddate,
        "visible": course.visible,
        "groupmode": course.groupmode,
    }


def _shown(moodle: Core, course: Course, user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "firstname": user.firstname,
        "lastname": user.lastname,
        "email": user.email,
        "idnumber": user.idnumber,
        "suspended": user.suspended,
        "active": moodle.site.enrolments.is_active(course.id, user.id, moodle.now()),
        "roles": [role for context in _upwards(course.context) for role in _roles(moodle, context, user)],
        "groups": _groups(moodle, course, user),
    }


def _capable(moodle: Core, course: Course, user: User, capability: str) -> dict[str, bool]:
    """Told only where it was asked for."""
    return {"capable": moodle.site.roles.allow(course.context, user.id, capability)} if capability else {}


def _upwards(context: Context | None) -> Iterator[Context]:
    while context:
        yield context
        context = context.parent


def _roles(moodle: Core, context: Context, user: User) -> list[dict[str, Any]]:
    """The roles in one context by id, each once, however often it was assigned."""
    ids = dict.fromkeys(row.roleid for row in moodle.site.roles.assigned(context, user.id))
    roles = (moodle.site.roles[id] for id in ids)
    return [{"shortname": role.shortname, "archetype": role.archetype, "contextlevel": context.level} for role in roles]


def _groups(moodle: Core, course: Course, user: User) -> list[dict[str, Any]]:
    groups = sorted(moodle.site.groups.of_user(course.id, user.id), key=lambda group: group.id)
    return [{"id": group.id, "name": group.name, "timeadded": group.members[user.id].timeadded} for group in groups]


FUNCTIONS = (
    Function(
        "local_kurasync_get_roster",
        Struct(
            {
                "courseid": Value("int"),
                "userids": ListOf(Value("int"), default=()),
                "capability": Value(default=""),
            }
        ),
        _get_roster,
    ),
)
