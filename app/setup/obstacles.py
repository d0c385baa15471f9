"""What keeps a mapping from being looked at, in words."""

from __future__ import annotations

from app.kit import Kit
from app.setup import finding
from app.store import instances, runs, sites, worklist
from app.store.instances import Instance
from app.store.sites import Site
from app.store.worklist import ROSTER, Kind

_GATES = {
    "paused": "the mapping is paused. `kurasync mapping resume {id}` lets it go on.",
    "dead": "the mapping was given up after many failures. `kurasync dead list` says why; once that is put right, "
    "`kurasync dead requeue {id}` tries again.",
    "parked": "the mapping is parked ({reason}). {message} `kurasync mapping resume {id}` tries again.",
}


def obstacle(kit: Kit, mapping_id: int, kind: Kind = ROSTER) -> str | None:
    """Why no run starts, and what to do about it; None: one may start."""
    with kit.database.reading() as tx:
        mapping = finding.mapping(tx, mapping_id)
        row, last = worklist.get(tx, mapping_id, kind), runs.last(tx, mapping_id, kind)
        site, instance = sites.get(tx, mapping.site_id), instances.get(tx, mapping.instance_id)
    for noun, connection in (("site", site), ("instance", instance)):
        if connection is not None and connection.gate != "open":
            return _parked(noun, connection)
    if row is None or row.gate == "open":
        return None
    return _GATES[row.gate].format(id=mapping_id, reason=row.gate_reason, message=(last and last.message) or "")


def _parked(noun: str, connection: Site | Instance) -> str:
    return (
        f"the {noun} {connection.name} is parked ({connection.gate_reason}). `kurasync {noun} test {connection.name}` "
        "says what is wrong; once that is put right, it goes on by itself within a minute."
    )
