"""Whose values stand in what was stored for people: plans, held actions, rosters, audit records. Pure.

An entry is an object with `userid` or `studentid` (a conflict: lists of them). What says whom it is about, what it was
and why stays when somebody is erased; every other value of hers is emptied, so that what reads entries still can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.planning.sameness import email_key, is_address

Entry = dict[str, Any]

_KEPT = frozenset(
    ("action", "userid", "studentid", "leaver", "restores", "reason", "reasons", "fingerprint", "column", "title")
)
_UNTOLD = frozenset(("fingerprint", "message"))  # the other side's words may name others
_LEAST_NAME = 4  # letters: what is shorter stands in too many other words


@dataclass(frozen=True, slots=True)
class Whose:
    """One person within one mapping; `studentids` are those who are nobody else's, `others` those who are."""

    userids: frozenset[int]
    studentids: frozenset[int]
    others: frozenset[int] = frozenset()

    def has(self, userid: int | None, studentid: int | None) -> bool:
        """Whether a record that names these is hers: a student alone says it where no user is named."""
        return userid in self.userids if userid is not None else studentid in self.studentids

    def owns(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry that is no conflict is hers."""
        return self.has(entry.get("userid"), entry.get("studentid"))


def entries(plan: object) -> Iterator[Entry]:
    """Every entry of a plan (app.sync.showing.plan, grades_showing.plan), or of a hold's items."""
    lists = plan.values() if isinstance(plan, dict) else [plan]
    for each in lists:
        if isinstance(each, list):
            yield from (entry for entry in each if isinstance(entry, dict))


def hers(plan: object, whose: Whose) -> list[Entry]:
    """What a plan says of her, without what it says of others; nothing of an entry that was emptied before."""
    return [said for entry in entries(plan) if (said := _said(entry, whose)) is not None]


def without(plan: Any, whose: Whose) -> Any:
    """A plan, or a hold's items, with everything emptied that it says of her."""
    if isinstance(plan, dict):
        return {name: without(each, whose) for name, each in plan.items()}
    if isinstance(plan, list):
        return [_emptied(entry, whose) if isinstance(entry, dict) else entry for entry in plan]
    return plan


def addresses(value: object) -> set[str]:
    """The e-mail addresses anywhere in a stored value, as they are compared."""
    return {email_key(text) for text in _texts(value) if is_address(text)}


def names(entry: Mapping[str, Any]) -> set[str]:
    """Addresses and full names in an entry of hers, for looking them up in other texts."""
    found = {text for text in _texts(entry) if is_address(text)}
    for profile in (entry, *(value for value in entry.values() if isinstance(value, dict))):
        for first, last in (("firstname", "lastname"), ("given_name", "family_name")):
            if profile.get(first) and profile.get(last):
                found.add(f"{profile[first]} {profile[last]}")
    who = entry.get("who")
    found |= {who} if isinstance(who, str) else set(who or ())
    return {text for text in found if len(text) >= _LEAST_NAME}


def _said(entry: Entry, whose: Whose) -> Entry | None:
    if "conflict" in entry:
        return _said_of_conflict(entry, whose)
    if _emptied(entry, whose) == entry:
        return None
    if whose.owns(entry):
        of_others = {"email"} if "leaver" in entry else set()  # in a merge the address is that of the other account
        return {name: value for name, value in entry.items() if name not in _UNTOLD | of_others}
    return {name: entry[name] for name in ("action", "leaver", "email") if name in entry}


def _said_of_conflict(entry: Entry, whose: Whose) -> Entry | None:
    left = _emptied(entry, whose)
    if left == entry:
        return None
    return {
        "conflict": entry["conflict"],
        "message": entry["message"],
        "userids": [each for each in entry["userids"] if each in whose.userids],
        "studentids": [each for each in entry["studentids"] if each in whose.studentids],
        "who": sorted(set(entry["who"]) - set(left["who"])),
    }


def _emptied(entry: Entry, whose: Whose) -> Entry:
    if "conflict" in entry:
        return _conflict_emptied(entry, whose)
    if whose.owns(entry):
        return {name: value if name in _KEPT else _empty(value) for name, value in entry.items()}
    if entry.get("leaver") in whose.userids:
        return {**entry, "email": ""}  # a merge offered to somebody else: the student's address is the leaver's
    return entry


def _conflict_emptied(entry: Entry, whose: Whose) -> Entry:
    """Without her name; of a conflict that does not say whose name is whose, without any."""
    if whose.userids.isdisjoint(entry["userids"]) and whose.studentids.isdisjoint(entry["studentids"]):
        return entry
    called = entry.get("names")
    if called is None:
        return {**entry, "who": []}
    users = {each: name for each, name in called["users"].items() if int(each) not in whose.userids}
    students = {each: name for each, name in called["students"].items() if not _is_hers(int(each), entry, whose)}
    left = sorted({*users.values(), *students.values()})
    return {**entry, "names": {"users": users, "students": students}, "who": left}


def _is_hers(studentid: int, entry: Entry, whose: Whose) -> bool:
    """Whether a student of a conflict is hers, or may be: nobody else's, in a conflict about nobody else in Moodle."""
    alone = whose.userids.issuperset(entry["userids"]) and studentid not in whose.others
    return studentid in whose.studentids or (bool(entry["userids"]) and alone)


def _empty(value: object) -> object:
    match value:
        case dict():
            return {name: _empty(each) for name, each in value.items()}
        case list():
            return []
        case str():
            return ""
    return None


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
