"""What a roster plan is made from, and what comes out: plain values, read by others, changed by nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.planning.actions import Action
from app.planning.rules import Rules
from app.planning.sameness import Echo, email_key, erased_address, text_key
from app.planning.students import Member
from schemas.kuracloud import Student


@dataclass(frozen=True, slots=True)
class KnownLink:
    """A student link as stored; `ended` links are history and never end."""

    userid: int
    studentid: int
    email: str
    echo: Echo
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Roster:
    """Both sides of a mapping at one moment, and what kurasync remembers of them.

    `done` counts, per fingerprint, how often an action was done in the last 24 hours; `refused` has the digests of
    actions that kuraCloud refused and that have not changed since. `excluded` are Moodle users who are left alone,
    members or not, and `kept` students who are not removed though they belong to nobody.
    """

    members: tuple[Member, ...]
    students: tuple[Student, ...]
    deleted: tuple[Student, ...]
    links: tuple[KnownLink, ...]
    rules: Rules
    done: Mapping[str, int] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    excluded: frozenset[int] = frozenset()
    kept: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Conflict:
    """What no rule decides, and everybody it names: nothing is done to any of them (design.md 4, invariant 8)."""

    kind: str
    message: str
    userids: tuple[int, ...] = ()
    studentids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions that would bring a mapping in step, in the order in which they are done.

    `lost` is the number of active links whose student is in neither list; `links` the number of active links.
    """

    actions: tuple[Action, ...]
    conflicts: tuple[Conflict, ...]
    lost: int = 0
    links: int = 0


class Memory:
    """A roster's sides by id and by address, and who ever had which student or address."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self.students = {student.student_id: student for student in roster.students}
        self.deleted = {student.student_id: student for student in roster.deleted}
        self.members = {member.userid: member for member in roster.members}
        self.excluded = roster.excluded
        self.link_of_user = {link.userid: link for link in roster.links if not link.ended}
        self.link_of_student = {link.studentid: link for link in roster.links if not link.ended}

    def student(self, studentid: int) -> Student | None:
        """The student, active or deleted."""
        return self.students.get(studentid) or self.deleted.get(studentid)

    def knows(self, studentid: int) -> bool:
        """Whether kuraCloud has the student, active or deleted."""
        return self.student(studentid) is not None

    def has_left(self, userid: int) -> bool:
        """Whether a user's student may be removed or given to a newcomer; never where the user is excluded."""
        return userid not in self.members and userid not in self.excluded

    def is_of_excluded(self, student: Student) -> bool:
        """Whether a student is, or could turn out to be, an excluded user's: hers now or once, or with her address."""
        if not self.excluded:
            return False
        link = self.link_of_student.get(student.student_id)
        if link is not None and not self.has_left(link.userid):
            return link.userid in self.excluded
        once_hers = not self.excluded.isdisjoint(self._users_of_student.get(student.student_id, ()))
        left_behind = link is not None and text_key(student.external_student_id) in self._excluded_idnumbers
        return once_hers or left_behind or email_key(student.email) in self._excluded_addresses

    def others_of_student(self, studentid: int, userid: int) -> set[int]:
        """Everybody else who was ever linked to the student."""
        return self._users_of_student.get(studentid, set()) - {userid}

    def others_of_address(self, address: str, userid: int) -> set[int]:
        """Everybody else whose student ever had the address: at linking, or now."""
        known = self._users_of_address
        return (known.get(email_key(address), set()) | known.get(erased_address(address), set())) - {userid}

    def was_linked(self, userid: int, studentid: int) -> bool:
        """Whether this user ever had this student."""
        return userid in self._users_of_student.get(studentid, set())

    def active_with(self, address: str) -> list[Student]:
        """Active students who show the address, in the order of their ids."""
        found = self._active_by_address.get(email_key(address), [])
        return sorted(found, key=lambda student: student.student_id)

    def deleted_with(self, address: str) -> list[Student]:
        """Deleted students who show the address, the newest first."""
        found = self._deleted_by_address.get(email_key(address), [])
        return sorted(found, key=lambda student: (student.created_date, student.student_id), reverse=True)

    def left_behind(self, idnumber: str) -> list[Student]:
        """Active students with this ID number whose linked user left the course, in the order of their ids."""
        found = self._left_behind_by_idnumber.get(text_key(idnumber), []) if text_key(idnumber) else []
        return sorted(found, key=lambda student: student.student_id)

    # Built only when a plan needs them: a course in step needs none.
    @cached_property
    def _active_by_address(self) -> dict[str, list[Student]]:
        return _by_address(self.students.values())

    @cached_property
    def _deleted_by_address(self) -> dict[str, list[Student]]:
        return _by_address(self.deleted.values())

    @cached_property
    def _left_behind_by_idnumber(self) -> dict[str, list[Student]]:
        found: dict[str, list[Student]] = {}
        for link in self.link_of_user.values():
            student = self.students.get(link.studentid)
            if self.has_left(link.userid) and student is not None:
                sent = link.echo.get("external_student_id", {}).get("sent")
                for idnumber in {text_key(student.external_student_id), text_key(sent)}:
                    found.setdefault(idnumber, []).append(student)
        return found

    @cached_property
    def _excluded_addresses(self) -> set[str]:
        return {email_key(member.email) for member in self._excluded_members} - {""}

    @cached_property
    def _excluded_idnumbers(self) -> set[str]:
        return {text_key(member.idnumber) for member in self._excluded_members} - {""}

    @property
    def _excluded_members(self) -> list[Member]:
        return [self.members[userid] for userid in self.excluded & self.members.keys()]

    @cached_property
    def _users_of_student(self) -> dict[int, set[int]]:
        found: dict[int, set[int]] = {}
        for link in self._roster.links:
            found.setdefault(link.studentid, set()).add(link.userid)
        return found

    @cached_property
    def _users_of_address(self) -> dict[str, set[int]]:
        found: dict[str, set[int]] = {}
        for link in self._roster.links:
            student = self.student(link.studentid)
            for address in {email_key(link.email), email_key(student.email if student else link.email)}:
                found.setdefault(address, set()).add(link.userid)
        return found


def _by_address(students: Iterable[Student]) -> dict[str, list[Student]]:
    found: dict[str, list[Student]] = {}
    for student in students:
        found.setdefault(email_key(student.email), []).append(student)
    return found
