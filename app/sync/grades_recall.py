"""What kurasync remembers of a mapping's grades when it plans: links, cells, columns, what was lost and approved."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass

from sqlalchemy import Connection

from app.planning.grade_actions import Column
from app.planning.gradebook import Cell, KnownCell, KnownColumn
from app.planning.guard import DAY
from app.store import cells, exemptions, links, mappings, rosters, steps
from app.store.mappings import Mapping
from app.store.rosters import KnownRoster
from app.sync.recall import Approval, approval


@dataclass(frozen=True, slots=True)
class RecalledGrades(Approval):
    """One mapping's memory of grades at `now`.

    `names` says what the users of the roster known last are called; `owners` maps each linked Moodle user to her
    student; `moved` are students whose link was made or ended since the export was asked for. `done` (how often, by
    fingerprint) and `losses` (unasked) are of the last 24 hours.
    """

    now: float
    mapping: Mapping
    names: Dictionary[int, str]
    owners: Dictionary[int, int]
    moved: frozenset[int]
    columns: Dictionary[Column, KnownColumn]
    cells: Dictionary[Cell, KnownCell]
    done: Dictionary[str, int]
    losses: int
    excluded: frozenset[int]


def recall_grades(
    tx: Connection, now: float, mapping: Mapping, covers: int | None, asked_at: float
) -> RecalledGrades:
    """The memory of a mapping's grades; `mapping` as it was when the run began, where it is gone by now.

    `covers`: the generation that the export answers; None in a preview.
    """
    given, active = approval(tx, now, mapping.id, "grades", covers), links.active(tx, mapping.id)
    made = {link.studentid for link in active if link.created_at >= asked_at}
    ended = {link.studentid for link in links.ended(tx, mapping.id) if (link.ended_at or 0.0) >= asked_at}
    return RecalledGrades(
        waiting=given.waiting,
        approved=given.approved,
        bypass=given.bypass,
        now=now,
        mapping=mappings.get(tx, mapping.id) or mapping,
        names=_names(rosters.get(tx, mapping.id)),
        owners={link.userid: link.studentid for link in active},
        moved=frozenset(made | ended),
        columns=cells.columns(tx, mapping.id),
        cells=cells.cells(tx, mapping.id),
        done=steps.done_since(tx, mapping.id, now - DAY),
        losses=steps.losses_since(tx, mapping.id, now - DAY),
        excluded=exemptions.numbers(tx, mapping.id, "moodle"),
    )


def _names(roster: KnownRoster | None) -> dict[int, str]:
    members = roster.members if roster else ()
    return {member.userid: f"{member.firstname} {member.lastname}" for member in members}
