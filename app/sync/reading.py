"""What readings hold: both sides of a mapping as a run leaves them, for people to look at (app.planning.standing)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from app.planning.sameness import section
from app.planning.state import KnownLink
from app.planning.students import Member
from app.store import readings
from schemas.kuracloud import Student


def keep(
    tx: Connection,
    now: float,
    mapping_id: int,
    members: Sequence[Member],
    students: Sequence[Student],
    links: Iterable[KnownLink],
) -> None:
    """Keep both sides, in the transaction that ends a run. Where nothing has changed, only the time is written.

    `students` are those that kuraCloud showed last: after the run's writes, if there were any.
    """
    ours, theirs = _ours(members, students, links), [_theirs(student) for student in students]
    known = readings.get(tx, mapping_id)
    if known is not None and (known.members, known.students) == (ours, theirs):
        readings.touch(tx, mapping_id, now)
    else:
        readings.keep(tx, mapping_id, now, ours, theirs)


def _ours(members: Sequence[Member], students: Sequence[Student], links: Iterable[KnownLink]) -> list[dict[str, Any]]:
    shown = {student.student_id: student.section for student in students}
    linked = {link.userid: link for link in links if not link.ended}
    return [_member(member, linked.get(member.userid), shown) for member in members]


def _member(member: Member, link: KnownLink | None, shown: dict[int, str]) -> dict[str, Any]:
    known = (shown.get(link.studentid, ""), link.echo) if link is not None else ("", {})
    return {
        "userid": member.userid,
        "firstname": member.firstname,
        "lastname": member.lastname,
        "email": member.email,
        "idnumber": member.idnumber,
        "section": section(member.groups, *known),
    }


def _theirs(student: Student) -> dict[str, Any]:
    return {
        "studentid": student.student_id,
        "given_name": student.given_name,
        "family_name": student.family_name,
        "email": student.email,
        "external_student_id": student.external_student_id,
        "section": student.section,
        "invited": not student.invite_complete,
    }
