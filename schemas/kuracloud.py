"""What kuraCloud v2 answers (contracts/kuracloud-v2.md): marshmallow in, frozen dataclasses out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from marshmallow import post_load

from schemas.wire import AnswerSchema, Count, Flag, Id, Label, Text, read


@dataclass(frozen=True, slots=True)
class Instance:
    """GET /v2/instance."""

    instance_id: str
    display_name: str
    grading_mode: str
    lms_enabled: bool


@dataclass(frozen=True, slots=True)
class Course:
    """One of GET /v2/course; deleted courses are absent."""

    course_id: int
    name: str
    course_code: str
    lms_enabled: bool


@dataclass(frozen=True, slots=True)
class Student:
    """A student of a course, as kuraCloud holds it; missing and null texts are ""."""

    student_id: int
    email: str
    given_name: str
    family_name: str
    external_student_id: str
    section: str
    invite_complete: bool
    created_date: int


@dataclass(frozen=True, slots=True)
class NewStudent:
    """A student to be added: kuraCloud sends an invitation to `email`."""

    email: str
    given_name: str
    family_name: str
    external_student_id: str
    section: str


class InstanceSchema(AnswerSchema):
    """GET /v2/instance."""

    instance_id = Label(data_key="instanceId", required=True)
    display_name = Text(data_key="displayName", load_default="")
    grading_mode = Text(data_key="gradingMode", load_default="")
    lms_enabled = Flag(data_key="lmsEnabled", required=True)

    @post_load
    def _made(self, fields: dict[str, Any], **_: Any) -> Instance:
        return Instance(**fields)


class CourseSchema(AnswerSchema):
    """One of GET /v2/course."""

    course_id = Id(data_key="courseId", required=True)
    name = Text(load_default="")
    course_code = Text(data_key="courseCode", load_default="")
    lms_enabled = Flag(data_key="lmsEnabled", required=True)

    @post_load
    def _made(self, fields: dict[str, Any], **_: Any) -> Course:
        return Course(**fields)


class NewStudentSchema(AnswerSchema):
    """One of what POST /v2/course/{courseId}/student takes."""

    given_name = Text(data_key="givenName", load_default="")
    family_name = Text(data_key="familyName", load_default="")
    email = Text(load_default="")
    external_student_id = Text(data_key="externalStudentId", load_default="")
    section = Text(load_default="")


class StudentSchema(NewStudentSchema):
    """One student, read or edited. An edit sends all of it back, so what isn't text may not be made up here."""

    student_id = Id(data_key="studentId", required=True)
    invite_complete = Flag(data_key="inviteComplete", required=True)
    created_date = Count(data_key="createdDate", required=True)

    @post_load
    def _made(self, fields: dict[str, Any], **_: Any) -> Student:
        return Student(**fields)


_INSTANCE = InstanceSchema()
_COURSE = CourseSchema()
_COURSES = CourseSchema(many=True)
_STUDENTS = StudentSchema(many=True)
_NEW_STUDENTS = NewStudentSchema(many=True)


def read_instance(answer: object) -> Instance:
    """An instance; raises WrongShape."""
    return cast("Instance", read(_INSTANCE, answer, "an instance"))


def read_course(answer: object) -> Course:
    """A course; raises WrongShape."""
    return cast("Course", read(_COURSE, answer, "a course"))


def read_courses(answer: object) -> list[Course]:
    """A list of courses; raises WrongShape."""
    return cast("list[Course]", read(_COURSES, answer, "a list of courses"))


def read_students(answer: object) -> list[Student]:
    """A list of students; raises WrongShape."""
    return cast("list[Student]", read(_STUDENTS, answer, "a list of students"))


def read_written(answer: object) -> list[Student]:
    """What add and edit answer: a list of students, or one object when one was sent; raises WrongShape."""
    return read_students([answer] if isinstance(answer, dict) else answer)


def edited(students: Sequence[Student]) -> list[dict[str, Any]]:
    """Whole students, as POST /v2/course/{courseId}/student/edit takes them."""
    return cast("list[dict[str, Any]]", _STUDENTS.dump(students))


def added(students: Sequence[NewStudent]) -> list[dict[str, Any]]:
    """New students, as POST /v2/course/{courseId}/student takes them."""
    return cast("list[dict[str, Any]]", _NEW_STUDENTS.dump(students))
