"""Cohorts and their synchronisation into courses."""

from __future__ import annotations

from sandbox.moodle.actions.enrolments import EnrolmentActions
from sandbox.moodle.core import action
from sandbox.moodle.records import Cohort, EnrolInstance


class CohortActions(EnrolmentActions):
    @action
    def create_cohort(self, name: str, idnumber: str = "") -> int:
        """Make a cohort of the site."""
        cohort = Cohort(self.site.next_id("cohort"), name, idnumber)
        self.site.cohorts[cohort.id] = cohort
        self._raise_event("cohort_created", self.site.system, cohort.id)
        return cohort.id

    @action
    def add_to_cohort(self, user: int, cohort: int) -> None:
        """Add somebody to a cohort, and so to every course it is synchronised into."""
        members = self.site.cohorts[cohort].members
        if user in members:
            return
        members.append(user)
        self._raise_event("cohort_member_added", self.site.system, cohort, str(user))
        for instance in self._synchronised(cohort):
            self._synchronise(instance, [user])

    @action
    def remove_from_cohort(self, user: int, cohort: int) -> None:
        """Take somebody out of a cohort, and so out of its courses."""
        self.site.cohorts[cohort].members.remove(user)
        self._raise_event("cohort_member_removed", self.site.system, cohort, str(user))
        for instance in self._synchronised(cohort):
            if enrolment := self.site.enrolments.get(instance, user):
                self._unenrol(enrolment)

    @action
    def delete_cohort(self, cohort: int) -> None:
        """Delete a cohort: its enrolments go, no member is reported as removed (contracts/moodle.md 4)."""
        del self.site.cohorts[cohort]
        self._raise_event("cohort_deleted", self.site.system, str(cohort))
        for instance in self._synchronised(cohort):
            self._delete_method(instance)

    @action
    def cohort_enrolment(self, cohort: int, course: int, group: int | None = None, role: str = "student") -> int:
        """Synchronise a cohort into a course, optionally into a group; gives the id of the enrol instance."""
        members = list(self.site.cohorts[cohort].members)
        roleid = self.site.roles.named(role).id
        id = self.site.next_id("enrol")
        instance = EnrolInstance(id, course, "cohort", cohortid=cohort, groupid=group, roleid=roleid)
        self._add_method(course, instance)
        self._synchronise(instance, members)
        return id

    def _synchronised(self, cohort: int) -> list[EnrolInstance]:
        return [row for row in self.site.enrolments.instances.values() if row.cohortid == cohort]

    def _synchronise(self, instance: EnrolInstance, users: list[int]) -> None:
        context = self._course_context(instance.courseid)
        for user in users:
            self._enrol(user, instance)
        for user in users:
            self._assign(user, context, instance.roleid or 0, "enrol_cohort", instance.id)
        if instance.groupid and (group := self.site.groups.get(instance.groupid)):
            for user in users:
                self._join(user, group, "enrol_cohort", instance.id)
