"""How it stands with each student of a mapping, told by what the last run read, planned and left. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.planning.guard import DROPPED, REASONS
from app.planning.standing import Standing, Word

Entry = Mapping[str, Any]
"""Somebody as a reading has her, or an entry of a plan as it is stored (app.sync.showing)."""

IN_STEP = "In step."
INVITED = "In step; kuraCloud's invitation was not accepted yet."
PENDING = "Not looked at yet."
LEFT_MOODLE = "No student of the Moodle course any more: not looked at since."
EXCLUDED = "Excluded from the mapping by a person: nothing is done."
KEPT = "In kuraCloud only, and kept there by a person's decision."
KEPT_BY_RULE = "In kuraCloud only: this mapping keeps students whom nobody in Moodle is linked to."
ONLY_IN_KURACLOUD = "In kuraCloud only, linked to nobody in Moodle."
REJECTED = "A person decided against it: it is not asked again until something changes."
APPROVED = "approved, and done at the next look"

_PERHAPS_EXCLUDED = "The student is, or may be, that of somebody who is excluded from the mapping: nothing is done."
_WAITS = {
    "link": "Linking to the student in kuraCloud",
    "add": "The invitation",
    "edit": "A change in kuraCloud",
    "restore": "Bringing the deleted student back",
    "delete": "The removal from kuraCloud",
    "reinvite": "Removing the old account and inviting the new address",
    "remove_unmanaged": "In kuraCloud only, linked to nobody in Moodle: the removal",
    "relink": "Giving the student of another Moodle account to this one",
    "end_link": "Forgetting a student who is not in kuraCloud any more",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """What people decided on: fingerprints of the newest hold that was approved or rejected, and single people."""

    approved: Collection[str] = ()
    rejected: Collection[str] = ()
    excluded: Collection[int] = ()
    kept: Collection[int] = ()
    keeps_all: bool = False  # the mapping's rule for those in kuraCloud only


@dataclass(frozen=True, slots=True)
class _Told:
    standing: Word
    message: str
    reasons: tuple[str, ...]


@dataclass(slots=True)
class _Plan:
    """What a plan tells of each user and student; what is told first holds."""

    users: dict[int, _Told] = field(default_factory=dict)
    students: dict[int, _Told] = field(default_factory=dict)

    def tell(self, told: _Told, userids: Iterable[int | None], studentids: Iterable[int | None]) -> None:
        for userid in userids:
            if userid is not None:
                self.users.setdefault(userid, told)
        for studentid in studentids:
            if studentid is not None:
                self.students.setdefault(studentid, told)


def standings(
    members: Sequence[Entry],
    students: Sequence[Entry],
    links: Mapping[int, int],
    plan: Mapping[str, Any],
    decided: Decided,
) -> tuple[Standing, ...]:
    """Everybody on either side, in the order of their keys.

    `members` and `students` as app.sync.reading keeps them, `links` the student of each linked user, `plan` of the run
    that read them as it is stored: it may say nothing of people who were erased since.
    """
    said = _said(plan, decided)
    shown = {student["studentid"]: student for student in students}
    found = [_of_member(member, shown.get(links.get(member["userid"], -1)), said, decided) for member in members]
    users = {member["userid"] for member in members}
    owners = {studentid: userid for userid, studentid in links.items()}
    for studentid, student in shown.items():
        owner = owners.get(studentid)
        if owner is None or owner not in users:
            found.append(_of_student(student, owner, said, decided))
    return tuple(sorted(found, key=lambda each: each.key))


def _of_member(member: Entry, student: Entry | None, said: _Plan, decided: Decided) -> Standing:
    userid = member["userid"]
    told = said.users.get(userid)
    if userid in decided.excluded:
        told = _Told("left_out", EXCLUDED, ("excluded",))
    elif told is None:
        told = _of_linked(student)
    return Standing(
        standing=told.standing,
        message=told.message,
        userid=userid,
        studentid=student["studentid"] if student is not None else None,
        name=f"{member['firstname']} {member['lastname']}".strip(),
        email=member["email"],
        reasons=told.reasons,
    )


def _of_linked(student: Entry | None) -> _Told:
    if student is None:
        return _Told("pending", PENDING, ())
    return _Told("invited", INVITED, ()) if student["invited"] else _Told("in_step", IN_STEP, ())


def _of_student(student: Entry, owner: int | None, said: _Plan, decided: Decided) -> Standing:
    told = said.students.get(student["studentid"])
    if owner is not None and owner in decided.excluded:
        told = _Told("left_out", EXCLUDED, ("excluded",))
    elif told is None and owner is not None:
        told = _Told("pending", LEFT_MOODLE, ())
    elif told is None:
        told = _of_unlinked(student["studentid"], decided)
    return Standing(
        standing=told.standing,
        message=told.message,
        userid=owner,
        studentid=student["studentid"],
        name=f"{student['given_name']} {student['family_name']}".strip(),
        email=student["email"],
        reasons=told.reasons,
    )


def _of_unlinked(studentid: int, decided: Decided) -> _Told:
    if studentid in decided.kept:
        return _Told("only_in_kuracloud", KEPT, ("kept",))
    if decided.keeps_all:
        return _Told("only_in_kuracloud", KEPT_BY_RULE, ("keep",))
    return _Told("only_in_kuracloud", ONLY_IN_KURACLOUD, ())


def _said(plan: Mapping[str, Any], decided: Decided) -> _Plan:
    said = _Plan()
    for conflict in plan.get("conflicts", ()):
        said.tell(_conflict(conflict), conflict["userids"], conflict["studentids"])
    for failed in plan.get("failed", ()):
        said.tell(_Told("refused", failed["message"], (failed["action"],)), *_whom(failed))
    for held in plan.get("held", ()):
        said.tell(_held(held, decided), *_whom(held))
    for dropped in plan.get("dropped", ()):
        if dropped["reason"] in DROPPED and dropped["reason"] != "superseded":
            said.tell(_Told("left_out", sentence(DROPPED[dropped["reason"]]), (dropped["reason"],)), *_whom(dropped))
    return said


def _conflict(conflict: Entry) -> _Told:
    kind = conflict["conflict"]
    message = _PERHAPS_EXCLUDED if kind == "excluded" else conflict["message"]
    return _Told("refused" if kind == "refused" else "conflict", message, (kind,))


def _held(held: Entry, decided: Decided) -> _Told:
    is_unlinked = held["action"] == "remove_unmanaged"
    if held["fingerprint"] in decided.rejected:
        return _Told("only_in_kuracloud" if is_unlinked else "left_out", REJECTED, ("rejected",))
    word: Word = "only_in_kuracloud" if is_unlinked else "waiting"
    return _Told(word, waits(_WAITS[held["action"]], held, REASONS, decided.approved), tuple(held["reasons"]))


def waits(what: str, held: Entry, words: Mapping[str, str], approved: Collection[str]) -> str:
    """That something waits, and why, a sentence each."""
    if held["fingerprint"] in approved:
        return f"{what} is {APPROVED}."
    why = (sentence(words.get(slug, slug)) for slug in held["reasons"])
    return " ".join([f"{what} waits for approval.", *why])


def sentence(words: str) -> str:
    """A phrase as a sentence."""
    return f"{words[:1].upper()}{words[1:]}."


def _whom(entry: Entry) -> Iterator[tuple[int | None, ...]]:
    """The users, then the students, whom an action touches."""
    yield entry.get("userid"), entry.get("leaver")
    yield entry.get("studentid"), entry.get("restores")
