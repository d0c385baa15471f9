"""What the roster rules ask for (design.md 5), said a second time and independently: from the two systems' own state.

It predicts no plan. It says of each state whether it may be, so that it need not repeat how planning gets there.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.kuracloud.dialect import Dialect

Item = Mapping[str, Any]
"""An action as a run's plan or a hold shows it."""

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_FOLDED = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def text_key(text: str | None) -> str:
    """A text as it is compared: NFC, trimmed; missing, null and "" are equal."""
    return unicodedata.normalize("NFC", text or "").strip()


def email_key(email: str | None) -> str:
    """An address as it is compared: NFC, trimmed, A-Z folded and nothing else."""
    return text_key(email).translate(_FOLDED)


@dataclass(frozen=True)
class Person:
    """A student of the Moodle course, as Moodle has her."""

    userid: int
    firstname: str
    lastname: str
    email: str
    idnumber: str
    groups: tuple[str, ...]

    @property
    def key(self) -> str:
        """Her address as it is compared."""
        return email_key(self.email)


@dataclass(frozen=True)
class Student:
    """A student of the kuraCloud course, active or deleted."""

    studentid: int
    email: str
    given_name: str
    family_name: str
    external_student_id: str
    section: str
    active: bool

    @property
    def key(self) -> str:
        """The address as it is compared."""
        return email_key(self.email)


@dataclass(frozen=True)
class Bond:
    """A student link, in force or ended."""

    userid: int
    studentid: int
    email: str
    ended: str | None


@dataclass(frozen=True)
class Truth:
    """Both systems and the links at one moment. `over`: the Moodle course has ended, so nobody is removed.

    `proven`: Moodle has the plugin, whose answer proves who has left; else every removal is a person's matter.
    `excluded` users and `kept` students are those whom a person exempted from the rules.
    """

    members: Mapping[int, Person]
    students: Mapping[int, Student]
    bonds: Mapping[int, Bond]  # by the number of the link, in the order in which they were made
    dialect: Dialect
    email_changed: str = "hold"
    unmanaged: str = "hold"
    over: bool = False
    proven: bool = False
    excluded: frozenset[int] = frozenset()
    kept: frozenset[int] = frozenset()

    @property
    def linked(self) -> dict[int, int]:
        """userid -> studentid of the links in force."""
        return {bond.userid: bond.studentid for bond in self.bonds.values() if bond.ended is None}

    @property
    def owner(self) -> dict[int, int]:
        """studentid -> userid of the links in force."""
        return {studentid: userid for userid, studentid in self.linked.items()}

    @property
    def clear(self) -> dict[int, Person]:
        """The members with a valid address that no other member has; whoever is excluded is as if not there."""
        there = {userid: person for userid, person in self.members.items() if userid not in self.excluded}
        keys = Counter(person.key for person in there.values())
        return {
            userid: person
            for userid, person in there.items()
            if keys[person.key] == 1 and _ADDRESS.fullmatch(person.key)
        }

    def is_exempt(self, student: Student) -> bool:
        """Whether a student is left alone: kept, or an excluded user's, or one that could turn out to be hers."""
        owner = self.owner.get(student.studentid)
        if owner in self.excluded or (owner is None and student.studentid in self.kept):
            return True
        if owner in self.members:
            return False
        hers = [self.members[userid] for userid in self.excluded & self.members.keys()]
        idnumber = text_key(student.external_student_id)
        return (
            not self.excluded.isdisjoint(self.owners(student.studentid))
            or student.key in {person.key for person in hers if person.key}
            or (owner is not None and idnumber in {text_key(person.idnumber) for person in hers} - {""})
        )

    def owners(self, studentid: int) -> set[int]:
        """Everybody who is or was linked to a student."""
        return {bond.userid for bond in self.bonds.values() if bond.studentid == studentid}

    def is_somebody_elses(self, key: str, userid: int) -> bool:
        """Whether the address is or was that of a student linked to another user."""
        others = [bond for bond in self.bonds.values() if bond.userid != userid]
        kept = (self.students[bond.studentid].key for bond in others if bond.studentid in self.students)
        return key in {*kept, *(email_key(bond.email) for bond in others)}


@dataclass(frozen=True)
class Naming:
    """The conflicts of a run: whom they name, and so protect."""

    conflicts: Sequence[Item]

    @property
    def userids(self) -> set[int]:
        """The Moodle users named."""
        return {userid for conflict in self.conflicts for userid in conflict["userids"]}

    def protects(self, truth: Truth, student: Student) -> bool:
        """Whether a student is named, belongs to somebody named, or has the address of somebody named."""
        named = {studentid for conflict in self.conflicts for studentid in conflict["studentids"]}
        keys = {truth.members[userid].key for userid in self.userids & truth.members.keys()}
        owner = truth.owner.get(student.studentid)
        return student.studentid in named or owner in self.userids or student.key in keys


@dataclass(frozen=True)
class Refused:
    """The addresses and students of records that kuraCloud refused alone: a fault, say. They are not tried again."""

    keys: Collection[str]
    studentids: Collection[int]

    def concerns(self, truth: Truth, userids: Collection[int], studentids: Collection[int]) -> bool:
        """Whether one of these users or students was refused."""
        students = {*studentids, *(bond.studentid for bond in truth.bonds.values() if bond.userid in userids)}
        keys = {truth.members[userid].key for userid in userids if userid in truth.members}
        return not students.isdisjoint(self.studentids) or not keys.isdisjoint(self.keys)


NOTHING_REFUSED = Refused(frozenset(), frozenset())


def settled(truth: Truth, conflicts: Sequence[Item], refused: Refused) -> Iterator[str]:
    """What is wrong in a state in which all is quiet and everything held was approved."""
    named = Naming(conflicts)
    excused = {userid for userid in truth.members if refused.concerns(truth, [userid], [])}
    excused |= named.userids | truth.excluded
    for person in truth.members.values():
        if person.userid not in {*truth.clear, *truth.excluded, *named.userids}:
            yield f"no conflict names {person}, whose address is invalid or shared"
        elif person.userid in truth.clear and person.userid not in excused and not _is_protected(truth, named, person):
            yield from _provided(truth, person)
    yield from _no_strangers(truth, named, refused)
    yield from _unjustified(truth, conflicts, refused)


def _is_protected(truth: Truth, named: Naming, person: Person) -> bool:
    student = truth.students.get(truth.linked.get(person.userid, 0))
    return student is not None and named.protects(truth, student)


def _provided(truth: Truth, person: Person) -> Iterator[str]:
    student = truth.students.get(truth.linked.get(person.userid, 0))
    if student is None or not student.active:
        yield f"{person} has no active student (linked to {student})"
        return
    if student.key != person.key and truth.email_changed != "ignore" and not truth.over:
        yield f"{person} is linked to another address: {student}"
    for field, value, shown in (
        ("givenName", person.firstname, student.given_name),
        ("familyName", person.lastname, student.family_name),
        ("externalStudentId", person.idnumber, student.external_student_id),
    ):
        if not is_kept(truth.dialect, value, shown):
            yield f"{field} of {person} is {shown!r} in kuraCloud"
    sections = person.groups or ("",)
    if not any(is_kept(truth.dialect, section, student.section) for section in sections):
        yield f"section of {person} is {student.section!r} in kuraCloud"


def is_kept(dialect: Dialect, sent: str, shown: str) -> bool:
    """Whether kuraCloud, as the dialect has it, shows what was sent: whole, trimmed or cut."""
    cut = (sent.strip() if dialect.texts_trimmed else sent)[: dialect.text_maximum]
    normal = text_key(sent)[: dialect.text_maximum]
    return text_key(shown) in {text_key(sent), text_key(cut), text_key(normal)}


def _no_strangers(truth: Truth, named: Naming, refused: Refused) -> Iterator[str]:
    for student in truth.students.values():
        owner = truth.owner.get(student.studentid)
        kept_out = student.studentid in refused.studentids
        if not student.active or truth.over or kept_out or named.protects(truth, student) or truth.is_exempt(student):
            continue
        if owner is None and truth.unmanaged != "keep":
            yield f"{student} belongs to nobody, and nobody is asked"
        if owner is not None and owner not in truth.members:
            yield f"{student} belongs to {owner}, who is no student any more"


def _unjustified(truth: Truth, conflicts: Sequence[Item], refused: Refused) -> Iterator[str]:
    for conflict in conflicts:
        if any(truth.is_exempt(truth.students[each]) for each in conflict["studentids"] if each in truth.students):
            continue
        users = [truth.members[userid] for userid in conflict["userids"] if userid in truth.members]
        kept_out = refused.concerns(truth, conflict["userids"], conflict["studentids"])
        if not kept_out and not any(is_undecidable(truth, person) for person in users):
            yield f"no rule asks for the conflict {dict(conflict)}"


def is_undecidable(truth: Truth, person: Person) -> bool:
    """Whether design.md 5 leaves this member to a person."""
    if person.userid not in truth.clear:
        return True
    mine = truth.linked.get(person.userid)
    same = [student for student in truth.students.values() if student.key == person.key]
    idnumber = text_key(person.idnumber)
    return (
        truth.is_somebody_elses(person.key, person.userid)
        or len([student for student in same if student.active]) > 1
        or (mine is not None and any(student.studentid != mine for student in same))
        or any(_has_other_idnumber(student, idnumber) for student in same)
        or any(_is_leavers(truth, student, person) for student in truth.students.values())
    )


def _has_other_idnumber(student: Student, idnumber: str) -> bool:
    return not student.active and text_key(student.external_student_id) not in ("", idnumber)


def _is_leavers(truth: Truth, student: Student, person: Person) -> bool:
    owner = truth.owner.get(student.studentid)
    if owner is None or owner in truth.members:
        return False
    idnumber = text_key(person.idnumber)
    same_idnumber = idnumber != "" and idnumber == text_key(student.external_student_id)
    return same_idnumber or student.key == person.key


@dataclass(frozen=True)
class Turn:
    """One turn at the mapping, from outside. `approved` are the items of the hold that was approved when it began.

    `writes` are the requests that reached kuraCloud: (what the path ends with, the records). `altered`: kuraCloud
    itself left students out of its answers. `started`: the first plan was approved before.
    """

    before: Truth
    after: Truth
    approved: Sequence[Item]
    plan: Mapping[str, Sequence[Item]]
    writes: Sequence[tuple[str, Sequence[Item]]]
    invited: Sequence[str]
    invited_before: Collection[str]
    altered: bool
    started: bool

    def approves(self, action: str, **values: object) -> bool:
        """Whether a person approved such an action."""
        return any(
            item["action"] == action and all(item.get(name) == value for name, value in values.items())
            for item in self.approved
        )

    @property
    def deleted(self) -> set[int]:
        """The students that kuraCloud was told to delete."""
        batches = [records for operation, records in self.writes if operation == "delete"]
        return {record["studentId"] for records in batches for record in records}

    @property
    def unasked(self) -> set[int]:
        """Those of them whose removal nobody approved."""
        removals = ("delete", "reinvite", "remove_unmanaged")
        return self.deleted - {item["studentid"] for item in self.approved if item["action"] in removals}

    def is_member(self, userid: int | None, *, throughout: bool = False) -> bool:
        """Whether the user was a student at its beginning or its end (`throughout`: and)."""
        there = [userid in truth.members for truth in (self.before, self.after)]
        return all(there) if throughout else any(there)

    def keys(self, userid: int) -> set[str]:
        """The user's addresses while she was a student."""
        return {truth.members[userid].key for truth in (self.before, self.after) if userid in truth.members}

    def shown(self, studentid: int) -> set[str]:
        """The addresses under which kuraCloud showed a student."""
        return {truth.students[studentid].key for truth in (self.before, self.after) if studentid in truth.students}


def most_removals(students: Mapping[int, Student]) -> int:
    """How many students may be removed unasked within 24 hours (design.md 6)."""
    present = sum(1 for student in students.values() if student.active)
    return max(2, min(present // 5, 50))


def judged(turn: Turn) -> Iterator[str]:
    """What is wrong with one turn, whatever failed in it."""
    yield from _links(turn)
    yield from _invitations(turn)
    yield from _removals(turn)
    yield from _exempted(turn)
    yield from _plan(turn)
    if not turn.started and not turn.approved and turn.writes:
        yield f"the first plan was carried out unapproved: {turn.writes}"


def _links(turn: Turn) -> Iterator[str]:
    for number, bond in turn.after.bonds.items():
        if number not in turn.before.bonds:
            yield from _new_link(turn, bond)
    lost = [
        bond for number, bond in turn.after.bonds.items() if bond.ended == "lost" and _in_force(turn.before, number)
    ]
    wrongly = [bond for bond in lost if turn.shown(bond.studentid)]
    allowed = max(2, len(turn.before.linked) // 20) if turn.altered else 0
    if len(wrongly) > allowed and not any(turn.approves("end_link", studentid=bond.studentid) for bond in wrongly):
        yield f"links ended though kuraCloud has the students: {wrongly}"


def _in_force(truth: Truth, number: int) -> bool:
    return number in truth.bonds and truth.bonds[number].ended is None


def _new_link(turn: Turn, bond: Bond) -> Iterator[str]:
    if turn.approves("relink", userid=bond.userid, studentid=bond.studentid):
        return
    others = turn.before.owners(bond.studentid) - {bond.userid}
    if others:
        yield f"{bond} takes a student that was linked to {others}"
    if not turn.shown(bond.studentid) & turn.keys(bond.userid):
        yield f"{bond} links a wrong person: {turn.keys(bond.userid)} and {turn.shown(bond.studentid)}"


def _invitations(turn: Turn) -> Iterator[str]:
    for key, times in Counter(turn.invited).items():
        approved = any(email_key(item["profile"]["email"]) == key for item in turn.approved if "profile" in item)
        if times > 1 or (key in turn.invited_before and not approved):
            yield f"{key} was invited again, and nobody approved it"
        if not any(key in {person.key for person in truth.clear.values()} for truth in (turn.before, turn.after)):
            yield f"{key} was invited and is no member's alone"


def _removals(turn: Turn) -> Iterator[str]:
    for studentid in turn.deleted:
        owner = turn.before.owner.get(studentid)
        if studentid in turn.unasked and not _may_go_unasked(turn, owner):
            yield f"student {studentid} was deleted unapproved"
        if owner is not None and turn.is_member(owner, throughout=True) and turn.keys(owner) == turn.shown(studentid):
            yield f"student {studentid} of {owner}, who is a student, was deleted"


    came = {item["action"] for item in turn.plan.get("go", ())} & {"add", "restore", "reinvite"}
    if turn.unasked and not came and not any(student.active for student in turn.after.students.values()):
        yield f"nobody is left in the course, and nobody approved it: {turn.unasked}"


def _exempted(turn: Turn) -> Iterator[str]:
    """Nothing is written of a student whom a person exempted, nor is she given to anybody."""
    linked = {studentid for studentid, owner in turn.before.owner.items() if owner in turn.before.excluded}
    for operation, records in turn.writes:
        touched = {record["studentId"] for record in records if "studentId" in record}
        if touched & linked:
            yield f"{operation} touches students of excluded users: {touched & linked}"
    removed = turn.deleted & turn.before.kept - turn.before.owner.keys() - turn.after.owner.keys()
    if removed:
        yield f"kept students were deleted: {removed}"
    for bond in turn.after.bonds.values():
        if bond.ended is None and bond.userid in turn.before.excluded and bond not in turn.before.bonds.values():
            yield f"an excluded user was linked: {bond}"


def _may_go_unasked(turn: Turn, owner: int | None) -> bool:
    if owner is None:
        return turn.before.proven and turn.before.unmanaged == "remove"
    if turn.before.email_changed == "auto" and turn.is_member(owner):
        return True
    return turn.before.proven and not turn.is_member(owner, throughout=True)


def _plan(turn: Turn) -> Iterator[str]:
    """Every action of the plan is one that the truth asks for, and none concerns anybody in conflict."""
    named = Naming(turn.plan.get("conflicts", ()))
    for item in (*turn.plan.get("go", ()), *turn.plan.get("held", ()), *turn.plan.get("dropped", ())):
        if not _is_asked_for(turn, item):
            yield f"nothing asks for {dict(item)}"
        if item["action"] != "relink" and item.get("userid") in named.userids:
            yield f"{dict(item)} concerns somebody in conflict"


def _is_asked_for(turn: Turn, item: Item) -> bool:
    userid, studentid = item.get("userid"), item.get("studentid")
    match item["action"]:
        case "delete":
            return not turn.is_member(userid, throughout=True)
        case "remove_unmanaged":
            return studentid not in turn.before.owner or studentid not in turn.after.owner
        case "reinvite":
            differs = turn.keys(int(userid or 0)) != turn.shown(int(studentid or 0))
            return turn.is_member(userid) and differs
        case "add":
            key = email_key(item["profile"]["email"])
            return key in turn.keys(int(userid or 0)) and (turn.altered or not _is_there(turn, key))
        case "restore" if turn.before.email_changed == "ignore" and turn.before.owner.get(studentid or 0) == userid:
            return turn.is_member(userid)
        case "link" | "restore":
            return email_key(item["email"]) in turn.keys(int(userid or 0)) & turn.shown(int(studentid or 0))
        case "edit" | "relink":
            return turn.is_member(userid)
        case _:
            return True


def _is_there(turn: Turn, key: str) -> bool:
    return all(
        key in {student.key for student in truth.students.values() if student.active}
        for truth in (turn.before, turn.after)
    )
