"""What a run may do, one class an action; each has a fingerprint by which it is approved, rejected and counted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

# The fields of a student that Moodle decides, besides the address (design.md 5, Fields).
FIELDS = ("given_name", "family_name", "external_student_id", "section")


@dataclass(frozen=True, slots=True)
class Profile:
    """A student as Moodle wants it: firstname, lastname, idnumber and the name of a group (design.md 5, Fields)."""

    email: str
    given_name: str
    family_name: str
    external_student_id: str
    section: str


@dataclass(frozen=True, slots=True)
class Link:
    """Remember that an active student is this Moodle user. Writes nothing to kuraCloud."""

    kind: ClassVar[str] = "link"
    userid: int
    studentid: int
    email: str


@dataclass(frozen=True, slots=True)
class Add:
    """Add a student: kuraCloud sends an invitation."""

    kind: ClassVar[str] = "add"
    userid: int
    profile: Profile


@dataclass(frozen=True, slots=True)
class Edit:
    """Bring fields of a linked student in line; `changes` maps a field to (before, after)."""

    kind: ClassVar[str] = "edit"
    userid: int
    studentid: int
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Restore:
    """Bring back a deleted student instead of inviting again."""

    kind: ClassVar[str] = "restore"
    userid: int
    studentid: int
    email: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a student whose Moodle user left."""

    kind: ClassVar[str] = "delete"
    userid: int
    studentid: int
    email: str


@dataclass(frozen=True, slots=True)
class Reinvite:
    """Replace an account whose address changed: delete the old one, then add or restore the new one."""

    kind: ClassVar[str] = "reinvite"
    userid: int
    studentid: int
    before: str
    profile: Profile
    restores: int | None


@dataclass(frozen=True, slots=True)
class RemoveUnmanaged:
    """Remove a student who is in kuraCloud only and was never linked."""

    kind: ClassVar[str] = "remove_unmanaged"
    studentid: int
    email: str


@dataclass(frozen=True, slots=True)
class Relink:
    """A merge in Moodle: the leaver's student goes to the newcomer. Writes nothing to kuraCloud; always asked."""

    kind: ClassVar[str] = "relink"
    userid: int
    studentid: int
    leaver: int
    email: str


@dataclass(frozen=True, slots=True)
class EndLink:
    """Forget a link whose student is in neither list. Writes nothing to kuraCloud."""

    kind: ClassVar[str] = "end_link"
    userid: int
    studentid: int


Action = Link | Add | Edit | Restore | Delete | Reinvite | RemoveUnmanaged | Relink | EndLink
REMOVALS = (Delete, Reinvite, RemoveUnmanaged)
INVITATIONS = (Add, Reinvite)
BOOKKEEPING = (Link, Relink, EndLink)  # what kurasync only remembers: nothing is written to kuraCloud


def userids(action: Action) -> tuple[int, ...]:
    """Everybody in Moodle whom the action touches."""
    match action:
        case RemoveUnmanaged():
            return ()
        case Relink():
            return (action.userid, action.leaver)
        case _:
            return (action.userid,)


def studentids(action: Action) -> tuple[int, ...]:
    """Everybody in kuraCloud whom the action touches."""
    match action:
        case Add():
            return ()
        case Reinvite(restores=int(restored)):
            return (action.studentid, restored)
        case _:
            return (action.studentid,)


def digest(action: Action) -> str:
    """64 hexadecimal digits of everything the action says: a record that was refused is tried again when it changes."""
    return digest_of(shown(action))


def shown(action: Action) -> dict[str, Any]:
    """The action as stored with a run or a hold and shown to people."""
    return {"action": action.kind, **asdict(action)}


def fingerprint(action: Action) -> str:
    """64 hexadecimal digits that are equal for the same action on the same people with the same risk.

    An addition is known by user and address, not by the name: a name corrected between preview and approval must not
    void the approval. An edit is known by its values.
    """
    return digest_of([action.kind, *_identity(action)])


def set_digest(fingerprints: Iterable[str]) -> str:
    """The digest of a set of actions: what a person approves or rejects (design.md 6)."""
    return digest_of(sorted(set(fingerprints)))


def _identity(action: Action) -> list[Any]:
    match action:
        case Add():
            return [action.userid, action.profile.email]
        case Edit():
            return [action.userid, action.studentid, [[name, after] for name, _, after in action.changes]]
        case Reinvite():
            return [action.userid, action.studentid, action.profile.email, action.restores]
        case Link() | Restore() | Delete():
            return [action.userid, action.studentid, action.email]
        case Relink():
            return [action.userid, action.studentid, action.leaver]
        case RemoveUnmanaged():
            return [action.studentid, action.email]
        case EndLink():
            return [action.userid, action.studentid]


def digest_of(value: Any) -> str:
    """64 hexadecimal digits of a value that JSON can say."""
    text = json.dumps(value, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
