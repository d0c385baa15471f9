"""A kuraCloud that does exactly what it is told, and links kept as a run keeps them: to try planning alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from app.planning.actions import (
    Action,
    Add,
    Delete,
    Edit,
    EndLink,
    Link,
    Profile,
    Reinvite,
    Relink,
    RemoveUnmanaged,
    Restore,
)
from app.planning.state import KnownLink, Roster
from schemas.kuracloud import Student


def applied(before: Roster, actions: Iterable[Action]) -> Roster:
    """Both sides after these actions were carried out in order."""
    model = _Model(before)
    for action in actions:
        model.do(action)
    return replace(
        before,
        students=tuple(model.students.values()),
        deleted=tuple(model.deleted.values()),
        links=(*model.links.values(), *model.ended),
    )


class _Model:
    def __init__(self, before: Roster) -> None:
        self.students = {each.student_id: each for each in before.students}
        self.deleted = {each.student_id: each for each in before.deleted}
        self.links = {each.userid: each for each in before.links if not each.ended}
        self.ended = [each for each in before.links if each.ended]

    def do(self, action: Action) -> None:
        """Carry out one action, which must be possible."""
        match action:
            case EndLink(studentid=studentid):
                self._end(studentid)
            case Link(userid, studentid, email) | Relink(userid, studentid, _, email):
                self._tie(userid, studentid, email)
            case Restore(userid, studentid, email):
                self._restore(userid, studentid, email)
            case Edit(_, studentid, changes):
                values: dict[str, Any] = {field: after for field, _, after in changes}
                self.students[studentid] = replace(self.students[studentid], **values)
            case Add(userid, profile):
                self._add(userid, profile)
            case Delete(_, studentid, _):
                self._delete(studentid)
            case Reinvite(userid, studentid, _, profile, restores):
                self._delete(studentid)
                if restores is None:
                    self._add(userid, profile)
                else:
                    self._restore(userid, restores, profile.email)
            case RemoveUnmanaged(studentid, _):
                self._delete(studentid)

    def _add(self, userid: int, profile: Profile) -> None:
        number = max([200, *self.students, *self.deleted]) + 1
        self.students[number] = Student(
            student_id=number, invite_complete=False, created_date=number, **asdict(profile)
        )
        self._tie(userid, number, profile.email)

    def _restore(self, userid: int, studentid: int, email: str) -> None:
        self.students[studentid] = self.deleted.pop(studentid)
        self._tie(userid, studentid, email)

    def _delete(self, studentid: int) -> None:
        self.deleted[studentid] = self.students.pop(studentid)
        self._end(studentid)

    def _tie(self, userid: int, studentid: int, email: str) -> None:
        known = self.links.get(userid)
        if known is not None and known.studentid == studentid:
            return
        self._end(studentid)
        if known is not None:
            self._end(known.studentid)
        self.links[userid] = KnownLink(userid, studentid, email, {})

    def _end(self, studentid: int) -> None:
        for userid, known in list(self.links.items()):
            if known.studentid == studentid:
                self.ended.append(replace(self.links.pop(userid), ended=True))
