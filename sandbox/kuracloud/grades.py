"""Published lessons with their grades in one simulated course, and exports of them."""

from __future__ import annotations

import copy
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.kuracloud.dialect import Dialect

Lesson = dict[str, Any]
"""A lesson as an export shows it (contracts/kuracloud-v2.md)."""


class Gradebook:
    """The lessons of one course, complete: what an export leaves out is decided when it is made."""

    def __init__(self) -> None:
        self.lessons: list[Lesson] = []

    def lesson(self, lesson_id: int) -> Lesson:
        """The lesson; raises LookupError."""
        return _one(self.lessons, "publishedLessonId", lesson_id)

    def revision(self, revision_id: int) -> dict[str, Any]:
        """The revision, of whichever lesson; raises LookupError."""
        return _one(list(_revisions(self.lessons)), "publishedRevisionId", revision_id)

    def add_lesson(self, lesson_id: int, title: str) -> None:
        """Publish a lesson without revisions."""
        self.lessons.append(
            {
                "publishedContentId": lesson_id * 10,
                "publishedLessonId": lesson_id,
                "publishedLessonTitle": title,
                "gradedPublishedRevisions": [],
            }
        )

    def add_revision(self, lesson_id: int, revision_id: int, title: str, maximums: Mapping[str, float]) -> None:
        """Publish a revision; `maximums` gives each question's maximum grade by its id."""
        self.lesson(lesson_id).setdefault("gradedPublishedRevisions", []).append(
            {
                "publishedRevisionId": revision_id,
                "publishedRevisionTitle": title,
                "questions": [{"questionId": name, "maxGrade": maximum} for name, maximum in maximums.items()],
                "studentGrades": [],
            }
        )

    def grade(
        self, revision_id: int, student_id: int, grades: Mapping[str, float | None], offset: float | None
    ) -> None:
        """Give a student these grades in the revision, beside those she has."""
        questions = [{"questionId": name, "questionGrade": grade} for name, grade in grades.items()]
        row = {"studentId": student_id, "gradeOffset": offset, "questionGrades": questions}
        self.revision(revision_id).setdefault("studentGrades", []).append(row)

    def ungrade(self, revision_id: int, student_id: int) -> None:
        """Drop a student's grades in one revision."""
        revision = self.revision(revision_id)
        rows = revision.get("studentGrades", [])
        revision["studentGrades"] = [row for row in rows if row["studentId"] != student_id]

    def remove_revision(self, revision_id: int) -> None:
        """Drop a revision, and its lesson with the last one."""
        revision = self.revision(revision_id)
        lesson = next(each for each in self.lessons if revision in each.get("gradedPublishedRevisions", []))
        lesson["gradedPublishedRevisions"].remove(revision)
        if not lesson["gradedPublishedRevisions"]:
            self.lessons.remove(lesson)

    def forget(self, student_ids: Container[int]) -> None:
        """Drop every grade of these students."""
        self.lessons = _without(self.lessons, student_ids)

    def exported(self, active: Iterable[int], deleted: Container[int], dialect: Dialect) -> list[Lesson]:
        """What an export shows, as a copy."""
        lessons = copy.deepcopy(self.lessons)
        if dialect.deleted_in_export == "absent":
            lessons = _without(lessons, deleted)
        for revision in _revisions(lessons):
            if dialect.ungraded_students == "null":
                revision["studentGrades"] = [*revision.get("studentGrades", []), *_null_rows(revision, active)]
            if dialect.no_offset == "zero":
                for row in revision.get("studentGrades", []):
                    row["gradeOffset"] = row["gradeOffset"] or 0
        return [_without_empty(lesson) for lesson in lessons] if dialect.empty_grades == "missing" else lessons


@dataclass(slots=True)
class Export:
    """One export of a course's grades, as they were when it was asked for.

    `polls` more polls find it waiting, None: all of them.
    """

    course_id: int
    lessons: list[Lesson]
    polls: int | None
    fails: bool

    def poll(self, dialect: Dialect) -> str:
        """The status to answer now."""
        if self.polls is None:
            return dialect.waiting_status
        if self.polls > 0:
            self.polls -= 1
            return dialect.waiting_status
        return dialect.failed_status if self.fails else "SUCCEEDED"

    def is_running(self, course_id: int) -> bool:
        """Whether it is one of this course and not ready yet."""
        return self.course_id == course_id and self.polls != 0

    @property
    def ready(self) -> bool:
        """Whether it can be downloaded."""
        return self.polls == 0 and not self.fails


def _one(entries: Sequence[dict[str, Any]], key: str, wanted: int) -> dict[str, Any]:
    for entry in entries:
        if entry[key] == wanted:
            return entry
    raise LookupError(f"no {key} {wanted}")


def _revisions(lessons: Sequence[Lesson]) -> Iterator[dict[str, Any]]:
    return (revision for lesson in lessons for revision in lesson.get("gradedPublishedRevisions", []))


def _null_rows(revision: dict[str, Any], students: Iterable[int]) -> Iterator[dict[str, Any]]:
    """A row for each of the students who has none."""
    graded = {row["studentId"] for row in revision.get("studentGrades", [])}
    for student in students:
        if student not in graded:
            questions = [{"questionId": each["questionId"], "questionGrade": None} for each in revision["questions"]]
            yield {"studentId": student, "gradeOffset": None, "questionGrades": questions}


def _without(lessons: list[Lesson], student_ids: Container[int]) -> list[Lesson]:
    lessons = copy.deepcopy(lessons)
    for revision in _revisions(lessons):
        if "studentGrades" in revision:
            rows = revision["studentGrades"]
            revision["studentGrades"] = [row for row in rows if row["studentId"] not in student_ids]
    return lessons


def _without_empty(lesson: Lesson) -> Lesson:
    shown = {name: value for name, value in lesson.items() if value != []}
    if "gradedPublishedRevisions" in shown:
        shown["gradedPublishedRevisions"] = [
            {name: value for name, value in revision.items() if (name, value) != ("studentGrades", [])}
            for revision in shown["gradedPublishedRevisions"]
        ]
    return shown
