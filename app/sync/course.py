"""A mapping's courses themselves (design.md 8): whose the students in kuraCloud are; which is a copy of which."""

from __future__ import annotations

from contextlib import closing

from app.errors import KurasyncError, TransientError
from app.kit import Kit
from app.store import audit, mappings
from app.store.instances import Instance
from app.store.mappings import Mapping
from app.sync import connect
from app.sync.alerting import UNASKED
from app.sync.connect import Fence
from app.sync.lease import Lease

SET_LMS = "set_lms_enabled"
"""The operation as the audit knows it."""

REPOINTED = "repoint_mapping"
"""How the audit calls it that a mapping got other courses."""


def enable_lms(kit: Kit, instance: Instance, course_id: int, actor: str, mapping_id: int | None = None) -> None:
    """Give the students of a kuraCloud course to us: people can then no longer edit them there."""
    _set_lms(kit, instance, course_id, True, actor, mapping_id)


def disable_lms(kit: Kit, instance: Instance, course_id: int, actor: str, mapping_id: int | None = None) -> None:
    """Give the students of a kuraCloud course back to the people there; the students stay."""
    _set_lms(kit, instance, course_id, False, actor, mapping_id)


def forget_copy(kit: Kit, mapping: Mapping) -> None:
    """After a look at a mapping's Moodle course: it is there, so a course that was made of it is a mere copy.

    `mapping` as it was before the look.
    """
    if mapping.restored_as is not None:
        with kit.database.transaction() as tx:
            mappings.forget_restored(tx, mapping.id, mapping.restored_as)


def repair_lms(kit: Kit, lease: Lease, mapping: Mapping, instance: Instance) -> bool:
    """Switch lmsEnabled on again where it was switched off, as uninstalling the old block does (contracts/moodle.md 4).

    Once for each mapping of the course, since a second time it is no accident: then it returns False and does nothing
    (design.md 8).
    """
    with kit.database.reading() as tx:
        earlier = audit.search(tx, mapping_id=mapping.id, system="kuracloud", operation=SET_LMS)
    here = {"instance": instance.name, "course": mapping.kura_courseid}
    if any(row.actor == UNASKED and here.items() <= row.subject.items() for row in earlier):
        return False
    lease.wrote = True
    _set_lms(kit, instance, mapping.kura_courseid, True, UNASKED, mapping.id, lease.check)
    return True


def _set_lms(
    kit: Kit,
    instance: Instance,
    course_id: int,
    enabled: bool,
    actor: str,
    mapping_id: int | None = None,
    fence: Fence | None = None,
) -> None:
    """The call between its two audit rows (invariant 10); raises what the client raises."""
    subject = {"instance": instance.name, "course": course_id, "lmsEnabled": enabled}
    with kit.database.transaction() as tx:
        call = audit.begin(
            tx,
            kit.database.now(tx),
            actor=actor,
            system="kuracloud",
            operation=SET_LMS,
            subject=subject,
            mapping_id=mapping_id,
        )
    try:
        with closing(connect.kuracloud_client(kit, instance, fence)) as client:
            client.set_lms_enabled(course_id, enabled)
    except KurasyncError as error:
        _end(kit, call, _outcome(error), error.message)
        raise
    except BaseException:
        _end(kit, call, "unknown")
        raise
    _end(kit, call, "done")


def _outcome(error: KurasyncError) -> str:
    if isinstance(error, TransientError):
        return "unknown" if error.acted else "failed"
    return "refused"


def _end(kit: Kit, call: str, outcome: str, detail: str | None = None) -> None:
    with kit.database.transaction() as tx:
        audit.end(tx, kit.database.now(tx), call, outcome, detail)
