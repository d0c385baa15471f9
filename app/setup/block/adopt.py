"""Taking over what a survey found: each mapping whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from app.errors import KurasyncError
from app.kit import Kit
from app.planning.moving import Pair
from app.setup.acts import record
from app.setup.block import instances
from app.setup.block.survey import Adoptee, Survey
from app.store import cells, links, mappings
from app.store.instances import Instance
from app.store.links import NewLink
from app.store.sites import Site
from app.sync import ask, course

USER_GONE = "user_gone"
"""Why a link ended whose Moodle user was deleted before the block was moved over."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What became of a course: the number of its mapping, or (None) what went wrong; then nothing of it was kept."""

    adoptee: Adoptee
    mapping_id: int | None
    message: str = ""


def adopt(kit: Kit, survey: Survey, actor: str) -> Iterator[Adopted]:
    """Make the instances and mappings of a survey, one after the other, as the iterator is asked for them.

    One that fails stops no other. Nothing is started: the first plan of each waits for approval (design.md 6).
    """
    for each in survey.adoptees:
        try:
            instance = instances.made(kit, each.target, actor)
            yield Adopted(each, _adopted(kit, survey.site, each, instance, actor))
        except KurasyncError as error:
            yield Adopted(each, None, error.message)


def enable_lms(kit: Kit, survey: Survey, actor: str) -> None:
    """Switch lmsEnabled on where it is off, so that a new survey can read the students; raises what the client raises.

    Makes the instances that are needed for it.
    """
    for each in survey.switched_off:
        course.enable_lms(kit, instances.made(kit, each.target, actor), each.course_id, actor)


def _adopted(kit: Kit, site: Site, each: Adoptee, instance: Instance, actor: str) -> int:
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        mapping_id = mappings.add(
            tx,
            now,
            site_id=site.id,
            courseid=each.moodle.id,
            course_name=each.moodle.fullname,
            instance_id=instance.id,
            kura_courseid=each.kuracloud.course_id,
            kura_course_name=each.kuracloud.name,
            settings={},
            reconcile_at=now + kit.settings.reconcile,
        )
        _link(tx, now, mapping_id, each)
        cells.keep_columns(tx, mapping_id, each.written.titles)
        cells.settle(tx, now, mapping_id, {cell: (value, value) for cell, value in each.written.grades.items()})
        ask.want(kit, tx, [mapping_id], "roster", urgent=True)
        record(tx, now, actor, "adopt_mapping", _subject(site, instance, each), mapping_id)
        return mapping_id


def _link(tx: Connection, now: float, mapping_id: int, each: Adoptee) -> None:
    for pair in each.ended:  # one by one: two users may have had the student
        links.create(tx, now, mapping_id, [_new(pair, each.emails)])
        links.end(tx, now, mapping_id, [pair.studentid], USER_GONE)
    links.create(tx, now, mapping_id, [_new(pair, each.emails) for pair in each.links])


def _new(pair: Pair, emails: Mapping[int, str]) -> NewLink:
    return NewLink(pair.userid, pair.studentid, emails[pair.studentid], {})


def _subject(site: Site, instance: Instance, each: Adoptee) -> dict[str, object]:
    return {
        "site": site.name,
        "course": each.moodle.id,
        "instance": instance.name,
        "kura_course": each.kuracloud.course_id,
        "links": len(each.links),
        "ended": len(each.ended),
        "columns": len(each.written.titles),
        "grades": len(each.written.grades),
    }
