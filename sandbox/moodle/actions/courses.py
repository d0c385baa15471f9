"""Courses: making, changing and resetting them."""

from __future__ import annotations

from typing import Any

from sandbox.moodle.actions.enrolments import EnrolmentActions
from sandbox.moodle.core import action
from sandbox.moodle.records import COURSE_LEVEL, DISABLED, NO_GROUPS, Context, Course, EnrolInstance

_NEW_COURSE_METHODS = {"manual": False, "guest": True, "self": True}
"""The methods of a fresh course, and whether they are disabled."""
_NOT_UNENROLLED_BY_RESET = "cohort"


class CourseActions(EnrolmentActions):
    @action
    def create_course(
        self, fullname: str, shortname: str, groupmode: int = NO_GROUPS, idnumber: str = "", category: int = 1
    ) -> int:
        """Make a course; raises ValueError when the short name is taken."""
        if any(course.shortname == shortname for course in self.site.courses.values()):
            raise ValueError(f"the short name {shortname!r} is taken")
        course = self._add_course(fullname, shortname, idnumber, category)
        course.groupmode = groupmode
        for method, disabled in _NEW_COURSE_METHODS.items():
            status = DISABLED if disabled else 0
            self._add_method(course.id, EnrolInstance(self.site.next_id("enrol"), course.id, method, status))
        return course.id

    @action
    def rename_course(self, course: int, fullname: str) -> None:
        """Change the full name."""
        self._change_course(course, fullname=fullname)

    @action
    def hide_course(self, course: int) -> None:
        """Hide the course from students."""
        self._change_course(course, visible=False)

    @action
    def show_course(self, course: int) -> None:
        """Show a hidden course."""
        self._change_course(course, visible=True)

    @action
    def move_course(self, course: int, category: int) -> None:
        """Move the course into another category: from now on roles assigned there count."""
        parent = self.site.categories[category].context
        row = self.site.courses[course]
        row.context = Context(row.context.id, COURSE_LEVEL, course, parent)
        self._change_course(course, category=category)

    @action
    def set_course_enddate(self, course: int, enddate: int) -> None:
        """Say when the course ends, in seconds since the epoch; 0 for never. Enrolments stay as they are."""
        self._change_course(course, enddate=enddate)

    @action
    def set_groupmode(self, course: int, groupmode: int) -> None:
        """0 no groups, 1 separate groups, 2 visible groups."""
        self._change_course(course, groupmode=groupmode)

    @action
    def set_needs_regrading(self, course: int, needed: bool = True) -> None:
        """Let the course's grades need regrading, so that its gradable users can't be read (contracts/moodle.md 1)."""
        change = self.needs_regrading.add if needed else self.needs_regrading.discard
        change(course)

    @action
    def reset_course(self, course: int, role: str = "student") -> None:
        """Reset a course: everybody with a role is unenrolled, except by cohort; groups and grades are emptied."""
        context, roleid = self._course_context(course), self.site.roles.named(role).id
        options = {"id": str(course), "courseid": str(course), "reset_start_date": 0, "reset_end_date": 0}
        wanted = {"unenrol_users": [roleid], "reset_groups_members": 1, "reset_gradebook_grades": 1}
        other = {"reset_options": {**options, **wanted}}
        self._raise_event("course_reset_started", context, None, other=other)
        for user in self.site.roles.holders(context):
            if any(row.roleid == roleid for row in self.site.roles.assigned(context, user)):
                self._unenrol_by_reset(course, user)
        self._empty_groups(course)
        self._empty_gradebook(course)
        self._raise_event("course_reset_ended", context, None, other=other)

    def _delete_course(self, course: Course) -> None:
        self._delete_gradebook(course.id)
        for instance in self.site.enrolments.instances_of(course.id):
            self._delete_method(instance)
        for group in self.site.groups.of_course(course.id):
            self.delete_group(group.id)
        names = {"shortname": course.shortname, "fullname": course.fullname}
        self._raise_event("course_content_deleted", course.context, str(course.id), other={**names, "options": []})
        del self.site.courses[course.id]
        other = {**names, "idnumber": course.idnumber}
        self._raise_event("course_deleted", course.context, str(course.id), other=other)

    def _add_course(self, fullname: str, shortname: str, idnumber: str, category: int) -> Course:
        id, parent = self.site.next_id("course"), self.site.categories[category].context
        context = self.site.new_context(COURSE_LEVEL, id, parent)
        course = Course(id, context, fullname, shortname, idnumber, category, timemodified=self._time())
        self.site.courses[id] = course
        names = {"shortname": shortname, "fullname": fullname}
        self._raise_event("course_created", context, str(id), other=names)
        section = self.site.next_id("course_sections")
        self._raise_event("course_section_created", context, section, other={"sectionnum": 0})
        return course

    def _change_course(self, course: int, **values: Any) -> None:
        row = self.site.courses[course]
        for name, value in values.items():
            setattr(row, name, value)
        row.timemodified = self._time()
        fields = {name: str(int(value) if isinstance(value, bool) else value) for name, value in values.items()}
        other = {"shortname": row.shortname, "fullname": row.fullname, "updatedfields": fields}
        self._raise_event("course_updated", row.context, str(course), other=other)

    def _unenrol_by_reset(self, course: int, user: int) -> None:
        for enrolment in self.site.enrolments.of(course, user):
            if enrolment.enrol != _NOT_UNENROLLED_BY_RESET:
                self._unenrol(enrolment)

    def _empty_groups(self, course: int) -> None:
        for group in self.site.groups.of_course(course):
            for member in list(group.members.values()):
                if not member.component:
                    self._leave(member.userid, group)
