"""A batch of records as it was sent, and whether all, nothing or part of it is done."""

from __future__ import annotations

from typing import Any

from sandbox.kuracloud.dialect import Dialect
from sandbox.kuracloud.refusal import Refusal
from sandbox.kuracloud.roster import Roster, Student
from sandbox.kuracloud.steps import Step

_TEXTS = ("email", "givenName", "familyName", "externalStudentId", "section")


def students_sent(body: Any, dialect: Dialect, with_ids: bool) -> list[dict[str, Any]]:
    """The records of an add or (`with_ids`) an edit; raises Refusal for what is no list of students."""
    records = _records(body, dialect)
    for record in records:
        if any(not isinstance(record.get(name), str | None) for name in _TEXTS):
            raise Refusal(400, "A student's fields must be texts")
        if with_ids and type(record.get("studentId")) is not int:
            raise Refusal(400, "A studentId is missing")
    return records


def ids_sent(body: Any, dialect: Dialect) -> list[dict[str, Any]]:
    """The records of a delete or restore; raises Refusal for what is no list of {studentId}."""
    records = _records(body, dialect)
    for record in records:
        too_much = dialect.extra_fields == "refuse" and len(record) != 1
        if type(record.get("studentId")) is not int or too_much:
            raise Refusal(400, "Expected a list of {studentId}")
    return records


def _records(body: Any, dialect: Dialect) -> list[dict[str, Any]]:
    if not isinstance(body, list) or not all(isinstance(record, dict) for record in body):
        raise Refusal(400, "Expected a list")
    if dialect.batch_maximum is not None and len(body) > dialect.batch_maximum:
        raise Refusal(400, f"At most {dialect.batch_maximum} records at a time")
    return body


class Batch:
    """Records tried one after another on a copy of the roster.

    After `run`, `roster` is what is to be kept, also when it raised Refusal.
    """

    def __init__(self, roster: Roster) -> None:
        self.roster = roster

    def run(self, step: Step, records: list[dict[str, Any]]) -> list[Student]:
        """Do the records; the students to answer, in the dialect's order. Raises Refusal at the first bad record."""
        dialect, draft = self.roster.dialect, self.roster.copy()
        answered: list[Student] = []
        try:
            for record in records:
                student = step(draft, record)
                if student is not None:
                    answered.append(student)
        except Refusal:
            if dialect.refused_batch == "part_done":
                self.roster = draft
            raise
        self.roster = draft
        return answered if dialect.answer_order == "as_sent" else answered[::-1]
