"""What Moodle's web service functions answer (contracts/moodle.md 2): marshmallow in, frozen dataclasses out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """core_webservice_get_site_info."""

    site_name: str
    site_url: str
    release: str
    version: str
    userid: int
    functions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Course:
    """One of core_course_get_courses_by_field. Dates are seconds since the epoch, 0: none."""

    id: int
    fullname: str
    shortname: str
    visible: bool
    groupmode: int
    enddate: int


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a course."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class EnrolledUser:
    """One of core_enrol_get_enrolled_users. None: the key was absent (for idnumber and groups: empty or not shown)."""

    id: int
    firstname: str
    lastname: str
    email: str | None
    idnumber: str | None
    groups: tuple[Group, ...] | None
    roles: tuple[str, ...]  # shortnames of roles assigned in the course itself


@dataclass(frozen=True, slots=True)
class GradableUser:
    """One of core_grades_get_gradable_users: the quick second list, with the account's status."""

    id: int
    email: str | None
    idnumber: str | None
    suspended: bool | None


@dataclass(frozen=True, slots=True)
class Account:
    """One of core_user_get_users_by_field. None: the key was absent."""

    id: int
    email: str | None
    suspended: bool | None


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """One of core_group_get_group_members."""

    groupid: int
    userids: tuple[int, ...]
