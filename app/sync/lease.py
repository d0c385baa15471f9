"""A run's right to act on a mapping: free to ask for while enough time is left, renewed in time, lost for good."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.errors import LeaseLost, RunStopped
from app.kit import Kit
from app.store import worklist
from app.store.worklist import Claim

Elapsed = Callable[[], float]

_LOST = "The run's lease ran out: another run may have begun."


def boottime() -> float:
    """Seconds since the machine started, counted also while it sleeps (queue.md 8)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended that came to its end: what `runs` shows of it.

    `plan` is JSON; `counts` says how many of each action were done, held, in conflict, failed; `drift` how many actions
    no event explains. `again_at` (seconds since the epoch) asks for another look then, also when nothing new is wanted.
    """

    reason: str = ""
    message: str = ""
    plan: Any = None
    counts: Mapping[str, int] = field(default_factory=dict)
    drift: int = 0
    again_at: float | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a run ended that waits for somebody else, holding no worker: it goes on at `until` (since the epoch)."""

    until: float
    reason: str
    message: str


class Lease:
    """What a verb holds while it works: check() it before every remote call (queue.md 3, 5).

    `taken_at` is `elapsed()` from before the claim was sent, so that the deadline kept here never ends after the one in
    SQL. `wrote` is set by the verb before its first write to another system.
    """

    def __init__(
        self,
        kit: Kit,
        claim: Claim,
        *,
        taken_at: float,
        stopping: Callable[[], bool] = lambda: False,
        elapsed: Elapsed = boottime,
    ) -> None:
        self.claim = claim
        self.wrote = False
        self._kit = kit
        self._elapsed = elapsed
        self._stopping = stopping
        self._deadline = taken_at + kit.settings.lease
        self._budget_ends = taken_at + kit.settings.run_budget

    @property
    def mapping_id(self) -> int:
        """The mapping this run works on."""
        return self.claim.mapping_id

    @property
    def kind(self) -> str:
        """roster or grades."""
        return self.claim.kind

    @property
    def run_id(self) -> int:
        """The run's row in `runs`."""
        return self.claim.run_id

    def check(self) -> None:
        """Return when a request may be sent now: the lease outlasts it by call time-out + grace.

        Raises RunStopped when the run has to end (shutting down, budget used up, gate closed) and LeaseLost when
        another run may have begun: then nothing more may be written.
        """
        self._go_on()
        while self._deadline - self._elapsed() < self._kit.settings.need:
            self._renew()
            self._go_on()

    def confirm(self, tx: Connection) -> None:
        """Raise LeaseLost unless the row is still this run's; it then stays so until `tx` ends."""
        if worklist.renew(tx, self._kit.database.now(tx), self.claim, self._kit.settings.lease) is None:
            raise LeaseLost(_LOST)

    def _go_on(self) -> None:
        if self._stopping():
            raise RunStopped("The worker is shutting down; another one goes on.", reason="shutting_down")
        if self._elapsed() >= self._budget_ends:
            raise RunStopped(
                f"The run took longer than {self._kit.settings.run_budget:g} s; it goes on later.", reason="run_budget"
            )

    def _renew(self) -> None:
        sent_at = self._elapsed()
        with self._kit.database.transaction() as tx:
            gate = worklist.renew(tx, self._kit.database.now(tx), self.claim, self._kit.settings.lease)
        if gate is None:
            raise LeaseLost(_LOST)
        self._deadline = sent_at + self._kit.settings.lease
        if gate != "open":
            raise RunStopped(f"The mapping was {gate} while the run was under way.", reason=f"gate_{gate}")
