"""Claiming work and keeping it: a lease that ends by itself, and a fence that counts claims (D1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Double, Text, and_, bindparam, case, func, insert, or_, select, update

from app.store.dialect import least
from app.store.tables import instances, mappings, runs, sites, worklist
from app.store.worklist.due import CONNECTED, FAILING, OPEN_CONNECTIONS, STARTABLE

_NOW = bindparam("b_now", type_=Double)
_UNTIL = bindparam("b_until", type_=Double)
_OWNER = bindparam("b_owner", type_=Text)
_ROW = worklist.c


@dataclass(frozen=True, slots=True)
class Claim:
    """A run's hold on its row: it covers the requests (gen_from, gen_to] and owns the row while `fence` stands.

    `rechecks`: it is a recheck as well, whose time had come (D12): no event says what that one is about. `asked_at` is
    since when the oldest of what it covers is wanted.
    """

    mapping_id: int
    kind: str
    owner: str
    fence: int
    gen_from: int
    gen_to: int
    attempts: int
    failing_since: float | None
    due_at: float
    run_id: int
    rechecks: bool = False
    asked_at: float | None = None


THIS_ROW = and_(_ROW.mapping_id == bindparam("b_mapping"), _ROW.kind == bindparam("b_kind"))
MINE = and_(THIS_ROW, _ROW.fence == bindparam("b_fence"), _ROW.lease_owner == _OWNER)

# The lock makes claims on one connection wait for each other on PostgreSQL: else two could both be the last allowed.
_CONNECTION = (
    select(
        mappings.c.site_id,
        mappings.c.instance_id,
        (sites.c.failures >= FAILING).label("site_failing"),
        (instances.c.failures >= FAILING).label("instance_failing"),
    )
    .select_from(CONNECTED)
    .where(THIS_ROW, STARTABLE, OPEN_CONNECTIONS)
    .with_for_update(key_share=True, of=[sites, instances])
)
_RUNNING = (
    select(
        func.coalesce(func.sum(case((mappings.c.instance_id == bindparam("b_instance"), 1), else_=0)), 0).label("here"),
        func.coalesce(func.sum(case((mappings.c.site_id == bindparam("b_site"), 1), else_=0)), 0).label("at_site"),
    )
    .select_from(worklist.join(mappings, mappings.c.id == _ROW.mapping_id))
    .where(
        _ROW.lease_until.is_not(None),
        or_(mappings.c.instance_id == bindparam("b_instance"), mappings.c.site_id == bindparam("b_site")),
    )
)
# Locked, so that nothing changes between this and the claim, which clears it.
_RECHECKS = select(_ROW.recheck_at <= _NOW).where(THIS_ROW).with_for_update()
_CLAIM = (
    update(worklist)
    .where(THIS_ROW, STARTABLE)
    .values(
        fence=_ROW.fence + 1,
        lease_owner=_OWNER,
        lease_until=_UNTIL,
        first_wanted_at=None,
        asked_at=func.coalesce(_ROW.asked_at, _ROW.first_wanted_at),
        # A recheck whose time has come is this run; it reads after this commit.
        recheck_at=case((_ROW.recheck_at > _NOW, _ROW.recheck_at), else_=None),
    )
    .returning(_ROW.fence, _ROW.wanted, _ROW.seen, _ROW.attempts, _ROW.failing_since, _ROW.due_at, _ROW.asked_at)
)
_OPEN_RUN = insert(runs).returning(runs.c.id)
_NOTE_RUN = update(worklist).where(THIS_ROW).values(last_run_id=bindparam("b_run"))
_RENEW = update(worklist).where(MINE, _ROW.lease_until > _NOW).values(lease_until=_UNTIL).returning(_ROW.gate)


def claim(
    tx: Connection, now: float, mapping_id: int, kind: str, owner: str, lease: float, runs_per_instance: int
) -> Claim | None:
    """Take a row for `lease` seconds and open its run; None when there is nothing to do here.

    Refused: nothing due, a gate closed (the row's, or a connection's), another run at it, or its connections have as
    many runs as they may. `owner` is host:pid:start:random. The first remote read happens after the commit.
    """
    key = {"b_mapping": mapping_id, "b_kind": kind}
    connection = tx.execute(_CONNECTION, {**key, "b_now": now}).first()
    if connection is None or not _has_room(tx, connection, runs_per_instance):
        return None
    rechecks = bool(tx.execute(_RECHECKS, {**key, "b_now": now}).scalar())
    row = tx.execute(_CLAIM, {**key, "b_now": now, "b_owner": owner, "b_until": now + lease}).first()
    if row is None:
        return None
    run = {
        "mapping_id": mapping_id,
        "kind": kind,
        "fence": row.fence,
        "gen_from": row.seen,
        "gen_to": row.wanted,
        "due_at": row.due_at,
        "started_at": now,
        "owner": owner,
        "asked_at": row.asked_at,
    }
    run_id = tx.execute(_OPEN_RUN, run).scalar_one()
    tx.execute(_NOTE_RUN, {**key, "b_run": run_id})
    return Claim(
        mapping_id=mapping_id,
        kind=kind,
        owner=owner,
        fence=row.fence,
        gen_from=row.seen,
        gen_to=row.wanted,
        attempts=row.attempts,
        failing_since=row.failing_since,
        due_at=row.due_at,
        run_id=run_id,
        rechecks=rechecks,
        asked_at=row.asked_at,
    )


def renew(tx: Connection, now: float, claim: Claim, lease: float) -> str | None:
    """Keep the row for `lease` seconds from now; returns its gate, or None when the lease was lost (queue.md 3).

    A gate that is not `open` means: stop, and release with Later.
    """
    gate: str | None = tx.execute(_RENEW, {**mine(claim), "b_now": now, "b_until": now + lease}).scalar()
    return gate


def expire(tx: Connection, now: float, owner_prefix: str, grace: float) -> int:
    """Let the leases of a process that died end within `grace` seconds; returns how many it held.

    `owner_prefix` is host:pid:start:, as the supervisor knows its child.
    """
    held = _ROW.lease_owner.startswith(owner_prefix, autoescape=True)
    sooner = least(_ROW.lease_until, bindparam("b_until", now + grace, type_=Double))
    return tx.execute(update(worklist).where(held).values(lease_until=sooner)).rowcount


def mine(claim: Claim) -> dict[str, Any]:
    """The values of MINE for a claim."""
    return {
        "b_mapping": claim.mapping_id,
        "b_kind": claim.kind,
        "b_fence": claim.fence,
        "b_owner": claim.owner,
    }


def _has_room(tx: Connection, connection: Any, runs_per_instance: int) -> bool:
    values = {"b_instance": connection.instance_id, "b_site": connection.site_id}
    running = tx.execute(_RUNNING, values).one()
    allowed = 1 if connection.instance_failing else runs_per_instance
    return running.here < allowed and not (connection.site_failing and running.at_site)
