"""The rows of the simulated Moodle, named after Moodle's tables."""

from __future__ import annotations

from dataclasses import dataclass, field

SYSTEM, USER_LEVEL, CATEGORY_LEVEL, COURSE_LEVEL = 10, 30, 40, 50
"""Values of `contextlevel`."""
NO_GROUPS, SEPARATE_GROUPS, VISIBLE_GROUPS = 0, 1, 2
"""Values of a course's `groupmode`."""
ACTIVE, SUSPENDED = 0, 1
"""Values of an enrolment's `status`."""
ENABLED, DISABLED = 0, 1
"""Values of an enrol instance's `status`."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a role can be assigned. `parent` is the context above; the system has none."""

    id: int
    level: int
    instanceid: int
    parent: Context | None = None

    @property
    def lineage(self) -> list[int]:
        """The ids of this context and of those above it, nearest first."""
        return [self.id, *(self.parent.lineage if self.parent else [])]


@dataclass(slots=True)
class User:
    id: int
    context: Context
    username: str
    firstname: str
    lastname: str
    email: str
    idnumber: str = ""
    auth: str = "manual"
    confirmed: bool = True
    suspended: bool = False
    deleted: bool = False

    @property
    def fullname(self) -> str:
        """The name as Moodle shows it."""
        return f"{self.firstname} {self.lastname}"


@dataclass(slots=True)
class Category:
    id: int
    context: Context
    name: str
    visible: bool = True


@dataclass(slots=True)
class Course:
    """`enddate` and `startdate` are seconds since the epoch, 0 for none."""

    id: int
    context: Context
    fullname: str
    shortname: str
    idnumber: str
    category: int
    visible: bool = True
    groupmode: int = NO_GROUPS
    startdate: int = 0
    enddate: int = 0
    timemodified: int = 0


@dataclass(frozen=True, slots=True)
class Role:
    id: int
    shortname: str
    archetype: str


@dataclass(slots=True)
class EnrolInstance:
    """An enrolment method in a course. `cohortid`, `groupid` and `roleid` belong to cohort synchronisation."""

    id: int
    courseid: int
    enrol: str
    status: int = ENABLED
    cohortid: int | None = None
    groupid: int | None = None
    roleid: int | None = None


@dataclass(slots=True)
class UserEnrolment:
    id: int
    enrolid: int
    userid: int
    courseid: int
    enrol: str
    timecreated: int
    timemodified: int
    status: int = ACTIVE
    timestart: int = 0
    timeend: int = 0


@dataclass(frozen=True, slots=True)
class RoleAssignment:
    """`component` and `itemid` say which enrolment method made it; "" and 0: a person."""

    id: int
    roleid: int
    context: Context
    userid: int
    component: str = ""
    itemid: int = 0


@dataclass(frozen=True, slots=True)
class GroupMember:
    userid: int
    timeadded: int
    component: str = ""
    itemid: int = 0


@dataclass(slots=True)
class Group:
    id: int
    courseid: int
    name: str
    idnumber: str = ""
    participation: bool = True
    members: dict[int, GroupMember] = field(default_factory=dict)


@dataclass(slots=True)
class Cohort:
    id: int
    name: str
    idnumber: str = ""
    members: list[int] = field(default_factory=list)
