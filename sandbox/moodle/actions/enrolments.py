"""Enrolling people in courses, and everything that can be done to an enrolment."""

from __future__ import annotations

from dataclasses import asdict

from sandbox.moodle.actions.gradebook import GradebookActions
from sandbox.moodle.actions.roles import RoleActions
from sandbox.moodle.core import action
from sandbox.moodle.events import ACTOR
from sandbox.moodle.records import ACTIVE, DISABLED, ENABLED, SUSPENDED, EnrolInstance, UserEnrolment

BY_HAND = ("manual", "self")
"""Methods whose roles and group memberships look like those made by hand: component "" and itemid 0."""


class EnrolmentActions(RoleActions, GradebookActions):
    @action
    def enrol(
        self,
        user: int,
        course: int,
        role: str | None = "student",
        timestart: int = 0,
        timeend: int = 0,
        status: int = ACTIVE,
        method: str = "manual",
    ) -> None:
        """Enrol somebody; a method the course has not yet is added. Times are seconds since the epoch, 0 for none.

        Raises ValueError for self enrolment in a course that does not allow it (a fresh one does not).
        """
        instance = self._method(course, method)
        if method == "self" and instance.status == DISABLED:
            raise ValueError(f"self enrolment is disabled in course {course}")
        self._enrol(user, instance, timestart, timeend, status)
        if role:
            roleid = self.site.roles.named(role).id
            self._assign(user, self._course_context(course), roleid, *_made_by(instance))

    @action
    def enrol_and_roll_back(self, user: int, course: int, role: str = "student") -> None:
        """Enrol somebody in a transaction that then fails: nothing has changed (contracts/moodle.md 4).

        Plugins that post at once have sent the events; an outbox in the same database has not even kept them.
        """
        if self.site.enrolments.is_enrolled(course, user):
            raise ValueError(f"user {user} is enrolled in course {course} already")
        senders = self.senders
        self.senders = [sender for sender in senders if not sender.in_transaction]
        self.enrol(user, course, role)
        self.senders, count = [], len(self.events)
        self.unenrol(user, course)
        self.senders = senders
        del self.events[count:]

    @action
    def unenrol(self, user: int, course: int, method: str | None = None) -> None:
        """End somebody's enrolment by one method, or by all of them; the last one takes roles and groups along."""
        for enrolment in self.site.enrolments.of(course, user):
            if method in (None, enrolment.enrol):
                self._unenrol(enrolment)

    @action
    def suspend_enrolment(self, user: int, course: int, method: str = "manual") -> None:
        """Suspend an enrolment."""
        self._update(self._enrolment(user, course, method), status=SUSPENDED)

    @action
    def suspend_enrolment_without_roles(self, user: int, course: int, method: str = "flatfile") -> None:
        """Suspend an enrolment and take its roles away, as a flat file does (recordings/moodle/events/storms)."""
        enrolment = self._enrolment(user, course, method)
        self._update(enrolment, status=SUSPENDED)
        self._unassign_all(enrolment, *_made_by(self.site.enrolments.instances[enrolment.enrolid]))

    @action
    def reactivate_enrolment(self, user: int, course: int, method: str = "manual") -> None:
        """Make a suspended enrolment active again."""
        self._update(self._enrolment(user, course, method), status=ACTIVE)

    @action
    def set_dates(self, user: int, course: int, timestart: int = 0, timeend: int = 0, method: str = "manual") -> None:
        """Say when an enrolment begins and ends; no event comes when it then does (contracts/moodle.md 4)."""
        self._update(self._enrolment(user, course, method), timestart=timestart, timeend=timeend)

    @action
    def run_expiry_task(self) -> None:
        """Suspend the enrolments that are over, as Moodle's scheduled task does where it is set up so."""
        now = self._time()
        for enrolment in list(self.site.enrolments):
            if enrolment.status == ACTIVE and 0 < enrolment.timeend < now:
                self._update(enrolment, status=SUSPENDED)

    @action
    def disable_enrol_method(self, course: int, method: str = "manual") -> None:
        """Disable an enrolment method: everybody it enrols is no longer active, and no event says so."""
        self._set_status(course, method, DISABLED)

    @action
    def enable_enrol_method(self, course: int, method: str = "manual") -> None:
        """Enable an enrolment method."""
        self._set_status(course, method, ENABLED)

    def _method(self, course: int, method: str) -> EnrolInstance:
        for instance in self.site.enrolments.instances_of(course):
            if instance.enrol == method:
                return instance
        return self._add_method(course, EnrolInstance(self.site.next_id("enrol"), course, method))

    def _add_method(self, course: int, instance: EnrolInstance) -> EnrolInstance:
        self.site.enrolments.add_instance(instance)
        self._raise_event(
            "enrol_instance_created", self._course_context(course), instance.id, other={"enrol": instance.enrol}
        )
        return instance

    def _delete_method(self, instance: EnrolInstance) -> None:
        for enrolment in self.site.enrolments.by(instance):
            self._unenrol(enrolment)
        self.site.enrolments.remove_instance(instance)
        self._instance_event("enrol_instance_deleted", instance)

    def _set_status(self, course: int, method: str, status: int) -> None:
        for instance in self.site.enrolments.instances_of(course):
            if instance.enrol == method and instance.status != status:
                instance.status = status
                self._instance_event("enrol_instance_updated", instance)

    def _instance_event(self, name: str, instance: EnrolInstance) -> None:
        context = self._course_context(instance.courseid)
        self._raise_event(name, context, str(instance.id), other={"enrol": instance.enrol})

    def _enrol(
        self, user: int, instance: EnrolInstance, timestart: int = 0, timeend: int = 0, status: int = ACTIVE
    ) -> None:
        if self.site.users[user].deleted:
            raise ValueError(f"user {user} is deleted")
        if existing := self.site.enrolments.get(instance, user):
            self._update(existing, timestart=timestart, timeend=timeend, status=status)
            return
        id, now = self.site.next_id("user_enrolments"), self._time()
        self.site.enrolments.add(
            UserEnrolment(
                id, instance.id, user, instance.courseid, instance.enrol, now, now, status, timestart, timeend
            )
        )
        context = self._course_context(instance.courseid)
        self._raise_event("user_enrolment_created", context, id, str(user), {"enrol": instance.enrol})

    def _enrolment(self, user: int, course: int, method: str) -> UserEnrolment:
        for enrolment in self.site.enrolments.of(course, user):
            if enrolment.enrol == method:
                return enrolment
        raise LookupError(f"user {user} is not enrolled in course {course} by {method}")

    def _update(self, enrolment: UserEnrolment, **values: int) -> None:
        if all(getattr(enrolment, name) == value for name, value in values.items()):
            return
        for name, value in values.items():
            setattr(enrolment, name, value)
        enrolment.timemodified = self._time()
        context = self._course_context(enrolment.courseid)
        other = {"enrol": enrolment.enrol}
        self._raise_event("user_enrolment_updated", context, str(enrolment.id), str(enrolment.userid), other)

    def _unenrol(self, enrolment: UserEnrolment) -> None:
        component, itemid = f"enrol_{enrolment.enrol}", enrolment.enrolid
        for group in self.site.groups.of_user(enrolment.courseid, enrolment.userid):
            member = group.members[enrolment.userid]
            if (member.component, member.itemid) == (component, itemid):
                self._leave(enrolment.userid, group)
        self._unassign_all(enrolment, component, itemid)
        self.site.enrolments.remove(enrolment)
        last = not self.site.enrolments.is_enrolled(enrolment.courseid, enrolment.userid)
        if last:
            self._clean_up(enrolment)
        self._deleted_event(enrolment, last)

    def _clean_up(self, enrolment: UserEnrolment) -> None:
        context = self._course_context(enrolment.courseid)
        for row in self.site.roles.assigned(context, enrolment.userid):
            self._unassign(row)
        for group in self.site.groups.of_user(enrolment.courseid, enrolment.userid):
            self._leave(enrolment.userid, group)
        self._lose_grades(enrolment.courseid, enrolment.userid)

    def _unassign_all(self, enrolment: UserEnrolment, component: str, itemid: int) -> None:
        context = self._course_context(enrolment.courseid)
        for row in self.site.roles.assigned(context, enrolment.userid):
            if (row.component, row.itemid) == (component, itemid):
                self._unassign(row)

    def _deleted_event(self, row: UserEnrolment, last: bool) -> None:
        columns = {name: str(value) for name, value in asdict(row).items()}
        other = {"userenrolment": {**columns, "modifierid": str(ACTOR), "lastenrol": last}, "enrol": row.enrol}
        context = self._course_context(row.courseid)
        self._raise_event("user_enrolment_deleted", context, str(row.id), str(row.userid), other)


def _made_by(instance: EnrolInstance) -> tuple[str, int]:
    return ("", 0) if instance.enrol in BY_HAND else (f"enrol_{instance.enrol}", instance.id)
