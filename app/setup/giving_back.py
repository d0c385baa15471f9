"""Giving the students of a kuraCloud course back to the people there: its mapping goes, or gets another course."""

from __future__ import annotations

from contextlib import closing

from app.errors import KurasyncError, NotFound, Refused
from app.kit import Kit
from app.setup import pairing
from app.store import instances
from app.store.instances import Instance
from app.store.mappings import Mapping
from app.sync import connect, course


def give_back(kit: Kit, mapping: Mapping, actor: str, force: bool) -> bool:
    """Switch lmsEnabled off on a mapping's kuraCloud course; returns whether that was done.

    It is not where another mapping shares the course or, with `force`, when kuraCloud refuses or cannot be reached.
    Raises Refused when the course is not active, and what the client raises.
    """
    with kit.database.reading() as tx:
        instance = instances.get(tx, mapping.instance_id)
        shared = pairing.is_shared(tx, mapping)
    if instance is None:
        raise NotFound(f"Mapping {mapping.id} was removed just now.")
    if shared:
        return False
    try:
        _refuse_inactive(kit, instance, mapping)
        course.disable_lms(kit, instance, mapping.kura_courseid, actor, mapping.id)
    except KurasyncError:
        if force:
            return False
        raise
    return True


def _refuse_inactive(kit: Kit, instance: Instance, mapping: Mapping) -> None:
    with closing(connect.kuracloud_client(kit, instance)) as client:
        active = {each.course_id for each in client.courses()}
    if mapping.kura_courseid not in active:
        raise Refused(
            f"The kuraCloud course {mapping.kura_course_name} ({mapping.kura_courseid}) is not active: restore it "
            "first, so that its students can be given back; or say --force if it is gone for good."
        )
