"""The one table of Moodle's events: what each asks for, where, and why (contracts/moodle.md 4). Pure.

`python -m app.sync.triggers docs/events.md` writes it into the document.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.store.worklist import Kind
from schemas.events import MoodleEvent

Reach = Literal["course", "user", "site", "none"]

USER_LEVEL = 30  # Moodle's CONTEXT_USER

_ROSTER: tuple[Kind, ...] = ("roster",)
_GRADES: tuple[Kind, ...] = ("grades",)


@dataclass(frozen=True, slots=True)
class Trigger:
    """What one event asks for.

    `reach` says which mappings it concerns: of its course; those the user is, was or may just be getting linked in; all
    of the site; none. `quietens`: a deletion or a reset is under way, so removals wait (design.md 5). `urgent`: do not
    let it settle. `of_user`: it can change what the one user is whom it names, and nothing else of a course.
    """

    kinds: tuple[Kind, ...]
    reach: Reach
    why: str
    quietens: bool = False
    urgent: bool = False
    of_user: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an event points: `id` is Moodle's course or user id; 0 for the whole site and for nothing."""

    reach: Reach
    id: int = 0


COURSE_DELETED = r"\core\event\course_deleted"

NOTHING = Trigger((), "none", "unknown to kurasync")


def _course(why: str, *, kinds: tuple[Kind, ...] = _ROSTER, quietens: bool = False, urgent: bool = False) -> Trigger:
    return Trigger(kinds, "course", why, quietens, urgent)


def _member(why: str) -> Trigger:
    return Trigger(_ROSTER, "course", why, of_user=True)


def _user(why: str) -> Trigger:
    return Trigger(_ROSTER, "user", why, of_user=True)


def _site(why: str) -> Trigger:
    return Trigger(_ROSTER, "site", why)


def _ignored(why: str) -> Trigger:
    return Trigger((), "none", why)


_OWN_GRADES = "grades flow from kuraCloud to Moodle, not back"

TABLE: dict[str, Trigger] = {
    r"\core\event\user_enrolment_created": _member("a newcomer; the role follows in an event of its own"),
    r"\core\event\user_enrolment_updated": _member("suspended, reactivated or given other dates: all look alike"),
    r"\core\event\user_enrolment_deleted": _member("a leaver, unless enrolled in another way as well"),
    r"\core\event\role_assigned": _member("perhaps a new student; given in a category or the system: anywhere"),
    r"\core\event\role_unassigned": _member("perhaps no longer a student; taken in a category or the system: anywhere"),
    r"\core\event\user_updated": _user("a new name, e-mail or idnumber, or a suspension: they look alike"),
    r"\core\event\user_deleted": _user("the account is gone from every course"),
    r"\core\event\user_created": _ignored("nobody is enrolled yet: that is an event of its own"),
    r"\core\event\user_password_updated": _ignored("a password concerns no roster"),
    r"\core\event\group_member_added": _member("the section may change"),
    r"\core\event\group_member_removed": _member("the section may change"),
    r"\core\event\group_created": _course("the events of its members may have come before it"),
    r"\core\event\group_updated": _course("a group's name is the section of its members"),
    r"\core\event\group_deleted": _course("its members get another section, and no event of their own"),
    r"\core\event\grouping_created": _ignored("sections come from groups, not from groupings"),
    r"\core\event\grouping_group_assigned": _ignored("sections come from groups, not from groupings"),
    r"\core\event\grouping_group_unassigned": _ignored("sections come from groups, not from groupings"),
    r"\core\event\course_created": _ignored("a new course is not mapped yet"),
    r"\core\event\course_updated": _course("its end date, name or category may have changed"),
    r"\core\event\course_restored": _course(
        "a restore into a course may change everything; a new one may be what the mapping of a deleted one waits for"
    ),
    r"\core\event\course_backup_created": _ignored("a backup changes nothing"),
    r"\core\event\course_reset_started": _course("a reset is about to unenrol: a person decides", quietens=True),
    r"\core\event\course_reset_ended": _course("the reset is over; what it emptied is held", quietens=True),
    r"\core\event\course_content_deleted": _course("the course is being deleted, or overwritten", quietens=True),
    COURSE_DELETED: _course("the course is gone: its mapping is suspended", quietens=True),
    r"\core\event\grade_item_deleted": _course(
        "nearly the first event of a course's deletion, before those of its users", kinds=(), quietens=True
    ),
    r"\tool_recyclebin\event\category_bin_item_created": Trigger(
        (), "site", "the first event of a course's deletion; it does not say which course", quietens=True
    ),
    r"\tool_recyclebin\event\category_bin_item_restored": _ignored(
        "the restored course has a new id: course_restored tells which one it was"
    ),
    r"\tool_recyclebin\event\category_bin_item_deleted": _ignored("the recycle bin concerns no roster"),
    r"\core\event\course_category_updated": _site("hiding or moving a category sends nothing for its courses"),
    r"\core\event\course_category_deleted": _site("roles given in the category end with it"),
    r"\core\event\enrol_instance_created": _course("a new enrolment method may bring its users later"),
    r"\core\event\enrol_instance_updated": _course("a method switched on or off sends nothing for its users"),
    r"\core\event\enrol_instance_deleted": _course("a method goes, and its enrolments with it"),
    r"\core\event\cohort_created": _ignored("a cohort enrols nobody by itself: enrolments have events of their own"),
    r"\core\event\cohort_updated": _ignored("a cohort enrols nobody by itself: enrolments have events of their own"),
    r"\core\event\cohort_member_added": _user("enrolments by cohort may follow"),
    r"\core\event\cohort_member_removed": _user("enrolments by cohort may end"),
    r"\core\event\cohort_deleted": _site("sends no event for its members"),
    r"\core\event\user_graded": _ignored(_OWN_GRADES),
    r"\core\event\grade_deleted": _ignored(_OWN_GRADES),
    r"\core\event\grade_item_created": _ignored(_OWN_GRADES),
    r"\core\event\grade_item_updated": _ignored(_OWN_GRADES),
    r"\local_kurasync\event\grades_requested": _course("somebody asked for grades", kinds=_GRADES, urgent=True),
    r"\local_kurasync\event\course_deletion_started": _course(
        "the course is about to be deleted: sent before everything else of it", kinds=(), quietens=True
    ),
    r"\local_kurasync\event\user_erased": _ignored(
        "kurasync erases nobody by itself: the list of events shows that it was asked for"
    ),
    r"\local_kurasync\event\test_sent": _ignored("an administrator of Moodle tried the connection"),
}


def trigger(event: MoodleEvent) -> Trigger:
    """What the event asks for; events nobody knows ask for nothing."""
    return TABLE.get(event.name, NOTHING)


def scope(event: MoodleEvent) -> Scope:
    """Where the event points. The actor (`userid`) never counts, only who is affected."""
    reach = trigger(event).reach
    if reach == "user":
        return Scope("user", event.relateduserid or 0)
    if reach == "course":
        return _role_scope(event) if _concerns_a_role(event) else Scope("course", event.courseid)
    return Scope(reach)


def lacking(event: MoodleEvent) -> str | None:
    """The field without which nobody can say whom the event concerns; None when it has all it needs.

    A workflow of tool_trigger sends the fields of its administrator's template, which may leave one out.
    """
    found = scope(event)
    needed = {"course": "courseid", "user": "relateduserid"}.get(found.reach)
    return needed if needed and not found.id else None


def _concerns_a_role(event: MoodleEvent) -> bool:
    return event.name in (r"\core\event\role_assigned", r"\core\event\role_unassigned")


def _role_scope(event: MoodleEvent) -> Scope:
    if event.courseid:
        return Scope("course", event.courseid)
    # A role held over a person (a parent's, say) makes nobody a student.
    return Scope("none") if event.contextlevel == USER_LEVEL else Scope("site")


def in_words(document: str) -> str:
    """The document with the table, as Markdown, between its two marks."""
    rows = "\n".join(_row(name, each) for name, each in TABLE.items())
    table = f"| event | a look at | where | removals wait | why |\n|---|---|---|---|---|\n{rows}"
    marks = re.compile(r"(?<=<!-- triggers -->\n).*(?=\n<!-- end -->)", re.S)
    return marks.sub(lambda _: table, document)


def _row(name: str, each: Trigger) -> str:
    where = "" if each.reach == "none" else each.reach
    cells = (f"`{name}`", ", ".join(each.kinds), where, "yes" if each.quietens else "", each.why)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    written = Path(sys.argv[1])
    written.write_text(in_words(written.read_text(encoding="utf-8")), encoding="utf-8")
