"""What keeps a mapping from being looked at, in words."""

from __future__ import annotations

from app.kit import Kit
from app.setup import finding
from app.setup.backups import OLDER
from app.store import instances, runs, sites, worklist
from app.store.instances import Instance
from app.store.mappings import Mapping
from app.store.sites import Site
from app.store.worklist import ROSTER, Kind
from app.sync.settle import COURSE_GONE

SUSPENDED = "suspended"
"""The state, as people see it, of a mapping that waits for one of its courses."""

_GATES = {
    "paused": "the mapping is paused. `kurasync mapping resume {id}` lets it go on.",
    "removing": "`kurasync mapping remove {id}` was broken off, or is at work: run it again, or give it up with "
    "`kurasync mapping resume {id}`.",
    "repointing": "`kurasync mapping repoint {id}` was broken off, or is at work: run it again, or give it up with "
    "`kurasync mapping resume {id}`.",
    COURSE_GONE: "the mapping is suspended. {message} It is looked at again every few hours, or at once with "
    "`kurasync mapping resume {id}`.{back}",
    "dead": "the mapping was given up after many failures. `kurasync dead list` says why; once that is put right, "
    "`kurasync dead requeue {id}` tries again.",
    OLDER: "an old backup of the database was put back. Nothing is done until you run `kurasync db restored` on every "
    "machine where a clock runs: `kurasync doctor` says there whether it is still to be done.",
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
    words = _GATES.get(row.gate_reason or "", _GATES[row.gate])
    message, back = (last and last.message) or "", _back(mapping, site)
    return words.format(id=mapping_id, reason=row.gate_reason, message=message, back=back)


def state(state: str, gate_reason: str | None) -> str:
    """A state of app.store.worklist.rows.Row as people see it of a mapping."""
    return SUSPENDED if (state, gate_reason) == ("parked", COURSE_GONE) else state


def _back(mapping: Mapping, site: Site | None) -> str:
    if mapping.restored_as is None or site is None:
        return ""
    return (
        f" Its Moodle course came back as course {mapping.restored_as}: `kurasync mapping repoint {mapping.id} "
        f"--moodle {site.name}:{mapping.restored_as}` goes on with that one."
    )


def _parked(noun: str, connection: Site | Instance) -> str:
    return (
        f"the {noun} {connection.name} is parked ({connection.gate_reason}). `kurasync {noun} test {connection.name}` "
        "says what is wrong; once that is put right, it goes on by itself within a minute."
    )
