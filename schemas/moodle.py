"""What Moodle's web service functions answer (contracts/moodle.md 2): marshmallow in, frozen dataclasses out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from marshmallow import fields, post_load

from schemas.wire import AnswerSchema, Count, Flag, Id, Label, Several, Text, read

PLUGIN_ROSTER = "local_kurasync_get_roster"
"""The function by which our own plugin is known."""


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """core_webservice_get_site_info. `plugin`: the version of our own plugin, None where its roster is not offered."""

    site_name: str
    site_url: str
    release: str
    version: str
    userid: int
    functions: frozenset[str]
    plugin: str | None = None


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


class SiteInfoSchema(AnswerSchema):
    """core_webservice_get_site_info."""

    site_name = Text(data_key="sitename", load_default="")
    site_url = Text(data_key="siteurl", required=True)
    release = Text(load_default="")
    version = Label(load_default="")
    userid = Id(required=True)
    functions = Several(fields.Nested(lambda: FunctionSchema()), required=True)

    @post_load
    def _made(self, found: dict[str, Any], **_: Any) -> SiteInfo:
        versions = {each["name"]: each["version"] for each in found["functions"]}
        return SiteInfo(**{**found, "functions": frozenset(versions), "plugin": versions.get(PLUGIN_ROSTER)})


class FunctionSchema(AnswerSchema):
    """A web service function that the token may call, with the version of what it belongs to."""

    name = Text(required=True)
    version = Label(load_default="")


class CourseSchema(AnswerSchema):
    """A course. Moodle leaves out all but its names where the caller can't enter it."""

    id = Id(required=True)
    fullname = Text(required=True)
    shortname = Text(required=True)
    visible = Flag(load_default=True)
    groupmode = Count(load_default=0)
    enddate = Count(load_default=0)

    @post_load
    def _made(self, found: dict[str, Any], **_: Any) -> Course:
        return Course(**found)


class GroupSchema(AnswerSchema):
    """A group, of a course or of a user."""

    id = Id(required=True)
    name = Text(required=True)

    @post_load
    def _made(self, found: dict[str, Any], **_: Any) -> Group:
        return Group(**found)


class RoleSchema(AnswerSchema):
    """A role assigned in the course."""

    shortname = Text(required=True)


class EnrolledUserSchema(AnswerSchema):
    """A user of a roster. Names and roles were asked for: without them nobody can tell who is a student."""

    id = Id(required=True)
    firstname = Text(required=True)
    lastname = Text(required=True)
    email = Text(load_default=None)
    idnumber = Text(load_default=None)
    groups = Several(fields.Nested(GroupSchema), load_default=None)
    roles = Several(fields.Nested(RoleSchema), required=True)

    @post_load
    def _made(self, found: dict[str, Any], **_: Any) -> EnrolledUser:
        groups = None if found["groups"] is None else tuple(found["groups"])
        roles = tuple(each["shortname"] for each in found["roles"])
        return EnrolledUser(**{**found, "groups": groups, "roles": roles})


class GradableUserSchema(AnswerSchema):
    """A user of the gradebook."""

    id = Id(required=True)
    email = Text(load_default=None)
    idnumber = Text(load_default=None)
    suspended = Flag(load_default=None)

    @post_load
    def _made(self, found: dict[str, Any], **_: Any) -> GradableUser:
        return GradableUser(**found)


class AccountSchema(AnswerSchema):
    """A user account."""

    id = Id(required=True)
    email = Text(load_default=None)
    suspended = Flag(load_default=None)

    @post_load
    def _made(self, found: dict[str, Any], **_: Any) -> Account:
        return Account(**found)


class GroupMembersSchema(AnswerSchema):
    """Who is in a group."""

    groupid = Id(required=True)
    userids = Several(Id(), required=True)

    @post_load
    def _made(self, found: dict[str, Any], **_: Any) -> GroupMembers:
        return GroupMembers(found["groupid"], tuple(found["userids"]))


class CourseListSchema(AnswerSchema):
    """core_course_get_courses_by_field."""

    courses = Several(fields.Nested(CourseSchema), required=True)


class GradableListSchema(AnswerSchema):
    """core_grades_get_gradable_users."""

    users = Several(fields.Nested(GradableUserSchema), required=True)


_SITE_INFO = SiteInfoSchema()
_COURSES = CourseListSchema()
_ENROLLED = EnrolledUserSchema(many=True)
_GRADABLE = GradableListSchema()
_GROUPS = GroupSchema(many=True)
_GROUP_MEMBERS = GroupMembersSchema(many=True)
_ACCOUNTS = AccountSchema(many=True)


def read_site_info(answer: object) -> SiteInfo:
    """What core_webservice_get_site_info says of site and token; raises WrongShape."""
    return cast("SiteInfo", read(_SITE_INFO, answer, "a description of the site"))


def read_courses(answer: object) -> list[Course]:
    """Courses of core_course_get_courses_by_field; raises WrongShape."""
    return cast("list[Course]", read(_COURSES, answer, "a list of courses")["courses"])


def read_enrolled(answer: object) -> list[EnrolledUser]:
    """Users of core_enrol_get_enrolled_users; raises WrongShape."""
    return cast("list[EnrolledUser]", read(_ENROLLED, answer, "a list of enrolled users"))


def read_gradable(answer: object) -> list[GradableUser]:
    """Users of core_grades_get_gradable_users; raises WrongShape."""
    return cast("list[GradableUser]", read(_GRADABLE, answer, "a list of gradable users")["users"])


def read_groups(answer: object) -> list[Group]:
    """Groups of core_group_get_course_groups; raises WrongShape."""
    return cast("list[Group]", read(_GROUPS, answer, "a list of groups"))


def read_group_members(answer: object) -> list[GroupMembers]:
    """Members of core_group_get_group_members; raises WrongShape."""
    return cast("list[GroupMembers]", read(_GROUP_MEMBERS, answer, "a list of group members"))


def read_accounts(answer: object) -> list[Account]:
    """Accounts of core_user_get_users_by_field; raises WrongShape."""
    return cast("list[Account]", read(_ACCOUNTS, answer, "a list of accounts"))
