"""Asking for a look at a mapping now, and waiting for what comes of it: one way for students and for grades."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from rich.console import Console

from app.cli.failing import FAILED, HELD, Failure
from app.cli.output import say, warn
from app.cli.session import actor
from app.kit import Kit
from app.setup.looking import Asked, ask_now
from app.setup.obstacles import obstacle
from app.store import runs, worklist
from app.store.runs import Run
from app.store.worklist import Kind, Row
from app.sync.grades import EARLIER_EXPORT

_UNFINISHED = (None, "later", "lost", "reaped")  # another run follows
_NOT_DONE = {"left", "failed", "conflicts"}
_POLL = 0.2
_NO_WORKER = "Waiting for a worker."


def look_now(
    kit: Kit, mapping_id: int, kind: Kind, what: str, *, wait: bool, timeout: float, asked: int | None = None
) -> None:
    """Ask for `what` and, to `wait`, say how it went; `asked`: the generation, where it was asked for already.

    Exits with HELD when something waits for approval; raises Failure when no run starts, fails or comes in time.
    """
    found = ask_now(kit, mapping_id, kind, actor()) if asked is None else Asked(asked, obstacle(kit, mapping_id, kind))
    if found.obstacle:
        raise Failure(f"Asked, but nothing is done yet: {found.obstacle}")
    if wait:
        _tell(_awaited(kit, mapping_id, kind, found.generation, timeout))
    else:
        say(f"Asked for {what} of mapping {mapping_id}. See how it goes: `kurasync runs list --mapping {mapping_id}`.")


def _awaited(kit: Kit, mapping_id: int, kind: Kind, generation: int, timeout: float) -> Run:
    """The first run that covers the generation and has ended otherwise than put off; raises Failure after `timeout`."""
    deadline = time.monotonic() + timeout
    said = _NO_WORKER
    with Console(stderr=True).status("Asked.") as status:
        while time.monotonic() < deadline:
            with kit.database.reading() as tx:
                found = runs.search(tx, mapping_id=mapping_id, kind=kind, limit=5)
                row = worklist.get(tx, mapping_id, kind)
            covering = [run for run in found if run.gen_to >= generation]
            ended = [run for run in covering if run.outcome not in _UNFINISHED and run.reason != EARLIER_EXPORT]
            if ended:
                return ended[-1]
            said = _waited_for(covering, row)
            status.update(said)
            time.sleep(_POLL)
    raise Failure(
        f"Nothing came of it within {timeout:g} s. {said} It is kept and done by itself; `kurasync queues` shows where "
        "it is, `kurasync doctor` whether clock and workers run."
    )


def _waited_for(found: Sequence[Run], row: Row | None) -> str:
    """What the newest run that was put off said, while the next one is at work too; else how far it has come."""
    put_off = next((run.message for run in found if run.outcome == "later"), None)
    return put_off or ("A run is at work." if row and row.state == "running" else _NO_WORKER)


def _tell(run: Run) -> None:
    message = run.message or run.reason or run.outcome or ""
    if run.outcome != "done":
        raise Failure(f"Run {run.id} failed: {message}", FAILED)
    say(f"Run {run.id}: {message}")
    if (run.counts or {}).keys() & _NOT_DONE:
        say(f"What was not done, and why: `kurasync runs show {run.id}`.")
    if (run.counts or {}).get("held"):
        warn("Something waits for approval: see `kurasync holds list`.")
        sys.exit(HELD)
