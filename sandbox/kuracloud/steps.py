"""What each route does with one record of a batch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.kuracloud.dialect import Dialect
from sandbox.kuracloud.refusal import Refusal
from sandbox.kuracloud.roster import NAMES, OPTIONAL, Roster, Student

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

Step = Callable[[Roster, Mapping[str, Any]], Student | None]
"""What a route does with one record of a batch: the student to answer, or None; raises Refusal."""


def add(roster: Roster, record: Mapping[str, Any]) -> Student | None:
    """Add one student and invite her, unless the dialect has another answer to her e-mail."""
    email = record.get("email") or ""
    if not _EMAIL.fullmatch(email) and roster.dialect.invalid_email != "accept":
        if roster.dialect.invalid_email == "skip":
            return None
        raise Refusal(400, f"Invalid email: {email}")
    same = roster.with_email(roster.active, email)
    if same and roster.dialect.duplicate_add != "second":
        return _duplicate(roster.dialect, same)
    gone = roster.with_email(roster.deleted, email)
    if gone and roster.dialect.add_deleted_email == "refuse":
        raise Refusal(400, f"Email belongs to a deleted student: {email}")
    if gone and roster.dialect.add_deleted_email == "revive":
        return roster.change(roster.restore(gone["studentId"]), record)
    student = roster.enter({name: record.get(name) for name in ("email", *NAMES, *OPTIONAL)})
    roster.invited.append((student["email"], student["studentId"]))
    return student


def _duplicate(dialect: Dialect, student: Student) -> Student:
    if dialect.duplicate_add == "existing":
        return student
    raise Refusal(409 if dialect.duplicate_add == "conflict" else 400, f"Email already in use: {student['email']}")


def edit(roster: Roster, record: Mapping[str, Any]) -> Student | None:
    """Give one active student the texts sent; ids, dates and inviteComplete stay."""
    student = roster.active.get(record["studentId"])
    if student is None:
        _check_unknown(roster.dialect, record["studentId"])
        return None
    return roster.change(_edited_email(roster, student, record.get("email")), record)


def _edited_email(roster: Roster, student: Student, email: str | None) -> Student:
    if email is None or email == student["email"] or roster.dialect.edit_email == "ignored":
        return student
    other = roster.with_email(roster.active, email)
    if roster.dialect.edit_email == "refused" or (other and other["studentId"] != student["studentId"]):
        raise Refusal(400, f"Email can't be changed: {email}")
    return roster.change_email(student, email)


def delete(roster: Roster, record: Mapping[str, Any]) -> Student | None:
    """Delete one active student, who can be restored."""
    student_id = record["studentId"]
    if student_id in roster.active:
        return roster.delete(student_id)
    _check_done_already(roster.dialect, roster.deleted, student_id)
    return None


def restore(roster: Roster, record: Mapping[str, Any]) -> Student | None:
    """Make one deleted student active again."""
    student = roster.deleted.get(record["studentId"])
    if student is None:
        _check_done_already(roster.dialect, roster.active, record["studentId"])
        return None
    if roster.dialect.restore_taken_email == "refuse" and roster.with_email(roster.active, student["email"]):
        raise Refusal(400, f"Email already in use: {student['email']}")
    return roster.restore(student["studentId"])


def _check_done_already(dialect: Dialect, there: Mapping[int, Student], student_id: int) -> None:
    if student_id not in there or dialect.done_already == "unknown":
        _check_unknown(dialect, student_id)


def _check_unknown(dialect: Dialect, student_id: int) -> None:
    if dialect.unknown_student == "refuse":
        raise Refusal(404, f"Unknown student: {student_id}")
