"""Steps: what was begun for one person, and how it ended; the guard's 24 hours and the rule of three count these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from app.planning import actions as act
from app.planning import grade_actions as grade_act
from app.planning.actions import INVITATIONS, REMOVALS
from app.planning.grade_actions import LOSSES
from app.store.tables import steps
from app.store.worklist import GRADES, ROSTER, Kind

Outcome = Literal["done", "failed", "refused"]
REMOVAL_KINDS = tuple(each.kind for each in REMOVALS)
LOSS_KINDS = tuple(each.kind for each in LOSSES)
_OF_KIND: dict[str, tuple[str, ...]] = {
    ROSTER: tuple(each.kind for each in get_args(act.Action)),
    GRADES: tuple(each.kind for each in get_args(grade_act.Action)),
}
INVITATION_KINDS = tuple(each.kind for each in INVITATIONS)


@dataclass(frozen=True, slots=True)
class NewStep:
    """A step about to be made; `email_digest` is of the address an invitation goes to.

    `fingerprint` and `content` are app.planning.actions.fingerprint and .digest of the action.
    """

    action: str
    fingerprint: str
    content: str
    email_digest: str | None
    approved: bool


_BEGIN = insert(steps).returning(steps.c.id, sort_by_parameter_order=True)
_REMOVALS = (
    select(steps.c.fingerprint)
    .where(
        steps.c.mapping_id == bindparam("b_mapping"),
        steps.c.at >= bindparam("b_since"),
        steps.c.action.in_(REMOVAL_KINDS),
        steps.c.approved.is_(False),
        steps.c.outcome.in_(("begun", "done")),
    )
    .distinct()
)
_LOSSES = select(func.count()).where(
    steps.c.mapping_id == bindparam("b_mapping"),
    steps.c.at >= bindparam("b_since"),
    steps.c.action.in_(LOSS_KINDS),
    steps.c.approved.is_(False),
    steps.c.outcome.in_(("begun", "done")),
)
_DONE = (
    select(steps.c.fingerprint, func.count().label("times"))
    .where(
        steps.c.mapping_id == bindparam("b_mapping"), steps.c.at >= bindparam("b_since"), steps.c.outcome == "done"
    )
    .group_by(steps.c.fingerprint)
)
_DONE_AFTER = (
    select(steps.c.fingerprint)
    .where(
        steps.c.mapping_id == bindparam("b_mapping"), steps.c.run_id > bindparam("b_run"), steps.c.outcome == "done"
    )
    .distinct()
)
_INVITED = (
    select(steps.c.email_digest)
    .where(
        steps.c.mapping_id == bindparam("b_mapping"),
        steps.c.action.in_(INVITATION_KINDS),
        steps.c.outcome == "done",
        steps.c.email_digest.is_not(None),
    )
    .distinct()
)
_REFUSED = (
    select(steps.c.content)
    .where(steps.c.mapping_id == bindparam("b_mapping"), steps.c.outcome == "refused")
    .distinct()
)


def begin(tx: Connection, now: float, mapping_id: int, run_id: int, rows: Sequence[NewStep]) -> list[int]:
    """Write down what is about to be done; returns the ids in order."""
    if not rows:
        return []
    common = {"mapping_id": mapping_id, "run_id": run_id, "at": now, "outcome": "begun"}
    return list(tx.execute(_BEGIN, [{**asdict(row), **common} for row in rows]).scalars())


def finish(tx: Connection, ids: Collection[int], outcome: Outcome) -> None:
    """Write down how it went."""
    if ids:
        tx.execute(update(steps).where(steps.c.id.in_(ids)).values(outcome=outcome))


def forget(tx: Connection, mapping_id: int, kind: Kind) -> None:
    """Forget the steps of one kind of work: they were about people or grades of a course that is no longer mapped."""
    tx.execute(delete(steps).where(steps.c.mapping_id == mapping_id, steps.c.action.in_(_OF_KIND[kind])))


def removals_since(tx: Connection, mapping_id: int, since: float) -> frozenset[str]:
    """The removals that were begun or done unasked, by fingerprint: one tried twice counts once (design.md 6)."""
    return frozenset(tx.execute(_REMOVALS, {"b_mapping": mapping_id, "b_since": since}).scalars())


def losses_since(tx: Connection, mapping_id: int, since: float) -> int:
    """How many grades were lowered or cleared unasked (design.md 6)."""
    return int(tx.execute(_LOSSES, {"b_mapping": mapping_id, "b_since": since}).scalar_one())


def done_since(tx: Connection, mapping_id: int, since: float) -> Counter[str]:
    """How often each action, by fingerprint, was done: three times in 24 hours is a conflict (design.md 5)."""
    found = tx.execute(_DONE, {"b_mapping": mapping_id, "b_since": since})
    return Counter({row.fingerprint: row.times for row in found})


def done_after(tx: Connection, mapping_id: int, run_id: int) -> frozenset[str]:
    """What later runs than this one did, by fingerprint."""
    return frozenset(tx.execute(_DONE_AFTER, {"b_mapping": mapping_id, "b_run": run_id}).scalars())


def invited(tx: Connection, mapping_id: int) -> frozenset[str]:
    """Digests of the addresses that were ever invited in this mapping."""
    return frozenset(tx.execute(_INVITED, {"b_mapping": mapping_id}).scalars())


def refused(tx: Connection, mapping_id: int) -> frozenset[str]:
    """Contents of the actions that were refused alone: not tried again until they change (design.md 9)."""
    return frozenset(tx.execute(_REFUSED, {"b_mapping": mapping_id}).scalars())
