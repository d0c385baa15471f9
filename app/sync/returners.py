"""Students who come back to a course: Moodle deleted their grades when they left (contracts/moodle.md 3)."""

from __future__ import annotations

from collections.abc import Collection

from app.kit import Kit
from app.planning import actions as act
from app.store import cells, events
from app.sync.ask import want
from app.sync.lease import Lease

_ENROLLED = r"\core\event\user_enrolment_created"
_LINKING = (act.Link, act.Add, act.Restore, act.Reinvite, act.Relink)


def ask_for_returners(kit: Kit, lease: Lease, done: Collection[act.Action]) -> None:
    """Want the grades of users whom this run linked, or whose enrolment it covers, and who had grades before.

    In a transaction of its own, before the run ends: the other way round its row and that of the grades would be locked
    in another order than by a delivery.
    """
    linked = {action.userid for action in done if isinstance(action, _LINKING)}
    with kit.database.transaction() as tx:
        enrolled = {each.relateduserid for each in events.behind(tx, lease.claim) if each.name == _ENROLLED}
        if cells.owners(tx, lease.mapping_id) & (linked | enrolled):
            want(kit, tx, [lease.mapping_id], "grades", urgent=False)
