"""Deleting courses and getting them back from the recycle bin: as new courses (contracts/moodle.md 4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import uuid4

from sandbox.moodle.actions.courses import CourseActions
from sandbox.moodle.core import action
from sandbox.moodle.events import ACTOR, NEW_COURSE
from sandbox.moodle.records import Course, EnrolInstance, Group, GroupMember, RoleAssignment, UserEnrolment
from sandbox.moodle.tables.gradebook import GradeItem

AUTOMATED = 50
"""The mode of a backup that Moodle makes by itself, as for its recycle bin."""


@dataclass(frozen=True, slots=True)
class BinItem:
    """A deleted course as it was; rows keep their old ids, `instances`, `groups` and `grade_items` are copies."""

    id: int
    course: Course
    instances: list[EnrolInstance]
    enrolments: list[UserEnrolment]
    assignments: list[RoleAssignment]
    groups: list[Group]
    grade_items: list[GradeItem]


class RecycleBinActions(CourseActions):
    def __init__(self) -> None:
        super().__init__()
        self._bin: dict[int, BinItem] = {}

    @action
    def delete_course(self, course: int, recycle: bool = True) -> None:
        """Delete a course, by default into the recycle bin: everybody's events come first, course_deleted last."""
        row = self.site.courses[course]
        if self.has_plugin:
            self._raise_event("course_deletion_started", row.context, str(course))
        if recycle:
            self._recycle(row)
        self._delete_course(row)

    @action
    def restore_from_recycle_bin(self, course: int) -> int:
        """Bring back a deleted course, named by its old id; gives its NEW id, raises LookupError when there is none."""
        item = self._bin.pop(course)
        old = item.course
        new = self._add_course(old.fullname, old.shortname, old.idnumber, old.category)
        new.groupmode, new.visible, new.startdate, new.enddate = old.groupmode, old.visible, old.startdate, old.enddate
        self._restore_members(item, new)
        section = str(self.site.next_id("course_sections"))
        self._raise_event("course_section_updated", new.context, section, other={"sectionnum": "0"})
        self._restore_gradebook(item.grade_items, new.id)
        self._restored_event(old, new)
        for done in ("restored", "deleted"):
            self._bin_event(done, old, str(item.id))
        return new.id

    def _recycle(self, course: Course) -> None:
        enrolments = self.site.enrolments
        users = enrolments.user_ids(course.id)
        item = BinItem(
            id=self.site.next_id("tool_recyclebin_category"),
            course=course,
            instances=enrolments.instances_of(course.id),
            enrolments=[row for user in users for row in enrolments.of(course.id, user)],
            assignments=[row for user in users for row in self.site.roles.assigned(course.context, user)],
            groups=[replace(group, members=dict(group.members)) for group in self.site.groups.of_course(course.id)],
            grade_items=[replace(row, grades=dict(row.grades)) for row in self.site.gradebook.of_course(course.id)],
        )
        self._bin[course.id] = item
        self._backup_event(course)
        self._bin_event("created", course, item.id)

    def _backup_event(self, course: Course) -> None:
        how = {"format": "moodle2", "mode": AUTOMATED, "interactive": False, "type": "course", "backupid": uuid4().hex}
        self._raise_event("course_backup_created", course.context, str(course.id), other=how)

    def _restore_members(self, item: BinItem, new: Course) -> None:
        """First everybody is enrolled, then in the groups, then has a role, as Moodle 4.5 does it."""
        renewed = {old.id: self._add_method(new.id, self._copied(old, new)) for old in item.instances}
        for row in filter(self._has_account, item.enrolments):
            self._enrol(row.userid, renewed[row.enrolid], row.timestart, row.timeend, row.status)
        self._restore_groups(item, new)
        for role in filter(self._has_account, item.assignments):
            itemid = renewed[role.itemid].id if role.component else 0
            self._assign(role.userid, new.context, role.roleid, role.component, itemid, restoring=True)

    def _copied(self, old: EnrolInstance, new: Course) -> EnrolInstance:
        return replace(old, id=self.site.next_id("enrol"), courseid=new.id, groupid=None)

    def _restore_groups(self, item: BinItem, new: Course) -> None:
        """Moodle tells of the members, and nothing of the groups."""
        for old in item.groups:
            group = Group(self.site.next_id("groups"), new.id, old.name, old.idnumber, old.participation)
            self.site.groups.add(group)
            for member in filter(self._has_account, old.members.values()):
                self._join(member.userid, group)

    def _has_account(self, row: UserEnrolment | RoleAssignment | GroupMember) -> bool:
        return not self.site.users[row.userid].deleted

    def _restored_event(self, old: Course, new: Course) -> None:
        how = {"type": "course", "target": NEW_COURSE, "mode": AUTOMATED, "operation": "restore", "samesite": True}
        other = {**how, "originalcourseid": str(old.id)}
        self._raise_event("course_restored", new.context, new.id, other=other, userid=ACTOR)

    def _bin_event(self, done: str, course: Course, id: int | str) -> None:
        self._raise_event(f"category_bin_item_{done}", self.site.categories[course.category].context, id)
