"""What kurasync remembers of a mapping when it plans: links, what was done, what was asked and approved."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass

from sqlalchemy import Connection

from app.planning.guard import DAY
from app.planning.sameness import email_digest
from app.planning.state import KnownLink
from app.store import holds, links, mappings, steps
from app.store.holds import Hold
from app.store.links import Link
from app.store.mappings import Mapping


@dataclass(frozen=True, slots=True)
class Recalled:
    """One mapping's memory at `now`.

    `waiting` is the hold there is. `approved` has the fingerprints that were approved and not done since: an approved
    addition that was done, and that kuraCloud does not show, must not invite a second time. `done` (how often, by
    fingerprint) and `removals` (fingerprints) are of the last 24 hours; `invited` has digests of addresses that were
    invited or linked.
    """

    now: float
    mapping: Mapping
    waiting: Hold | None
    approved: frozenset[str]
    links: tuple[KnownLink, ...]
    done: Dictionary[str, int]
    refused: frozenset[str]
    removals: frozenset[str]
    invited: frozenset[str]

    @property
    def approver(self) -> str | None:
        """Who approved what is approved."""
        return self.waiting.decided_by if self.waiting is not None and self.approved else None


def recall(tx: Connection, now: float, mapping: Mapping) -> Recalled:
    """The memory of a mapping; `mapping` as it was when the run began, where it is gone by now."""
    waiting, known = holds.waiting(tx, mapping.id, "roster"), _links(tx, mapping.id)
    return Recalled(
        now=now,
        mapping=mappings.get(tx, mapping.id) or mapping,
        waiting=waiting,
        approved=_approved(tx, waiting),
        links=known,
        done=steps.done_since(tx, mapping.id, now - DAY),
        refused=steps.refused(tx, mapping.id),
        removals=steps.removals_since(tx, mapping.id, now - DAY),
        invited=steps.invited(tx, mapping.id) | {email_digest(link.email) for link in known},
    )


def _approved(tx: Connection, waiting: Hold | None) -> frozenset[str]:
    if waiting is None or waiting.state != "approved":
        return frozenset()
    # What was held by one run can only have been done by a later one because it was approved.
    done = steps.done_after(tx, waiting.mapping_id, waiting.run_id)
    return frozenset(item["fingerprint"] for item in waiting.items) - done


def _links(tx: Connection, mapping_id: int) -> tuple[KnownLink, ...]:
    def known(link: Link) -> KnownLink:
        return KnownLink(link.userid, link.studentid, link.email, link.echo, ended=link.ended_at is not None)

    return tuple(known(link) for link in (*links.active(tx, mapping_id), *links.ended(tx, mapping_id)))
