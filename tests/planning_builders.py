"""Small builders for tests of app.planning: a member, a student and a link that fit together, and a roster of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.planning.actions import Action, Profile
from app.planning.roster import plan
from app.planning.rules import Rules
from app.planning.sameness import Echo
from app.planning.state import KnownLink, Plan, Roster
from app.planning.students import Member
from schemas.kuracloud import Student


def member(userid: int = 1, **fields: Any) -> Member:
    """A Moodle user; user 1 has the address user1@example.edu and the ID number S1, and no group."""
    usual = {
        "firstname": "Ana",
        "lastname": "Lee",
        "email": f"user{userid}@example.edu",
        "idnumber": f"S{userid}",
        "groups": (),
    }
    return Member(userid=userid, **{**usual, **fields})


def student(userid: int = 1, **fields: Any) -> Student:
    """The student in step with `member(userid)`; student 101 is user 1."""
    usual = {
        "student_id": 100 + userid,
        "email": f"user{userid}@example.edu",
        "given_name": "Ana",
        "family_name": "Lee",
        "external_student_id": f"S{userid}",
        "section": "",
        "invite_complete": True,
        "created_date": 1_700_000_000_000,
    }
    return Student(**{**usual, **fields})


def link(
    userid: int = 1, studentid: int | None = None, *, email: str = "", echo: Echo | None = None, ended: bool = False
) -> KnownLink:
    """The link of user 1 and student 101."""
    address = email or f"user{userid}@example.edu"
    return KnownLink(userid, studentid or 100 + userid, address, echo or {}, ended)


def profile(userid: int = 1, **fields: str) -> Profile:
    """`member(userid)` as kuraCloud would hold it."""
    usual = {
        "email": f"user{userid}@example.edu",
        "given_name": "Ana",
        "family_name": "Lee",
        "external_student_id": f"S{userid}",
        "section": "",
    }
    return Profile(**{**usual, **fields})


def planned(
    members: Iterable[Member] = (),
    students: Iterable[Student] = (),
    deleted: Iterable[Student] = (),
    links: Iterable[KnownLink] = (),
    *,
    done: Mapping[str, int] | None = None,
    refused: Iterable[str] = (),
    **rules: Any,
) -> Plan:
    """The plan for these two sides."""
    sides = tuple(members), tuple(students), tuple(deleted), tuple(links)
    return plan(Roster(*sides, Rules(**rules), done or {}, frozenset(refused)))


def doing(*actions: Action) -> Plan:
    """A plan of these actions."""
    return Plan(actions, ())
