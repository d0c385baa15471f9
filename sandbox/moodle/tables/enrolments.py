"""Enrolment methods of courses, and who is enrolled by which of them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator

from sandbox.moodle.records import ACTIVE, ENABLED, EnrolInstance, UserEnrolment


class Enrolments:
    def __init__(self) -> None:
        self.instances: dict[int, EnrolInstance] = {}
        self._methods: dict[int, list[EnrolInstance]] = defaultdict(list)
        self._enrolled: dict[int, dict[int, dict[int, UserEnrolment]]] = defaultdict(dict)
        self._ordered: dict[int, list[int]] = defaultdict(list)
        self._courses: dict[int, dict[int, None]] = defaultdict(dict)

    def add_instance(self, instance: EnrolInstance) -> None:
        """Insert an enrolment method."""
        self.instances[instance.id] = instance
        self._methods[instance.courseid].append(instance)

    def remove_instance(self, instance: EnrolInstance) -> None:
        """Delete an enrolment method that nobody is enrolled by any more."""
        del self.instances[instance.id]
        self._methods[instance.courseid].remove(instance)

    def instances_of(self, courseid: int) -> list[EnrolInstance]:
        """The enrolment methods of a course, oldest first."""
        return list(self._methods[courseid])

    def add(self, enrolment: UserEnrolment) -> None:
        """Insert an enrolment."""
        by_user = self._enrolled[enrolment.courseid]
        if enrolment.userid not in by_user:
            by_user[enrolment.userid] = {}
            insort(self._ordered[enrolment.courseid], enrolment.userid)
            self._courses[enrolment.userid][enrolment.courseid] = None
        by_user[enrolment.userid][enrolment.enrolid] = enrolment

    def remove(self, enrolment: UserEnrolment) -> None:
        """Delete an enrolment."""
        of_user = self._enrolled[enrolment.courseid][enrolment.userid]
        del of_user[enrolment.enrolid]
        if not of_user:
            self._forget(enrolment.courseid, enrolment.userid)

    def get(self, instance: EnrolInstance, userid: int) -> UserEnrolment | None:
        """A user's enrolment by one method."""
        return self._enrolled[instance.courseid].get(userid, {}).get(instance.id)

    def of(self, courseid: int, userid: int) -> list[UserEnrolment]:
        """All enrolments of a user in a course, oldest first."""
        return list(self._enrolled[courseid].get(userid, {}).values())

    def by(self, instance: EnrolInstance) -> list[UserEnrolment]:
        """Everybody's enrolment by one method, by user id."""
        return [found for userid in self._ordered[instance.courseid] if (found := self.get(instance, userid))]

    def user_ids(self, courseid: int) -> list[int]:
        """Everybody enrolled in a course in whatever way, by id."""
        return list(self._ordered[courseid])

    def course_ids(self, userid: int) -> list[int]:
        """The courses somebody is enrolled in."""
        return sorted(self._courses[userid])

    def is_enrolled(self, courseid: int, userid: int) -> bool:
        """Whether there is an enrolment of whatever status."""
        return userid in self._enrolled[courseid]

    def is_active(self, courseid: int, userid: int, now: float) -> bool:
        """Whether an enrolment counts: not suspended, begun, not over, its method enabled (contracts/moodle.md 2)."""
        return any(
            row.status == ACTIVE
            and row.timestart <= now
            and (row.timeend == 0 or row.timeend > now)
            and self.instances[row.enrolid].status == ENABLED
            for row in self._enrolled[courseid].get(userid, {}).values()
        )

    def __iter__(self) -> Iterator[UserEnrolment]:
        return (row for users in self._enrolled.values() for rows in users.values() for row in rows.values())

    def _forget(self, courseid: int, userid: int) -> None:
        del self._enrolled[courseid][userid]
        ordered = self._ordered[courseid]
        del ordered[bisect_left(ordered, userid)]
        del self._courses[userid][courseid]
