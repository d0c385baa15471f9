"""The students of one simulated course, and how they are kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, cast

from sandbox.kuracloud.dialect import Dialect

NAMES = ("givenName", "familyName")
OPTIONAL = ("externalStudentId", "section")


class Student(TypedDict):
    """A student as kuraCloud answers it (contracts/kuracloud-v2.md)."""

    studentId: int
    email: str
    givenName: str
    familyName: str
    inviteComplete: bool
    createdDate: int
    externalStudentId: str | None
    section: str | None


@dataclass(slots=True)
class Roster:
    """Active and deleted students by id, in the order they came; students are replaced, never changed in place."""

    dialect: Dialect
    next_id: Callable[[], int]
    active: dict[int, Student] = field(default_factory=dict)
    deleted: dict[int, Student] = field(default_factory=dict)
    invited: list[tuple[str, int]] = field(default_factory=list)

    def holds(self, student_id: int) -> bool:
        """Whether a student, active or deleted, has this id."""
        return student_id in self.active or student_id in self.deleted

    def copy(self) -> Roster:
        """The same students, to try a batch on."""
        return Roster(self.dialect, self.next_id, dict(self.active), dict(self.deleted), list(self.invited))

    def enter(self, record: Mapping[str, Any]) -> Student:
        """Make a new active student of the record; nobody is invited."""
        now = time.time() * (1000 if self.dialect.created_date == "milliseconds" else 1)
        student = {
            "studentId": record.get("studentId") or self.next_id(),
            "email": self._kept_email(record.get("email") or ""),
            "inviteComplete": bool(record.get("inviteComplete")),
            "createdDate": record.get("createdDate") or int(now),
            **self._kept_texts({name: record.get(name) for name in (*NAMES, *OPTIONAL)}),
        }
        return self.keep(cast(Student, student))

    def keep(self, student: Student) -> Student:
        """Put an active student in the place of the one with the same id."""
        self.active[student["studentId"]] = student
        return student

    def change(self, student: Student, record: Mapping[str, Any]) -> Student:
        """Give an active student the texts that the record has, but no other e-mail."""
        return self.keep(cast(Student, {**student, **self._kept_texts(record)}))

    def change_email(self, student: Student, email: str) -> Student:
        """Give an active student another e-mail."""
        return self.keep({**student, "email": self._kept_email(email)})

    def delete(self, student_id: int) -> Student:
        """Move an active student to the deleted ones; raises KeyError."""
        self.deleted[student_id] = self.active.pop(student_id)
        return self.deleted[student_id]

    def restore(self, student_id: int) -> Student:
        """Move a deleted student to the active ones; raises KeyError."""
        return self.keep(self.deleted.pop(student_id))

    def with_email(self, students: Mapping[int, Student], email: str) -> Student | None:
        """The last of some students who has this e-mail, as the dialect compares."""
        wanted = self._email_key(email)
        matching = [student for student in students.values() if self._email_key(student["email"]) == wanted]
        return matching[-1] if matching else None

    def _email_key(self, email: str) -> str:
        return email.lower() if self.dialect.email_match == "any_case" else email

    def _kept_email(self, email: str) -> str:
        return email.lower() if self.dialect.email_kept == "lower_case" else email

    def _kept_texts(self, record: Mapping[str, Any]) -> dict[str, str | None]:
        names = {name: self._kept_text(record[name]) for name in NAMES if name in record}
        empty = None if self.dialect.empty_text == "null" else ""
        return {**names, **{name: self._kept_text(record[name]) or empty for name in OPTIONAL if name in record}}

    def _kept_text(self, text: str | None) -> str:
        kept = (text or "").strip() if self.dialect.texts_trimmed else text or ""
        return kept[: self.dialect.text_maximum]
