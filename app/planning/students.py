"""Who is a student of a Moodle course, and whether the answers that say so can be trusted (design.md 5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.errors import RosterUnverified
from app.planning.actions import digest_of
from app.planning.rules import Rules
from app.planning.sameness import text_key
from schemas.moodle import Account, Course, EnrolledUser, GradableUser, Group, GroupMembers

SEPARATE_GROUPS = 1
STUDENT = "student"
"""The shortname that stands for the archetype where only shortnames are told."""


@dataclass(frozen=True, slots=True)
class Member:
    """A Moodle user who is a student of the course; `groups` holds (id, name)."""

    userid: int
    firstname: str
    lastname: str
    email: str
    idnumber: str
    groups: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class MoodleReading:
    """What Moodle's stock functions answered about one course.

    `active` and `suspended` are the two halves of core_enrol_get_enrolled_users; together they are everybody enrolled.
    `accounts` has the account of those whom `gradable` does not list, and `capable` the ids of the active who have the
    capability that the mapping's rules name.
    """

    course: Course
    active: tuple[EnrolledUser, ...]
    suspended: tuple[EnrolledUser, ...]
    gradable: tuple[GradableUser, ...]
    accounts: Mapping[int, Account]
    groups: tuple[Group, ...]
    members: tuple[GroupMembers, ...]
    capable: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Reading:
    """The students of a Moodle course by id, whichever way they were read.

    `course` is what the course is called and `enddate` its end, 0: none; `next_change` the moment at which an enrolment
    next begins or ends by its dates (both since the epoch). `proven`: whoever is not among `members` is no student;
    stock functions never prove that, and nor does a look at some of the users (design.md 5).
    """

    members: tuple[Member, ...]
    enddate: int
    proven: bool = False
    next_change: float | None = None
    course: str = ""


def with_touched(known: tuple[Member, ...], touched: Collection[int], now: tuple[Member, ...]) -> tuple[Member, ...]:
    """The students known, with those of the touched users as they are `now`; who is not among them is none."""
    others = [member for member in known if member.userid not in touched]
    return tuple(sorted([*others, *now], key=lambda member: member.userid))


def basis(courseid: int, rules: Rules) -> str:
    """64 hexadecimal digits of what decides who is a student: with another basis a roster known is worth nothing."""
    return digest_of([courseid, rules.roles, rules.capability, rules.institution_role])


def in_student_role(reading: MoodleReading, rules: Rules) -> tuple[EnrolledUser, ...]:
    """The actively enrolled who hold a role or the capability that the mapping asks for, whatever their account."""
    if rules.capability:
        return tuple(user for user in reading.active if user.id in reading.capable)
    roles = frozenset(rules.roles or (STUDENT,))
    return tuple(user for user in reading.active if not roles.isdisjoint(user.roles))


def students(reading: MoodleReading, rules: Rules) -> tuple[Member, ...]:
    """The students of a reading, in the order of their ids; raises RosterUnverified as `verify` does."""
    verify(reading, rules)
    suspended = _suspended_accounts(reading)
    groups = _groups_by_user(reading)
    return tuple(
        Member(user.id, user.firstname, user.lastname, user.email or "", user.idnumber or "", groups.get(user.id, ()))
        for user in sorted(in_student_role(reading, rules), key=lambda user: user.id)
        if not suspended[user.id]
    )


def verify(reading: MoodleReading, rules: Rules) -> None:
    """Raise RosterUnverified, naming the likely cause, unless two independent answers agree on who is enrolled.

    Moodle cuts answers silently where a capability is missing (contracts/moodle.md 2): a roster that nothing confirms
    must not be acted on.
    """
    enrolled = {user.id for user in (*reading.active, *reading.suspended)}
    if len(enrolled) < len(reading.active) + len(reading.suspended) or not reading.capable <= enrolled:
        raise _unverified("the list changed while it was being read")
    if {group.id for group in reading.groups} != {group.groupid for group in reading.members}:
        raise _unverified("its groups and the lists of their members do not fit together")
    _verify_nobody_is_left_out(reading, enrolled)
    _verify_keys(reading, rules)


def _verify_nobody_is_left_out(reading: MoodleReading, enrolled: set[int]) -> None:
    graded = {user.id for user in reading.gradable}
    grouped = {userid for group in reading.members for userid in group.userids}
    missing = (graded | grouped) - enrolled
    if missing:
        what = f"{len(missing)} of its users are missing in the list of the enrolled"
        raise _unverified(what, *_cut(reading, enrolled))


def _cut(reading: MoodleReading, enrolled: set[int]) -> tuple[str, ...]:
    """The capabilities whose lack leaves users out; in a course with separate groups it can be either."""
    if reading.course.groupmode != SEPARATE_GROUPS:
        return ("moodle/user:viewdetails",)
    return ("moodle/site:accessallgroups", *(("moodle/user:viewdetails",) if enrolled else ()))


def _verify_keys(reading: MoodleReading, rules: Rules) -> None:
    listed = {user.id: user for user in reading.gradable}
    for user in in_student_role(reading, rules):
        if user.email is None:
            raise _unverified("e-mail addresses are not shown", "moodle/course:useremail")
        other = listed.get(user.id)
        if other is not None and text_key(other.idnumber) and user.idnumber is None:
            raise _unverified("ID numbers are not shown", "moodle/user:viewalldetails")
        if _status(reading, user.id, other) is None:
            raise _unverified("the status of accounts is not shown", "moodle/user:viewalldetails")


def _status(reading: MoodleReading, userid: int, listed: GradableUser | None) -> bool | None:
    if listed is not None and listed.suspended is not None:
        return listed.suspended
    account = reading.accounts.get(userid)
    return account.suspended if account is not None else None


def _suspended_accounts(reading: MoodleReading) -> dict[int, bool]:
    listed = {user.id: user for user in reading.gradable}
    return {user.id: bool(_status(reading, user.id, listed.get(user.id))) for user in reading.active}


def _groups_by_user(reading: MoodleReading) -> dict[int, tuple[tuple[int, str], ...]]:
    names = {group.id: group.name for group in reading.groups}
    found: dict[int, list[tuple[int, str]]] = {}
    for group in reading.members:
        for userid in group.userids:
            found.setdefault(userid, []).append((group.groupid, names[group.groupid]))
    return {userid: tuple(sorted(groups)) for userid, groups in found.items()}


def _unverified(what: str, *capabilities: str) -> RosterUnverified:
    cause = f" The service user probably lacks {' or '.join(capabilities)}." if capabilities else ""
    first = "".join(f"_{name.rpartition(':')[2]}" for name in capabilities[:1])
    return RosterUnverified(
        f"The roster cannot be verified: {what}.{cause}", reason=f"roster_unverified{first}", origin="moodle"
    )
