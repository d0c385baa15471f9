"""One simulated kuraCloud course."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.kuracloud.batch import Batch
from sandbox.kuracloud.grades import Gradebook, Lesson
from sandbox.kuracloud.roster import Roster, Student
from sandbox.kuracloud.steps import Step

Invite = tuple[int, str, int]
"""An invite e-mail: courseId, address, studentId."""


@dataclass(slots=True)
class Course:
    """A course with its students and grades.

    `present` is False while the course is deleted; `invites` is the instance's list, which the course adds to.
    """

    course_id: int
    name: str
    code: str
    lms_enabled: bool
    roster: Roster
    invites: list[Invite]
    present: bool = True
    grades: Gradebook = field(default_factory=Gradebook)

    def run(self, step: Step, records: list[dict[str, Any]]) -> list[Student]:
        """Do a batch as it came over HTTP; raises Refusal, and then what the dialect says of a refused batch holds."""
        batch = Batch(self.roster)
        try:
            return batch.run(step, records)
        finally:
            self.keep(batch.roster)

    def keep(self, roster: Roster) -> None:
        """Take a changed roster for the present one: its invites go out, its restored students may lose grades."""
        restored = self.roster.deleted.keys() & roster.active.keys()
        if restored and roster.dialect.restored_grades == "lost":
            self.grades.forget(restored)
        self.invites.extend((self.course_id, email, student_id) for email, student_id in roster.invited)
        roster.invited.clear()
        self.roster = roster

    def exported(self) -> list[Lesson]:
        """What an export shows now."""
        return self.grades.exported(self.roster.active, self.roster.deleted, self.roster.dialect)

    def as_json(self) -> dict[str, Any]:
        """The course as kuraCloud answers it (contracts/kuracloud-v2.md)."""
        return {
            "courseId": self.course_id,
            "name": self.name,
            "courseCode": self.code,
            "lmsEnabled": self.lms_enabled,
        }
