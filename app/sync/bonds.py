"""The student links of one mapping, as a run ties, proves and ends them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from app.kit import Kit
from app.planning import actions as act
from app.planning.sameness import echoes, email_key, text_key
from app.store import links
from app.sync.lease import Lease
from app.sync.read import KuraCloudReading
from schemas.kuracloud import Student

Unproven = tuple[act.Action, str]


@dataclass(frozen=True, slots=True)
class Settled:
    """What a reading after the writes tells: the actions that it does not show, each with a sentence.

    `took_over`: a student said to be added shows what only somebody else can have written, so she was there before.
    """

    unproven: list[Unproven]
    took_over: bool


def tie(kit: Kit, lease: Lease, actions: Sequence[act.Action]) -> None:
    """Do what writes nothing to kuraCloud: end lost links, link, re-link. Raises LeaseLost."""
    with kit.database.transaction() as tx:
        lease.confirm(tx)
        bonds = _Bonds(tx, kit.database.now(tx), lease.mapping_id)
        for action in actions:
            match action:
                case act.EndLink():
                    bonds.end(action.studentid, "lost")
                case act.Relink():
                    bonds.tie(action.userid, action.studentid, action.email, "merged")
                case act.Link():
                    bonds.tie(action.userid, action.studentid, action.email, "replaced")


def settle(
    kit: Kit,
    lease: Lease,
    done: Sequence[act.Action],
    found: Collection[act.Action],
    before: KuraCloudReading,
    after: Sequence[Student],
) -> Settled:
    """Prove each write by what kuraCloud shows now, never by what was sent, and keep links and echoes accordingly.

    Those `found` done may be another's work: what they show otherwise is no echo. Raises LeaseLost: then the next run
    looks.
    """
    shown = _Shown(before, after)
    with kit.database.transaction() as tx:
        lease.confirm(tx)
        bonds = _Bonds(tx, kit.database.now(tx), lease.mapping_id)
        unproven = [problem for action in _edits_last(done) for problem in _prove(action, shown, bonds, found)]
        return Settled(unproven, bonds.took_over)


def _edits_last(done: Sequence[act.Action]) -> list[act.Action]:
    """An echo is kept with a link, which a restoration or an addition of the same run may only now make."""
    return sorted(done, key=lambda action: isinstance(action, act.Edit))


def _prove(action: act.Action, shown: _Shown, bonds: _Bonds, found: Collection[act.Action]) -> Iterator[Unproven]:
    match action:
        case act.Restore() if action.studentid in shown.active:
            bonds.tie(action.userid, action.studentid, action.email, "replaced")
        case act.Restore():
            yield action, "kuraCloud does not show the restored student."
        case act.Delete() | act.RemoveUnmanaged() if action.studentid in shown.active:
            yield action, "kuraCloud still shows the removed student."
        case act.Delete():
            bonds.end(action.studentid, "removed")
        case act.Add():
            yield from _prove_added(action, shown, bonds, ours=action not in found)
        case act.Edit() if action.studentid in shown.active:
            bonds.keep_echo(action, shown.active[action.studentid])
        case act.Edit():
            yield action, "kuraCloud does not show the edited student."


def _prove_added(action: act.Add, shown: _Shown, bonds: _Bonds, *, ours: bool) -> Iterator[Unproven]:
    student = shown.added(action.profile, bonds)
    if student is None:
        yield action, "kuraCloud does not show the added student."
    else:
        otherwise = echoes(asdict(action.profile), student, {})
        echo = {field: known for field, known in otherwise.items() if ours and _is_echo(field, known)}
        bonds.tie(action.userid, student.student_id, action.profile.email, "replaced", echo)
        bonds.took_over |= echo != otherwise


def _is_echo(field: str, known: Mapping[str, str]) -> bool:
    """Whether kuraCloud can have made what it shows of what was sent: another address, or a text in part.

    Anything else was written by somebody else. An edit tells for certain, and what is shown after it is kept.
    """
    sent, shown = (text_key(known[side]).casefold() for side in ("sent", "shown"))
    return field == "email" or (shown != "" and sent.startswith(shown))


class _Bonds:
    """The active links inside one transaction."""

    def __init__(self, tx: Connection, now: float, mapping_id: int) -> None:
        self._tx, self._now, self._mapping_id = tx, now, mapping_id
        active = links.active(tx, mapping_id)
        self._echo = {link.studentid: link.echo for link in active}
        self._by_student = {link.studentid: link.userid for link in active}
        self._by_user = {userid: studentid for studentid, userid in self._by_student.items()}
        self.took_over = False

    def is_tied(self, studentid: int) -> bool:
        """Whether the student is anybody's."""
        return studentid in self._by_student

    def tie(self, userid: int, studentid: int, email: str, reason: str, echo: links.Echo | None = None) -> None:
        """Link a user and a student, ending, for `reason`, what either was linked to; nothing when they are linked."""
        if self._by_student.get(studentid) == userid:
            return
        for old in {studentid, self._by_user.get(userid)} & set(self._by_student):
            self.end(old, reason)
        links.create(self._tx, self._now, self._mapping_id, [links.NewLink(userid, studentid, email, echo or {})])
        self._by_student[studentid], self._by_user[userid], self._echo[studentid] = userid, studentid, echo or {}

    def end(self, studentid: int | None, reason: str) -> None:
        """End the link of a student, if there is one."""
        if studentid in self._by_student:
            links.end(self._tx, self._now, self._mapping_id, [studentid], reason)
            del self._by_user[self._by_student.pop(studentid)]

    def keep_echo(self, action: act.Edit, student: Student) -> None:
        """Remember what kuraCloud shows instead of what an edit sent."""
        if action.studentid not in self._by_student:
            return
        before = self._echo[action.studentid]
        echo = echoes({field: after for field, _, after in action.changes}, student, before)
        if echo != before:
            links.set_echo(self._tx, self._mapping_id, action.studentid, echo)


class _Shown:
    """What kuraCloud shows after the writes, by id and by address."""

    def __init__(self, before: KuraCloudReading, after: Sequence[Student]) -> None:
        self.active = {student.student_id: student for student in after}
        known = {student.student_id for student in (*before.students, *before.deleted)}
        self._new = [student for student in after if student.student_id not in known]
        self._by_address: dict[str, list[Student]] = {}
        for student in after:
            self._by_address.setdefault(email_key(student.email), []).append(student)

    def added(self, profile: act.Profile, bonds: _Bonds) -> Student | None:
        """The student that an addition made: by address, then by ID number, never by position (design.md 5)."""
        by_address = self._by_address.get(email_key(profile.email), [])
        by_idnumber = [student for student in self._new if _has_idnumber(student, profile)]
        for found in (by_address, by_idnumber):
            free = [student for student in found if not bonds.is_tied(student.student_id)]
            if len(free) == 1:
                return free[0]
        return None


def _has_idnumber(student: Student, profile: act.Profile) -> bool:
    idnumber = text_key(profile.external_student_id)
    return idnumber != "" and text_key(student.external_student_id) == idnumber
