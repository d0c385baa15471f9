"""Events as `$event->get_data()` gives them, number or text exactly as in recordings/moodle/events/get_data."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from sandbox.moodle.records import COURSE_LEVEL, SYSTEM, Context

Event: TypeAlias = dict[str, Any]

ACTOR = 2
"""The administrator: whoever acts in the simulator is this user."""
_VERBS = {"c": "created", "u": "updated", "d": "deleted"}
PLUGIN = "local_kurasync"
"""The component of our own plugin."""
NEW_COURSE = 2
"""`target` of course_restored where the restore made a course (backup::TARGET_NEW_COURSE)."""
TEACHING, OTHER = 1, 0
"""Values of `edulevel`."""


class _Kind(NamedTuple):
    target: str
    objecttable: str | None
    crud: str
    edulevel: int = OTHER
    action: str = ""
    component: str = "core"


_KINDS = {
    "cohort_created": _Kind("cohort", "cohort", "c"),
    "cohort_deleted": _Kind("cohort", "cohort", "d"),
    "cohort_member_added": _Kind("cohort_member", "cohort", "c", action="added"),
    "cohort_member_removed": _Kind("cohort_member", "cohort", "d", action="removed"),
    "course_backup_created": _Kind("course_backup", "course", "c", TEACHING),
    "course_category_deleted": _Kind("course_category", "course_categories", "d"),
    "course_category_updated": _Kind("course_category", "course_categories", "u"),
    "course_content_deleted": _Kind("course_content", "course", "d", TEACHING),
    "course_created": _Kind("course", "course", "c", TEACHING),
    "course_deleted": _Kind("course", "course", "d", TEACHING),
    "course_reset_ended": _Kind("course_reset", None, "d", action="ended"),
    "course_reset_started": _Kind("course_reset", None, "d", action="started"),
    "course_restored": _Kind("course", "course", "c", TEACHING, action="restored"),
    "course_section_created": _Kind("course_section", "course_sections", "c", TEACHING),
    "course_section_updated": _Kind("course_section", "course_sections", "u", TEACHING),
    "course_updated": _Kind("course", "course", "u", TEACHING),
    "enrol_instance_created": _Kind("enrol_instance", "enrol", "c"),
    "enrol_instance_deleted": _Kind("enrol_instance", "enrol", "d"),
    "enrol_instance_updated": _Kind("enrol_instance", "enrol", "u"),
    "grade_deleted": _Kind("grade", "grade_grades", "d", TEACHING),
    "grade_item_created": _Kind("grade_item", "grade_items", "c"),
    "grade_item_deleted": _Kind("grade_item", "grade_items", "d"),
    "grade_item_updated": _Kind("grade_item", "grade_items", "u"),
    "group_created": _Kind("group", "groups", "c"),
    "group_deleted": _Kind("group", "groups", "d"),
    "group_member_added": _Kind("group_member", "groups", "c", action="added"),
    "group_member_removed": _Kind("group_member", "groups", "d", action="removed"),
    "group_updated": _Kind("group", "groups", "u"),
    "role_assigned": _Kind("role", "role", "c", action="assigned"),
    "role_unassigned": _Kind("role", "role", "d", action="unassigned"),
    "user_created": _Kind("user", "user", "c"),
    "user_deleted": _Kind("user", "user", "d"),
    "user_enrolment_created": _Kind("user_enrolment", "user_enrolments", "c"),
    "user_enrolment_deleted": _Kind("user_enrolment", "user_enrolments", "d"),
    "user_enrolment_updated": _Kind("user_enrolment", "user_enrolments", "u"),
    "user_graded": _Kind("user", "grade_grades", "u", TEACHING, action="graded"),
    "user_password_updated": _Kind("user_password", None, "u"),
    "user_updated": _Kind("user", "user", "u"),
    **{
        f"category_bin_item_{action}": _Kind(
            "category_bin_item", "tool_recyclebin_category", crud, action=action, component="tool_recyclebin"
        )
        for action, crud in (("created", "c"), ("deleted", "d"), ("restored", "u"))
    },
    "course_deletion_started": _Kind("course_deletion", "course", "d", action="started", component=PLUGIN),
    "grades_requested": _Kind("grades", None, "u", TEACHING, action="requested", component=PLUGIN),
    "test_sent": _Kind("test", None, "c", action="sent", component=PLUGIN),
    "user_erased": _Kind("user", None, "d", action="erased", component=PLUGIN),
}


def event(
    name: str,
    context: Context,
    objectid: int | str | None,
    at: int,
    relateduserid: int | str | None = None,
    other: object = None,
    userid: int | str = str(ACTOR),
) -> Event:
    """One event's get_data(); `at` is in seconds since the epoch.

    Moodle gives ids that came from its database as texts and ids it has just made as numbers: callers pass them so.
    """
    kind = _KINDS[name]
    return {
        "eventname": f"\\{kind.component}\\event\\{name}",
        "component": kind.component,
        "action": kind.action or _VERBS[kind.crud],
        "target": kind.target,
        "objecttable": kind.objecttable,
        "objectid": objectid,
        "crud": kind.crud,
        "edulevel": kind.edulevel,
        "contextid": context.id,
        "contextlevel": context.level,
        "contextinstanceid": 0 if context.level == SYSTEM else str(context.instanceid),
        "userid": userid,
        "courseid": str(context.instanceid) if context.level == COURSE_LEVEL else 0,
        "relateduserid": relateduserid,
        "anonymous": 0,
        "other": other,
        "timecreated": at,
    }
