"""What kuraCloud v2 answers (contracts/kuracloud-v2.md): marshmallow in, frozen dataclasses out."""

from __future__ import annotations

from dataclasses import dataclass


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
