"""What kuraCloud's export of grades answers (contracts/kuracloud-v2.md): marshmallow in, frozen dataclasses out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from marshmallow import fields, post_load

from schemas.wire import AnswerSchema, Id, Label, Several, Text, read


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a revision, with the points it gives at most."""

    question_id: str
    max_grade: float


@dataclass(frozen=True, slots=True)
class QuestionGrade:
    """A student's points for one question; None: not graded."""

    question_id: str
    grade: float | None


@dataclass(frozen=True, slots=True)
class StudentGrades:
    """One student's row of a revision."""

    student_id: int
    offset: float | None
    questions: tuple[QuestionGrade, ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """One published revision; numbers may be NaN or infinite: what that means is no matter of its shape."""

    revision_id: int
    title: str
    questions: tuple[Question, ...]
    students: tuple[StudentGrades, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One published lesson."""

    lesson_id: int
    title: str
    revisions: tuple[Revision, ...]


class Number(fields.Field[Any]):
    """A number, NaN and the infinite ones among them."""

    default_error_messages = {"invalid": "is not a number", "required": "is missing"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> float:
        if type(value) not in (int, float):
            raise self.make_error("invalid")
        try:
            return float(value)
        except OverflowError:
            return math.copysign(math.inf, value)


def _several(schema: type[AnswerSchema], key: str) -> Several:
    """A list that may be missing."""
    return Several(fields.Nested(schema), data_key=key, load_default=list, allow_none=True)


def _tuples(found: dict[str, Any], *lists: str) -> dict[str, Any]:
    return {**found, **{name: tuple(found[name] or ()) for name in lists}}


class QuestionSchema(AnswerSchema):
    """One of a revision's questions."""

    question_id = Label(data_key="questionId", required=True)
    max_grade = Number(data_key="maxGrade", required=True)

    @post_load
    def _made(self, fields: dict[str, Any], **_: Any) -> Question:
        return Question(**fields)


class QuestionGradeSchema(AnswerSchema):
    """One of a row's question grades."""

    question_id = Label(data_key="questionId", required=True)
    grade = Number(data_key="questionGrade", load_default=None, allow_none=True)

    @post_load
    def _made(self, fields: dict[str, Any], **_: Any) -> QuestionGrade:
        return QuestionGrade(**fields)


class StudentGradesSchema(AnswerSchema):
    """One row of a revision."""

    student_id = Id(data_key="studentId", required=True)
    offset = Number(data_key="gradeOffset", load_default=None, allow_none=True)
    questions = _several(QuestionGradeSchema, "questionGrades")

    @post_load
    def _made(self, fields: dict[str, Any], **_: Any) -> StudentGrades:
        return StudentGrades(**_tuples(fields, "questions"))


class RevisionSchema(AnswerSchema):
    """One of a lesson's revisions."""

    revision_id = Id(data_key="publishedRevisionId", required=True)
    title = Text(data_key="publishedRevisionTitle", load_default="")
    questions = _several(QuestionSchema, "questions")
    students = _several(StudentGradesSchema, "studentGrades")

    @post_load
    def _made(self, fields: dict[str, Any], **_: Any) -> Revision:
        return Revision(**_tuples(fields, "questions", "students"))


class LessonSchema(AnswerSchema):
    """One of an export's lessons."""

    lesson_id = Id(data_key="publishedLessonId", required=True)
    title = Text(data_key="publishedLessonTitle", load_default="")
    revisions = _several(RevisionSchema, "gradedPublishedRevisions")

    @post_load
    def _made(self, fields: dict[str, Any], **_: Any) -> Lesson:
        return Lesson(**_tuples(fields, "revisions"))


class TaskSchema(AnswerSchema):
    """What asking for an export answers."""

    token = Label(data_key="taskToken", required=True)


class StatusSchema(AnswerSchema):
    """How an export is getting on."""

    status = Label(required=True)


_EXPORT = LessonSchema(many=True)
_TASK = TaskSchema()
_STATUS = StatusSchema()


def read_task(answer: object) -> str:
    """The token of an export that was asked for; raises WrongShape."""
    return cast("str", read(_TASK, answer, "an export")["token"])


def read_status(answer: object) -> str:
    """The status of an export, in kuraCloud's words; raises WrongShape."""
    return cast("str", read(_STATUS, answer, "the status of an export")["status"])


def read_export(answer: object) -> list[Lesson]:
    """The lessons of an export; raises WrongShape."""
    return cast("list[Lesson]", read(_EXPORT, answer, "an export of grades"))
