"""Groups of courses and their members."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sandbox.moodle.records import Group, GroupMember


class Groups:
    def __init__(self) -> None:
        self._rows: dict[int, Group] = {}
        self._of_course: dict[int, dict[int, Group]] = defaultdict(dict)
        self._of_user: dict[tuple[int, int], dict[int, Group]] = defaultdict(dict)

    def add(self, group: Group) -> None:
        """Insert a group."""
        self._rows[group.id] = group
        self._of_course[group.courseid][group.id] = group

    def remove(self, group: Group) -> None:
        """Delete a group with its members."""
        for userid in list(group.members):
            self.leave(group, userid)
        del self._rows[group.id]
        del self._of_course[group.courseid][group.id]

    def join(self, group: Group, member: GroupMember) -> None:
        """Insert a member."""
        group.members[member.userid] = member
        self._of_user[group.courseid, member.userid][group.id] = group

    def leave(self, group: Group, userid: int) -> None:
        """Delete a member."""
        del group.members[userid]
        del self._of_user[group.courseid, userid][group.id]

    def of_course(self, courseid: int) -> list[Group]:
        """The groups of a course by name, as Moodle lists them."""
        return sorted(self._of_course[courseid].values(), key=lambda group: (group.name, group.id))

    def of_user(self, courseid: int, userid: int) -> list[Group]:
        """A user's groups in a course by name, as Moodle lists them."""
        return sorted(self._of_user[courseid, userid].values(), key=lambda group: (group.name, group.id))

    def __getitem__(self, id: int) -> Group:
        return self._rows[id]

    def get(self, id: int) -> Group | None:
        """The group of this id, if there is one."""
        return self._rows.get(id)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._rows.values())
