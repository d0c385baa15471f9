"""What local_kurasync_get_roster answers: everybody in a course, with roles and groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from marshmallow import fields

from schemas.plugin_answer import PluginSchema, list_of, missing_capabilities
from schemas.wire import Count, Flag, Id, Text, read


@dataclass(frozen=True, slots=True)
class PluginCourse:
    """A course. `enddate` is in seconds since the epoch, 0: none."""

    id: int
    fullname: str
    shortname: str
    idnumber: str
    enddate: int
    visible: bool
    groupmode: int


@dataclass(frozen=True, slots=True)
class PluginRole:
    """A role assigned in the course (`contextlevel` 50), in a category above it (40) or for the whole site (10)."""

    shortname: str
    archetype: str
    contextlevel: int


@dataclass(frozen=True, slots=True)
class PluginGroup:
    """A group that a user is in since `timeadded` (seconds since the epoch)."""

    id: int
    name: str
    timeadded: int


@dataclass(frozen=True, slots=True)
class PluginUser:
    """Somebody enrolled. `suspended` is about the account; `active`: at least one enrolment counts now.

    `capable`: whether the capability that was asked about is held; None: none was.
    """

    id: int
    firstname: str
    lastname: str
    email: str
    idnumber: str
    suspended: bool
    active: bool
    roles: tuple[PluginRole, ...]
    groups: tuple[PluginGroup, ...]
    capable: bool | None = None


@dataclass(frozen=True, slots=True)
class PluginRoster:
    """local_kurasync_get_roster. `next`: when an enrolment next begins or ends by date (since the epoch), 0: never."""

    course: PluginCourse
    total: int
    next: int
    missing: tuple[str, ...]
    users: tuple[PluginUser, ...]


class CourseSchema(PluginSchema):
    """A course."""

    made = PluginCourse
    id = Id(required=True)
    fullname = Text(required=True)
    shortname = Text(required=True)
    idnumber = Text(load_default="")
    enddate = Count(required=True)
    visible = Flag(required=True)
    groupmode = Count(required=True)


class RoleSchema(PluginSchema):
    """A role of a user."""

    made = PluginRole
    shortname = Text(required=True)
    archetype = Text(load_default="")
    contextlevel = Id(required=True)


class GroupSchema(PluginSchema):
    """A group of a user."""

    made = PluginGroup
    id = Id(required=True)
    name = Text(required=True)
    timeadded = Count(required=True)


class UserSchema(PluginSchema):
    """A user of a roster: nothing may be absent, or nobody could tell it from what is hidden."""

    made = PluginUser
    id = Id(required=True)
    firstname = Text(required=True)
    lastname = Text(required=True)
    email = Text(required=True)
    idnumber = Text(required=True)
    suspended = Flag(required=True)
    active = Flag(required=True)
    roles = list_of(RoleSchema)
    groups = list_of(GroupSchema)
    capable = Flag(load_default=None)


class RosterSchema(PluginSchema):
    """A roster."""

    made = PluginRoster
    course = fields.Nested(CourseSchema, required=True)
    total = Count(required=True)
    next = Count(required=True)
    missing = missing_capabilities()
    users = list_of(UserSchema)


_ROSTER = RosterSchema()


def read_roster(answer: object) -> PluginRoster:
    """What local_kurasync_get_roster answers; raises WrongShape."""
    return cast("PluginRoster", read(_ROSTER, answer, "a roster"))
