"""How each action becomes a request to kuraCloud, and how to see on its side whether it was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Generic, TypeVar

from app.clients.kuracloud import KuraCloudClient
from app.planning import actions as act
from app.planning.sameness import email_key
from app.sync.read import KuraCloudReading
from schemas.kuracloud import NewStudent, Student

A = TypeVar("A", act.Add, act.Edit, act.Restore, act.Delete, act.RemoveUnmanaged)


@dataclass(frozen=True, slots=True)
class Write(Generic[A]):
    """One kind of request: `send` makes it, `undone` tells from a later reading that it was not carried out."""

    operation: str
    send: Callable[[KuraCloudClient, int, Sequence[A], Mapping[int, Student]], object]
    undone: Callable[[A, KuraCloudReading], bool]
    subject: Callable[[A], dict[str, Any]]


def _add(client: KuraCloudClient, course_id: int, batch: Sequence[act.Add], _: Mapping[int, Student]) -> object:
    return client.add_students(course_id, [NewStudent(**asdict(action.profile)) for action in batch])


def _edit(client: KuraCloudClient, course_id: int, batch: Sequence[act.Edit], known: Mapping[int, Student]) -> object:
    return client.edit_students(course_id, [edited(known[action.studentid], action) for action in batch])


def _restore(client: KuraCloudClient, course_id: int, batch: Sequence[act.Restore], _: Mapping[int, Student]) -> object:
    return client.restore_students(course_id, [action.studentid for action in batch])


def _delete(
    client: KuraCloudClient, course_id: int, batch: Sequence[act.Delete | act.RemoveUnmanaged], _: Mapping[int, Student]
) -> object:
    return client.delete_students(course_id, [action.studentid for action in batch])


def edited(student: Student, action: act.Edit) -> Student:
    """The student as read just before, with the changed fields (design.md 5, Fields)."""
    return replace(student, **{field: after for field, _, after in action.changes})


def with_address(students: Sequence[Student], address: str) -> list[Student]:
    """Students who show an address."""
    return [student for student in students if email_key(student.email) == email_key(address)]


def _not_added(action: act.Add, reading: KuraCloudReading) -> bool:
    return not with_address(reading.students, action.profile.email)


def _not_edited(action: act.Edit, reading: KuraCloudReading) -> bool:
    shown = {student.student_id: student for student in reading.students}.get(action.studentid)
    return shown is not None and any(getattr(shown, field) == before for field, before, _ in action.changes)


def _not_active(action: act.Restore, reading: KuraCloudReading) -> bool:
    return action.studentid not in {student.student_id for student in reading.students}


def _still_active(action: act.Delete | act.RemoveUnmanaged, reading: KuraCloudReading) -> bool:
    return action.studentid in {student.student_id for student in reading.students}


ADD = Write[act.Add]("add_students", _add, _not_added, lambda action: {"userid": action.userid, **asdict(action.profile)})
EDIT = Write[act.Edit](
    "edit_students",
    _edit,
    _not_edited,
    lambda action: {
        "userid": action.userid,
        "studentid": action.studentid,
        "before": {field: before for field, before, _ in action.changes},
        "after": {field: after for field, _, after in action.changes},
    },
)
RESTORE = Write[act.Restore]("restore_students", _restore, _not_active, lambda action: asdict(action))
DELETE = Write[act.Delete]("delete_students", _delete, _still_active, lambda action: asdict(action))
REMOVE = Write[act.RemoveUnmanaged]("delete_students", _delete, _still_active, lambda action: asdict(action))
