"""What kurasync remembers of a mapping when it plans: links, what was done, what was asked and approved."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass

from sqlalchemy import Connection

from app.planning.guard import DAY
from app.planning.sameness import email_digest
from app.planning.state import KnownLink
from app.store import bypasses, exemptions, holds, links, mappings, steps
from app.store.bypasses import Bypass
from app.store.holds import Hold
from app.store.links import Link
from app.store.mappings import Mapping
from app.store.worklist import Kind


@dataclass(frozen=True, slots=True)
class Approval:
    """The hold there is (`waiting`), and the fingerprints that were approved in it and not done since.

    An approved addition that was done, and that kuraCloud does not show, must not invite a second time. `bypass` lifts
    the limits of this run.
    """

    waiting: Hold | None
    approved: frozenset[str]
    bypass: Bypass | None

    @property
    def shown(self) -> frozenset[str]:
        """The fingerprints of what the person was shown who lifted the limits; of a later hold she saw nothing."""
        if self.bypass is None or self.waiting is None or self.waiting.created_at > self.bypass.at:
            return frozenset()
        return frozenset(item["fingerprint"] for item in self.waiting.items)

    def answers(self, lifted: Iterable[str]) -> dict[str, str]:
        """Who answers, besides kurasync, by fingerprint; `lifted` go ahead because limits were lifted."""
        found = dict.fromkeys(lifted, f"limits lifted by {self.bypass.by}") if self.bypass else {}
        if self.waiting is not None:
            found |= dict.fromkeys(self.approved, f"approved by {self.waiting.decided_by}")
        return found


@dataclass(frozen=True, slots=True)
class Recalled(Approval):
    """One mapping's memory at `now`.

    `done` (how often, by fingerprint) and `removals` (fingerprints) are of the last 24 hours; `invited` has digests of
    addresses that were invited or linked. `excluded` users and `kept` students are a person's exemptions.
    """

    now: float
    mapping: Mapping
    links: tuple[KnownLink, ...]
    done: Dictionary[str, int]
    refused: frozenset[str]
    removals: frozenset[str]
    invited: frozenset[str]
    excluded: frozenset[int]
    kept: frozenset[int]


def recall(tx: Connection, now: float, mapping: Mapping, covers: int | None) -> Recalled:
    """The memory of a mapping; `mapping` as it was when the run began, where it is gone by now. `covers` as below."""
    given, known = approval(tx, now, mapping.id, "roster", covers), _links(tx, mapping.id)
    return Recalled(
        now=now,
        mapping=mappings.get(tx, mapping.id) or mapping,
        waiting=given.waiting,
        approved=given.approved,
        bypass=given.bypass,
        links=known,
        done=steps.done_since(tx, mapping.id, now - DAY),
        refused=steps.refused(tx, mapping.id),
        removals=steps.removals_since(tx, mapping.id, now - DAY),
        invited=steps.invited(tx, mapping.id) | {email_digest(link.email) for link in known},
        excluded=exemptions.numbers(tx, mapping.id, "moodle"),
        kept=exemptions.numbers(tx, mapping.id, "kuracloud"),
    )


def approval(tx: Connection, now: float, mapping_id: int, kind: Kind, covers: int | None) -> Approval:
    """What a person let go ahead of one kind of work; for the run that covers this generation, or a preview (None)."""
    waiting = holds.waiting(tx, mapping_id, kind)
    return Approval(waiting, _approved(tx, waiting), _bypass(tx, now, mapping_id, kind, covers))


def _bypass(tx: Connection, now: float, mapping_id: int, kind: Kind, covers: int | None) -> Bypass | None:
    """The bypass, unless it was given after the run had begun, or so long ago that nobody knows what it meets."""
    given = bypasses.get(tx, mapping_id, kind)
    if given is None or given.at <= now - DAY:
        return None
    return given if covers is None or covers >= given.gen else None


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
