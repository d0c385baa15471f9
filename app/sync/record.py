"""The written record of one run's writes: audit rows before and after, and a step for each person concerned."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.errors import BatchRefused, KurasyncError, PermanentError, TransientError
from app.kit import Kit
from app.planning import actions as act
from app.planning.sameness import email_digest
from app.store import audit, steps
from app.sync.holds import UNASKED
from app.sync.lease import Lease


@dataclass(slots=True)
class Record:
    """Writes down each call of a run. `approved` holds fingerprints that `approver` approved.

    `found` are those of `done` that kuraCloud showed after it had refused them: somebody else may have done them.
    """

    kit: Kit
    lease: Lease
    approved: Collection[str] = ()
    approver: str | None = None
    done: list[act.Action] = field(default_factory=list)
    found: list[act.Action] = field(default_factory=list)
    _whole: dict[act.Action, act.Reinvite] = field(default_factory=dict)

    def part_of(self, whole: act.Reinvite, part: act.Action) -> None:
        """Say that an action is one half of a re-invitation: it is approved and counted as that."""
        self._whole[part] = whole

    def whole(self, action: act.Action) -> act.Action:
        """What was planned, of which the action is the whole or a part."""
        return self._whole.get(action, action)

    def actor(self, action: act.Action) -> str:
        """Who answers for an action: the person who approved it, else kurasync itself."""
        return f"approved by {self.approver}" if self._approved(action) else UNASKED

    @contextmanager
    def call(self, operation: str, actions: Sequence[act.Action], subject: Sequence[dict[str, Any]]) -> Iterator[None]:
        """Around one request: committed as begun before it is sent, and as ended, however it ends.

        An answer that was lost stays `begun`: the next run reads first and sees what became of it (design.md 9).
        """
        call_uid, ids = self._begin(operation, actions, subject)
        self.lease.wrote = True
        try:
            yield
        except KurasyncError as error:
            self._end(call_uid, ids, _outcome(error), error.message)
            raise
        except BaseException:
            self._end(call_uid, ids, "unknown", None)
            raise
        self._end(call_uid, ids, "done", None)
        self.done += actions

    def settle(self, actions: Sequence[act.Action], outcome: steps.Outcome) -> None:
        """After a refused batch was read again: what became of each of its records."""
        if actions:
            with self.kit.database.transaction() as tx:
                now = self.kit.database.now(tx)
                ids = steps.begin(tx, now, self.lease.mapping_id, self.lease.run_id, [self._step(a) for a in actions])
                steps.finish(tx, ids, outcome)
        if outcome == "done":
            self.done += actions
            self.found += actions

    def _begin(
        self, operation: str, actions: Sequence[act.Action], subject: Sequence[dict[str, Any]]
    ) -> tuple[str, list[int]]:
        with self.kit.database.transaction() as tx:
            now = self.kit.database.now(tx)
            call_uid = audit.begin(
                tx,
                now,
                actor=self.actor(actions[0]),
                system="kuracloud",
                operation=operation,
                subject={"records": list(subject)},
                mapping_id=self.lease.mapping_id,
                run_id=self.lease.run_id,
            )
            rows = [self._step(action) for action in actions]
            return call_uid, steps.begin(tx, now, self.lease.mapping_id, self.lease.run_id, rows)

    def _end(self, call_uid: str, ids: list[int], outcome: str, detail: str | None) -> None:
        with self.kit.database.transaction() as tx:
            audit.end(tx, self.kit.database.now(tx), call_uid, outcome, detail)
            if outcome != "unknown":
                steps.finish(tx, ids, "done" if outcome == "done" else "failed")

    def _approved(self, action: act.Action) -> bool:
        return act.fingerprint(self.whole(action)) in self.approved

    def _step(self, action: act.Action) -> steps.NewStep:
        # The removal inside a re-invitation counts as that; the invitation inside it as an invitation.
        counted = self.whole(action) if isinstance(action, act.Delete) else action
        return steps.NewStep(
            action=counted.kind,
            fingerprint=act.fingerprint(counted),
            content=act.digest(counted),
            email_digest=email_digest(action.profile.email) if isinstance(action, act.Add) else None,
            approved=self._approved(action),
        )


def _outcome(error: KurasyncError) -> str:
    """What is known of a write that failed: refused, never sent, or perhaps carried out."""
    if isinstance(error, BatchRefused):
        return "refused"
    if isinstance(error, TransientError):
        return "unknown" if error.acted else "failed"
    return "refused" if isinstance(error, PermanentError) else "failed"
