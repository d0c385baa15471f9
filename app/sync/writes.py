"""How each action becomes a request to kuraCloud, and how to see on its side whether it was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Generic, TypeVar

from app.clients.kuracloud import KuraCloudClient
from app.planning import actions as act
from app.planning.sameness import email_key
from schemas.kuracloud import NewStudent, Student

A = TypeVar("A", act.Add, act.Edit, act.Restore, act.Delete, act.RemoveUnmanaged)
R = TypeVar("R", act.Delete, act.RemoveUnmanaged)
Known = Mapping[int, Student]  # every student of the course by id, as read just before


@dataclass(frozen=True, slots=True)
class Write(Generic[A]):
    """One kind of request.

    `send` makes it; `undone` picks, by the students shown later, those that were not carried out; `subject` is what the
    audit keeps of one.
    """

    operation: str
    send: Callable[[KuraCloudClient, int, Sequence[A], Known], object]
    undone: Callable[[Sequence[A], Sequence[Student]], list[A]]
    subject: Callable[[A], dict[str, Any]]


def edited(student: Student, action: act.Edit) -> Student:
    """The student as read just before, with the changed fields (design.md 5, Fields)."""
    changes: dict[str, Any] = {field: after for field, _, after in action.changes}
    return replace(student, **changes)


def _add(client: KuraCloudClient, course_id: int, batch: Sequence[act.Add], _: Known) -> object:
    return client.add_students(course_id, [NewStudent(**asdict(action.profile)) for action in batch])


def _edit(client: KuraCloudClient, course_id: int, batch: Sequence[act.Edit], known: Known) -> object:
    return client.edit_students(course_id, [edited(known[action.studentid], action) for action in batch])


def _restore(client: KuraCloudClient, course_id: int, batch: Sequence[act.Restore], _: Known) -> None:
    client.restore_students(course_id, [action.studentid for action in batch])


def _delete(client: KuraCloudClient, course_id: int, batch: Sequence[R], _: Known) -> None:
    client.delete_students(course_id, [action.studentid for action in batch])


def _not_added(batch: Sequence[act.Add], present: Sequence[Student]) -> list[act.Add]:
    shown = {email_key(student.email) for student in present}
    return [action for action in batch if email_key(action.profile.email) not in shown]


def _not_edited(batch: Sequence[act.Edit], present: Sequence[Student]) -> list[act.Edit]:
    shown = {student.student_id: student for student in present}
    return [action for action in batch if action.studentid in shown and _as_before(action, shown[action.studentid])]


def _as_before(action: act.Edit, student: Student) -> bool:
    return any(getattr(student, field) == before for field, before, _ in action.changes)


def _not_restored(batch: Sequence[act.Restore], present: Sequence[Student]) -> list[act.Restore]:
    active = {student.student_id for student in present}
    return [action for action in batch if action.studentid not in active]


def _not_deleted(batch: Sequence[R], present: Sequence[Student]) -> list[R]:
    active = {student.student_id for student in present}
    return [action for action in batch if action.studentid in active]


def _add_subject(action: act.Add) -> dict[str, Any]:
    return {"userid": action.userid, **asdict(action.profile)}


def _edit_subject(action: act.Edit) -> dict[str, Any]:
    before = {field: value for field, value, _ in action.changes}
    after = {field: value for field, _, value in action.changes}
    return {"userid": action.userid, "studentid": action.studentid, "before": before, "after": after}


ADD: Write[act.Add] = Write("add_students", _add, _not_added, _add_subject)
EDIT: Write[act.Edit] = Write("edit_students", _edit, _not_edited, _edit_subject)
RESTORE: Write[act.Restore] = Write("restore_students", _restore, _not_restored, asdict)
DELETE: Write[act.Delete] = Write("delete_students", _delete, _not_deleted, asdict)
REMOVE: Write[act.RemoveUnmanaged] = Write("delete_students", _delete, _not_deleted, asdict)
