"""The written record of one run's writes: audit rows before and after, and a step for each person concerned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from app.errors import BatchRefused, KurasyncError, PermanentError, TransientError
from app.kit import Kit
from app.store import audit, steps, traces
from app.sync.alerting import UNASKED
from app.sync.lease import Lease

A = TypeVar("A")

_SOME_NOT = "{} of them were left as they are."


@dataclass(slots=True)
class Record(ABC, Generic[A]):
    """Writes down each call of a run. `answers` says, by fingerprint, which person let an action go ahead.

    `found` are those of `done` that kuraCloud showed after it had refused them: somebody else may have done them.
    """

    kit: Kit
    lease: Lease
    answers: Mapping[str, str] = field(default_factory=dict)
    done: list[A] = field(default_factory=list)
    found: list[A] = field(default_factory=list)

    @property
    @abstractmethod
    def system(self) -> str:
        """Which system is written to, as the audit names it."""

    @abstractmethod
    def fingerprint(self, action: A) -> str:
        """Of the action, or of what was planned and the action is a part of."""

    @abstractmethod
    def step(self, action: A) -> steps.NewStep:
        """What the guard will count of it."""

    def is_approved(self, action: A) -> bool:
        """Whether a person let the action go ahead."""
        return self.fingerprint(action) in self.answers

    def actor(self, action: A) -> str:
        """Who answers for an action: the person who let it go ahead, else kurasync itself."""
        return self.answers.get(self.fingerprint(action), UNASKED)

    def prepare(self, tx: Connection, now: float, actions: Sequence[A]) -> None:
        """Remember what else a kind of run has to, in the transaction that says the actions are begun."""

    @contextmanager
    def call(self, operation: str, actions: Sequence[A], subject: Sequence[dict[str, Any]]) -> Iterator[list[A]]:
        """Around one request: committed as begun before it is sent, and as ended, however it ends.

        The block adds to the list what the other side said it did not do. An answer that was lost stays `begun`: the
        next run reads first and sees what became of it (design.md 9).
        """
        call_uid, ids = self._begin(operation, actions, subject)
        self.lease.wrote = True
        undone: list[A] = []
        try:
            yield undone
        except KurasyncError as error:
            self._end(call_uid, _outcome(error), error.message, failed=ids)
            raise
        except BaseException:
            self._end(call_uid, "unknown", None)
            raise
        done = [action not in undone for action in actions]
        self._end(
            call_uid,
            "done",
            _SOME_NOT.format(len(undone)) if undone else None,
            done=[number for number, is_done in zip(ids, done, strict=True) if is_done],
            failed=[number for number, is_done in zip(ids, done, strict=True) if not is_done],
        )
        self.done += [action for action, is_done in zip(actions, done, strict=True) if is_done]

    def settle(self, actions: Sequence[A], outcome: steps.Outcome) -> None:
        """After a refused batch was read again: what became of each of its records."""
        if actions:
            with self.kit.database.transaction() as tx:
                now = self.kit.database.now(tx)
                ids = steps.begin(tx, now, self.lease.mapping_id, self.lease.run_id, [self.step(a) for a in actions])
                steps.finish(tx, ids, outcome)
        if outcome == "done":
            self.done += actions
            self.found += actions

    def _begin(
        self, operation: str, actions: Sequence[A], subject: Sequence[dict[str, Any]]
    ) -> tuple[str, list[int]]:
        with self.kit.database.transaction() as tx:
            # A run that lost its lease writes down nobody any more: somebody may have been erased meanwhile.
            self.lease.confirm(tx)
            now = self.kit.database.now(tx)
            call_uid = audit.begin(
                tx,
                now,
                actor=self.actor(actions[0]),
                system=self.system,
                operation=operation,
                subject={"records": list(subject), **self._asked_by(tx, subject)},
                mapping_id=self.lease.mapping_id,
                run_id=self.lease.run_id,
            )
            self.prepare(tx, now, actions)
            rows = [self.step(action) for action in actions]
            return call_uid, steps.begin(tx, now, self.lease.mapping_id, self.lease.run_id, rows)

    def _asked_by(self, tx: Connection, subject: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The events behind the call: they themselves are forgotten with age, and somebody may ask why years later."""
        asked = traces.asked_by(tx, self.lease.claim, {each["userid"] for each in subject if each.get("userid")})
        return {traces.ASKED_BY: asked} if asked else {}

    def _end(
        self,
        call_uid: str,
        outcome: str,
        detail: str | None,
        *,
        done: Collection[int] = (),
        failed: Collection[int] = (),
    ) -> None:
        with self.kit.database.transaction() as tx:
            audit.end(tx, self.kit.database.now(tx), call_uid, outcome, detail)
            if outcome != "unknown":
                steps.finish(tx, done, "done")
                steps.finish(tx, failed, "failed")


def _outcome(error: KurasyncError) -> str:
    """What is known of a write that failed: refused, never sent, or perhaps carried out."""
    if isinstance(error, BatchRefused):
        return "refused"
    if isinstance(error, TransientError):
        return "unknown" if error.acted else "failed"
    return "refused" if isinstance(error, PermanentError) else "failed"
