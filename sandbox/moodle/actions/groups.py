"""Groups and their members."""

from __future__ import annotations

from sandbox.moodle.core import Core, action
from sandbox.moodle.records import Context, Group, GroupMember


class GroupActions(Core):
    @action
    def create_group(self, course: int, name: str, idnumber: str = "", participation: bool = True) -> int:
        """Make a group in a course."""
        self._course_context(course)
        group = Group(self.site.next_id("groups"), course, name, idnumber, participation)
        self.site.groups.add(group)
        self._raise_event("group_created", self._course_context(course), str(group.id))
        return group.id

    @action
    def rename_group(self, group: int, name: str) -> None:
        """Give a group another name."""
        row = self.site.groups[group]
        row.name = name
        self._raise_event("group_updated", self._course_context(row.courseid), str(group))

    @action
    def delete_group(self, group: int) -> None:
        """Delete a group; its members leave without an event (contracts/moodle.md 4)."""
        row = self.site.groups[group]
        self.site.groups.remove(row)
        self._raise_event("group_deleted", self._course_context(row.courseid), str(group))

    @action
    def join_group(self, user: int, group: int) -> None:
        """Add somebody who is enrolled to a group; raises ValueError for anybody else."""
        self._join(user, self.site.groups[group])

    @action
    def leave_group(self, user: int, group: int) -> None:
        """Take somebody out of a group."""
        self._leave(user, self.site.groups[group])

    def _join(self, user: int, group: Group, component: str = "", itemid: int = 0) -> None:
        if not self.site.enrolments.is_enrolled(group.courseid, user):
            raise ValueError(f"user {user} is not enrolled in course {group.courseid}")
        if user in group.members:
            return
        self.site.groups.join(group, GroupMember(user, self._time(), component, itemid))
        other = {"component": component, "itemid": str(itemid) if component else 0}
        self._raise_event("group_member_added", self._course_context(group.courseid), str(group.id), str(user), other)

    def _leave(self, user: int, group: Group) -> None:
        self.site.groups.leave(group, user)
        self._raise_event("group_member_removed", self._course_context(group.courseid), str(group.id), str(user))

    def _course_context(self, course: int) -> Context:
        return self.site.courses[course].context
