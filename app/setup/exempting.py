"""Exempting single people from a mapping's rules: keep a kuraCloud student, exclude a Moodle user (design.md 5)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from app.errors import NotFound, Refused
from app.kit import Kit
from app.setup import finding
from app.setup.acts import record
from app.store import exemptions, instances, links, sites
from app.store.exemptions import Exemption, Side
from app.store.instances import Instance
from app.store.mappings import Mapping
from app.store.sites import Site
from app.sync import ask, connect

_Require = Callable[[Kit, Mapping, int], None]
_Connection = TypeVar("_Connection", Site, Instance)


@dataclass(frozen=True, slots=True)
class Exempted:
    """Somebody exempted. `linked`: the Moodle user of a kept student, the student of an excluded user; None: nobody."""

    exemption: Exemption
    linked: int | None


def keep(kit: Kit, mapping_id: int, studentid: int, actor: str) -> None:
    """Never remove this student for belonging to nobody in Moodle; the mapping is looked at again.

    Raises NotFound where the kuraCloud course never had the student, Refused where she is kept already, and what the
    client raises.
    """
    _exempt(kit, mapping_id, "kuracloud", studentid, actor, _require_student)


def exclude(kit: Kit, mapping_id: int, userid: int, actor: str) -> None:
    """Treat this Moodle user as if she were not there, and leave her student as it is; the mapping is looked at again.

    Raises NotFound where Moodle has no such user, Refused where she is excluded already, and what the client raises.
    """
    _exempt(kit, mapping_id, "moodle", userid, actor, _require_user)


def undo(kit: Kit, mapping_id: int, side: Side, number: int, actor: str) -> None:
    """Let the rules concern somebody again; raises NotFound where they do. The mapping is looked at again."""
    with kit.database.transaction() as tx:
        finding.still_mapping(tx, mapping_id)
        if not exemptions.remove(tx, mapping_id, side, number):
            raise NotFound(f"{_WHO[side].format(number)} is not {_DONE[side]} in mapping {mapping_id}.")
        _written_down(kit, tx, mapping_id, side, number, actor, f"undo_{_OPERATION[side]}")


def listed(kit: Kit, mapping_id: int, side: Side) -> list[Exempted]:
    """Who is exempted on one side of a mapping, by number; raises NotFound."""
    with kit.database.reading() as tx:
        finding.mapping(tx, mapping_id)
        active = links.active(tx, mapping_id)
        found = [each for each in exemptions.of_mapping(tx, mapping_id) if each.side == side]
    linked = {link.userid: link.studentid for link in active} if side == "moodle" else {}
    linked |= {link.studentid: link.userid for link in active} if side == "kuracloud" else {}
    return [Exempted(each, linked.get(each.number)) for each in found]


_OPERATION: dict[Side, str] = {"kuracloud": "keep_student", "moodle": "exclude_user"}
_DONE: dict[Side, str] = {"kuracloud": "kept", "moodle": "excluded"}
_WHO: dict[Side, str] = {"kuracloud": "The kuraCloud student {}", "moodle": "The Moodle user {}"}


def _exempt(kit: Kit, mapping_id: int, side: Side, number: int, actor: str, require: _Require) -> None:
    with kit.database.reading() as tx:
        mapping = finding.mapping(tx, mapping_id)
    require(kit, mapping, number)
    with kit.database.transaction() as tx:
        finding.still_mapping(tx, mapping_id)
        if not exemptions.add(tx, Exemption(mapping_id, side, number, actor, kit.database.now(tx))):
            raise Refused(f"{_WHO[side].format(number)} is {_DONE[side]} already in mapping {mapping_id}.")
        _written_down(kit, tx, mapping_id, side, number, actor, _OPERATION[side])


def _written_down(
    kit: Kit, tx: Connection, mapping_id: int, side: Side, number: int, actor: str, operation: str
) -> None:
    ask.want(kit, tx, [mapping_id], "roster", urgent=True)
    subject = {"userid" if side == "moodle" else "studentid": number}
    record(tx, kit.database.now(tx), actor, operation, subject, mapping_id)


def _require_student(kit: Kit, mapping: Mapping, studentid: int) -> None:
    with kit.database.reading() as tx:
        instance = instances.get(tx, mapping.instance_id)
    with closing(connect.kuracloud_client(kit, _there(instance, mapping))) as client:
        course = mapping.kura_courseid
        known = (each.student_id for read in (client.students, client.deleted_students) for each in read(course))
        if studentid not in known:
            raise NotFound(
                f"The kuraCloud course {mapping.kura_course_name} has no student {studentid}. `kurasync plan "
                f"{mapping.id}` shows the numbers of those who would be removed."
            )


def _require_user(kit: Kit, mapping: Mapping, userid: int) -> None:
    with kit.database.reading() as tx:
        site = sites.get(tx, mapping.site_id)
    with closing(connect.moodle_client(kit, _there(site, mapping))) as client:
        if not client.accounts([userid]):
            raise NotFound(
                f"Moodle has no user {userid}. The number is the `id` in the address of the user's profile page."
            )


def _there(found: _Connection | None, mapping: Mapping) -> _Connection:
    if found is None:
        raise NotFound(f"Mapping {mapping.id} was removed just now.")
    return found
