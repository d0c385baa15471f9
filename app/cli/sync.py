"""`kurasync sync`: look at a mapping now."""

from __future__ import annotations

import sys
import time

import click
from rich.console import Console

from app.cli.failing import FAILED, HELD, Failure
from app.cli.naming import mapping_argument
from app.cli.output import say, warn
from app.cli.session import with_kit
from app.kit import Kit
from app.setup import finding
from app.setup.obstacles import obstacle
from app.store import runs, worklist
from app.store.runs import Run
from app.sync.ask import ask
from app.sync.triggers import Kind

KIND: Kind = "roster"
_UNFINISHED = (None, "later", "lost", "reaped")  # another run follows
_POLL = 0.2


@click.command()
@mapping_argument
@click.option("--wait", is_flag=True, help="Wait for the run and say how it went.")
@click.option("--timeout", default=600.0, show_default=True, metavar="SECONDS", help="Wait no longer than this.")
@with_kit
def sync(kit: Kit, name: str, wait: bool, timeout: float) -> None:
    """Look at a mapping now, whatever it waits for.

    With --wait, ends with 3 when something waits for approval and with 1 when the run failed.
    """
    mapping = finding.named_mapping(kit, name)
    generation = ask(kit, mapping.id, KIND, urgent=True)
    in_the_way = obstacle(kit, mapping.id)
    if in_the_way:
        raise Failure(f"Asked, but nothing is done yet: {in_the_way}")
    if not wait:
        say(f"Asked for a look at mapping {mapping.id}. See how it goes: `kurasync runs list --mapping {mapping.id}`.")
        return
    _tell(_awaited(kit, mapping.id, generation, timeout))


def _awaited(kit: Kit, mapping_id: int, generation: int, timeout: float) -> Run:
    """The first run that covers the generation and has ended otherwise than put off; raises Failure after `timeout`."""
    deadline = time.monotonic() + timeout
    with Console(stderr=True).status("Asked.") as status:
        while time.monotonic() < deadline:
            with kit.database.reading() as tx:
                found = runs.search(tx, mapping_id=mapping_id, kind=KIND, limit=5)
                row = worklist.get(tx, mapping_id, KIND)
            covering = [run for run in found if run.gen_to >= generation and run.outcome not in _UNFINISHED]
            if covering:
                return covering[-1]
            status.update("A run is at work." if row and row.state == "running" else "Waiting for a worker.")
            time.sleep(_POLL)
    raise Failure(
        f"Nothing came of it within {timeout:g} s. It is kept and done by itself; `kurasync queues` shows where it is, "
        "`kurasync doctor` whether clock and workers run."
    )


def _tell(run: Run) -> None:
    message = run.message or run.reason or run.outcome or ""
    if run.outcome != "done":
        raise Failure(f"Run {run.id} failed: {message}", FAILED)
    say(f"Run {run.id}: {message}")
    if (run.counts or {}).get("held"):
        warn("Something waits for approval: see `kurasync holds list`.")
        sys.exit(HELD)
