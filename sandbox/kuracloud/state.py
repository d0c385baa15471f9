"""A simulated kuraCloud instance: its state, and what people do in it by hand."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

from sandbox.kuracloud.course import Course, Invite
from sandbox.kuracloud.dialect import Dialect
from sandbox.kuracloud.grades import Export, Lesson
from sandbox.kuracloud.roster import Roster, Student

_FIRST_COURSE = 101
_FIRST_STUDENT = 5001
_FIRST_LESSON = 11


class KuraCloud:
    """kuraCloud v2 as contracts/kuracloud-v2.md has it, and as `dialect` guesses where nobody knows.

    Its public methods are what people do in kuraCloud itself, and raise LookupError for what is not there; what comes
    over HTTP is in app.py. `invites` lists the invite e-mails in order. An export is found waiting `export_polls`
    times, then ready, or failed when it was asked for while `export_fails`.
    """

    def __init__(self, dialect: Dialect | None = None, token: str = "kura-token") -> None:
        self.dialect = dialect or Dialect()
        self.token = token
        self.lms_enabled = True
        self.export_polls: int | None = 1
        self.export_fails = False
        self.courses: dict[int, Course] = {}
        self.exports: dict[str, Export] = {}
        self.invites: list[Invite] = []
        self.lock = threading.RLock()
        self._course_ids = count(_FIRST_COURSE)
        self._student_ids = count(_FIRST_STUDENT)
        self._lesson_ids = count(_FIRST_LESSON)

    def instance(self) -> dict[str, Any]:
        """The instance as GET /v2/instance answers it."""
        return {
            "instanceId": "sandbox",
            "displayName": "Sandbox University",
            "gradingMode": "standard",
            "lmsEnabled": self.lms_enabled,
        }

    def set_instance(self, lmsEnabled: bool) -> None:
        """Switch the LMS integration of the whole instance on or off."""
        self.lms_enabled = lmsEnabled

    def rotate_token(self, new: str) -> None:
        """Take `new` for the token; the old one ends at once."""
        self.token = new

    def set_export(self, polls: int | None = 1, fails: bool = False) -> None:
        """How the exports asked for from now on go; `polls` None: they never end."""
        self.export_polls, self.export_fails = polls, fails

    def add_course(self, name: str, code: str = "", lmsEnabled: bool = True, courseId: int | None = None) -> int:
        """Make a course; returns its courseId."""
        with self.lock:
            course_id = courseId or next(i for i in self._course_ids if i not in self.courses)
            roster = Roster(self.dialect, self._next_id(course_id))
            self.courses[course_id] = Course(course_id, name, code, lmsEnabled, roster, self.invites)
            return course_id

    def set_course(self, courseId: int, **changes: Any) -> None:
        """Change name, courseCode or lmsEnabled of a course."""
        names = {"name": "name", "courseCode": "code", "lmsEnabled": "lms_enabled"}
        with self.lock:
            for field, value in changes.items():
                setattr(self.courses[courseId], names[field], value)

    def remove_course(self, courseId: int) -> None:
        """Delete a course; it can be brought back."""
        self.courses[courseId].present = False

    def bring_back_course(self, courseId: int) -> None:
        """Restore a deleted course with all that it had."""
        self.courses[courseId].present = True

    def students(self, courseId: int) -> list[Student]:
        """The active students."""
        with self.lock:
            return copy.deepcopy(list(self.courses[courseId].roster.active.values()))

    def deleted(self, courseId: int) -> list[Student]:
        """The deleted students."""
        with self.lock:
            return copy.deepcopy(list(self.courses[courseId].roster.deleted.values()))

    def put_student(self, courseId: int, **fields: Any) -> int:
        """Add a student by hand, without an invite; any field of a student may be given. Returns the studentId."""
        with self._by_hand(courseId) as roster:
            return roster.enter({"inviteComplete": True, **fields})["studentId"]

    def edit_student(self, courseId: int, studentId: int, **changes: Any) -> None:
        """Change any field of an active student by hand."""
        with self._by_hand(courseId) as roster:
            student: Any = {**roster.active[studentId], **changes}
            roster.keep(student)

    def delete_student(self, courseId: int, studentId: int) -> None:
        """Delete an active student by hand."""
        with self._by_hand(courseId) as roster:
            roster.delete(studentId)

    def restore_student(self, courseId: int, studentId: int) -> None:
        """Restore a deleted student by hand."""
        with self._by_hand(courseId) as roster:
            roster.restore(studentId)

    def add_lesson(self, courseId: int, title: str, lessonId: int | None = None) -> int:
        """Publish a lesson without revisions; returns its publishedLessonId."""
        with self.lock:
            lesson_id = lessonId or next(self._lesson_ids)
            self.courses[courseId].grades.add_lesson(lesson_id, title)
            return lesson_id

    def add_revision(
        self, courseId: int, lessonId: int, title: str, maximums: Mapping[str, float], revisionId: int | None = None
    ) -> int:
        """Publish a revision with `maximums` (questionId -> maxGrade); returns its publishedRevisionId."""
        with self.lock:
            revision_id = revisionId or next(self._lesson_ids)
            self.courses[courseId].grades.add_revision(lessonId, revision_id, title, maximums)
            return revision_id

    def set_grade(
        self,
        courseId: int,
        revisionId: int,
        studentId: int,
        grades: Mapping[str, float | None],
        offset: float | None = None,
        beside: bool = False,
    ) -> None:
        """Give a student her grades in a revision, by questionId, in place of what she had, or `beside` it."""
        with self.lock:
            gradebook = self.courses[courseId].grades
            if not beside:
                gradebook.ungrade(revisionId, studentId)
            gradebook.grade(revisionId, studentId, grades, offset)

    def remove_grade(self, courseId: int, revisionId: int, studentId: int) -> None:
        """Take a student's row out of a revision."""
        with self.lock:
            self.courses[courseId].grades.ungrade(revisionId, studentId)

    def change_revision(
        self, courseId: int, revisionId: int, title: str | None = None, maximums: Mapping[str, float] | None = None
    ) -> None:
        """Give a revision another title, or other questions; grades stay as they are."""
        with self.lock:
            revision = self.courses[courseId].grades.revision(revisionId)
            if title is not None:
                revision["publishedRevisionTitle"] = title
            if maximums is not None:
                revision["questions"] = [{"questionId": name, "maxGrade": each} for name, each in maximums.items()]

    def remove_revision(self, courseId: int, revisionId: int) -> None:
        """Take a revision back; with the last one its lesson goes."""
        with self.lock:
            self.courses[courseId].grades.remove_revision(revisionId)

    def set_lessons(self, courseId: int, lessons: Sequence[Lesson]) -> None:
        """Put these lessons, in the shape of an export, in place of all."""
        with self.lock:
            self.courses[courseId].grades.lessons = copy.deepcopy(list(lessons))

    def lessons(self, courseId: int) -> list[Lesson]:
        """All lessons, in the shape of an export."""
        with self.lock:
            return copy.deepcopy(self.courses[courseId].grades.lessons)

    def load(self, state: Mapping[str, Any]) -> None:
        """Put `courses`, with `students` and `deleted` by courseId (as recordings/block), in place of all courses."""
        with self.lock:
            self.courses.clear()
            for course in state["courses"]:
                self.add_course(course["name"], course["courseCode"], course["lmsEnabled"], course["courseId"])
            for name in ("students", "deleted"):
                for course_id, students in state[name].items():
                    roster = self.courses[int(course_id)].roster
                    there = roster.active if name == "students" else roster.deleted
                    there.update({student["studentId"]: copy.deepcopy(student) for student in students})

    def state(self) -> dict[str, Any]:
        """The whole state; `courses`, `students` and `deleted` can be given to `load`."""
        with self.lock:
            return {
                "instance": self.instance(),
                "courses": [course.as_json() for course in self.courses.values()],
                "removed": [course.course_id for course in self.courses.values() if not course.present],
                "students": {course_id: self.students(course_id) for course_id in self.courses},
                "deleted": {course_id: self.deleted(course_id) for course_id in self.courses},
                "lessons": {course_id: self.lessons(course_id) for course_id in self.courses},
                "invites": list(self.invites),
            }

    @contextmanager
    def _by_hand(self, course_id: int) -> Iterator[Roster]:
        with self.lock:
            course = self.courses[course_id]
            roster = course.roster.copy()
            yield roster
            course.keep(roster)

    def _next_id(self, course_id: int) -> Callable[[], int]:
        if self.dialect.student_ids == "per_course":
            return partial(self._unused_id, count(_FIRST_STUDENT), course_id)
        return partial(self._unused_id, self._student_ids, None)

    def _unused_id(self, ids: Iterator[int], course_id: int | None) -> int:
        courses = self.courses.values() if course_id is None else [self.courses[course_id]]
        return next(i for i in ids if not any(course.roster.holds(i) for course in courses))
