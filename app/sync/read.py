"""Reading both sides of a mapping, so that nothing is derived from an answer that may be incomplete (design.md 5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from app.clients.kuracloud import KuraCloudClient
from app.clients.moodle import MoodleClient
from app.errors import ConnectionBroken, CourseGone, RosterUnverified, TransientError
from app.kit import Kit
from app.planning.rules import Rules
from app.planning.students import MoodleReading, Reading, in_student_role, students, verify
from app.sync import plugin
from app.sync.connect import Sides
from schemas.kuracloud import Course as KuraCourse
from schemas.kuracloud import Student
from schemas.moodle import EnrolledUser

Half = Literal["active", "suspended"]

LMS_DISABLED = "lms_disabled"
"""The reason of CourseGone where the course is there, but its students are not ours."""

READINGS = 3  # a roster that changes while it is being read is read again so often
_SMALLEST_PAGE = 2  # pages overlap by one user


@dataclass(frozen=True, slots=True)
class KuraCloudReading:
    """One kuraCloud course with its active and its deleted students."""

    course: KuraCourse
    students: tuple[Student, ...]
    deleted: tuple[Student, ...]


class _Moved(Exception):
    """Somebody came or went between two pages."""


def read_roster(kit: Kit, both: Sides, rules: Rules) -> Reading:
    """The students of the Moodle course: through our plugin once it was found at the site, else with stock functions.

    `both` as app.sync.plugin.asked returns it. Raises what the two ways raise.
    """
    if both.site.plugin is not None:
        return plugin.read(both.moodle, both.mapping.courseid, rules)
    plugin.refuse_rules_that_need_it(both.mapping.id, rules)
    return read_stock(both.moodle, both.mapping.courseid, rules, kit.settings.page_size)


def read_stock(client: MoodleClient, courseid: int, rules: Rules, page_size: int) -> Reading:
    """What Moodle's stock functions say about a course's roster, where their answers agree.

    Raises CourseGone, TransientError when the roster keeps changing, and RosterUnverified when the answers disagree
    twice: once may be somebody who came or went between two of them.
    """
    disagreed = False
    for _ in range(READINGS):
        try:
            found = _read_once(client, courseid, rules, max(page_size, _SMALLEST_PAGE))
            return Reading(students(found, rules), found.course.enddate, course=found.course.fullname)
        except _Moved:
            continue
        except RosterUnverified:
            if disagreed:
                raise
            disagreed = True
    raise TransientError(
        "The Moodle roster kept changing while it was being read.", reason="roster_moving", origin="moodle"
    )


def read_kuracloud(client: KuraCloudClient, course_id: int) -> KuraCloudReading:
    """The kuraCloud course and its students.

    Raises CourseGone when it is not in the list of courses, which leaves deleted ones out (u22_remote_course_missing),
    and when its students are no longer ours: somebody switched lmsEnabled off (design.md 8).
    """
    course = kuracloud_course(client, course_id)
    if not course.lms_enabled:
        raise CourseGone(
            "The integration is off for this kuraCloud course: uninstalling the old block in Moodle does that. Switch "
            "it on again with `kurasync mapping resume`.",
            reason=LMS_DISABLED,
            origin="kuracloud",
        )
    students = tuple(client.students(course_id))
    return KuraCloudReading(course, students, tuple(client.deleted_students(course_id)))


def kuracloud_course(client: KuraCloudClient, course_id: int) -> KuraCourse:
    """The course as GET /v2/course lists it; raises CourseGone when it is not there."""
    found = [course for course in client.courses() if course.course_id == course_id]
    if not found:
        raise CourseGone(
            "The kuraCloud course is gone. Restore it in kuraCloud, or remove the mapping with --force.",
            reason="kuracloud_course_gone",
            origin="kuracloud",
        )
    return found[0]


def _read_once(client: MoodleClient, courseid: int, rules: Rules, page_size: int) -> MoodleReading:
    course = client.course(courseid)
    active = _pages(client, courseid, "active", page_size)
    suspended = _pages(client, courseid, "suspended", page_size)
    gradable = tuple(client.gradable(courseid))
    groups = tuple(client.groups(courseid))
    members = tuple(client.group_members([group.id for group in groups])) if groups else ()
    capable = read_capable(client, courseid, rules.capability, page_size)
    reading = _with_accounts(
        client, MoodleReading(course, active, suspended, gradable, {}, groups, members, capable), rules
    )
    verify(reading, rules)
    return reading


def read_capable(client: MoodleClient, courseid: int, capability: str, size: int) -> frozenset[int]:
    """Who of the active has the capability, in pages of `size`; nobody without one.

    Raises what Moodle's client raises, and RosterUnverified where the service user may not ask this: the site is not
    parked for it, as only mappings with this rule need the right.
    """
    if not capability:
        return frozenset()
    try:
        return frozenset(user.id for user in _pages(client, courseid, "active", size, capability))
    except ConnectionBroken as refused:
        if refused.reason != "nopermissions":
            raise
        raise RosterUnverified(
            f"Moodle does not tell who has the capability {capability}: the service user lacks moodle/role:review. "
            "Allow it in the user's role, or install Moodle's plugin local_kurasync.",
            reason="roster_unverified_review",
            origin="moodle",
        ) from refused


def _pages(
    client: MoodleClient, courseid: int, half: Half, size: int, capability: str = ""
) -> tuple[EnrolledUser, ...]:
    """One half of the enrolled, page by page, each overlapping the one before by one user.

    Moodle counts an offset in rows but leaves out the users that the caller may not see, so a page that is short is
    the last one, or cut: only an empty page behind it tells.
    """
    users: list[EnrolledUser] = []
    read = partial(client.enrolled_page, courseid, only=half, capability=capability)
    start = 0
    while True:
        page = read(start=start, limit=size)
        _verify_overlap(users, page, start)
        users += page[1 if start else 0 :]
        start += size - 1
        if len(page) < size:
            _verify_end(read(start=start + 1, limit=size) if page else [])
            return tuple(users)


def _verify_overlap(users: list[EnrolledUser], page: list[EnrolledUser], start: int) -> None:
    if start and (not page or page[0].id != users[-1].id):
        raise _Moved


def _verify_end(behind: list[EnrolledUser]) -> None:
    if behind:
        raise RosterUnverified(
            "The roster cannot be verified: Moodle left users out of the middle of its list. The service user "
            "probably lacks moodle/user:viewdetails.",
            reason="roster_unverified_viewdetails",
            origin="moodle",
        )


def _with_accounts(client: MoodleClient, reading: MoodleReading, rules: Rules) -> MoodleReading:
    """The reading with the accounts of students whose status the list of gradable users does not tell."""
    told = {user.id for user in reading.gradable if user.suspended is not None}
    asked = [user.id for user in in_student_role(reading, rules) if user.id not in told]
    return replace(reading, accounts={account.id: account for account in client.accounts(asked)})
