"""`kurasync queues`: what is wanted, what is under way, what is late, and what Redis holds."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import click

from app.cli.failing import UNREACHABLE
from app.cli.output import as_json_option, print_json, say, table, warn
from app.cli.session import with_kit
from app.errors import KurasyncError
from app.kit import Kit
from app.queues import NAMES
from app.setup.carrier import carried
from app.store import reports, worklist
from app.store.worklist import Row
from app.words import queues as words


@click.command()
@click.option("--all", "everything", is_flag=True, help="Rows with nothing to do, too.")
@as_json_option
@with_kit
def queues(kit: Kit, everything: bool, as_json: bool) -> None:
    """Show the worklist and what Redis carries. Late by more than half a minute means: nobody works.

    Ends with 4 when Redis cannot be reached.
    """
    with kit.database.reading() as tx:
        now = kit.database.now(tx)
        overview = reports.queue_overview(tx, now)
        found = [words.line(row, now) for row in worklist.rows(tx) if everything or _concerns(row, now)]
    held, trouble = _in_redis(kit)
    if as_json:
        states = [{"kind": kind, "state": state, "rows": n} for (kind, state), n in sorted(overview.states.items())]
        redis = {"jobs": held, "trouble": trouble}
        totals = {"late_seconds": overview.late, "due": overview.due, "states": states}
        print_json({**totals, "rows": found, "redis": redis})
    else:
        _tell(found, overview.late, overview.due, held)
    if trouble:
        warn(trouble)
        sys.exit(UNREACHABLE)


def _tell(found: list[dict[str, Any]], late: float, due: int, held: dict[str, int] | None) -> None:
    if found:
        titles = {
            "mapping": "mapping",
            "kind": "kind",
            "state": "state",
            "waiting": "asked",
            "due_at": "due",
            "late_seconds": "late (s)",
            "attempts": "failures",
            "failing_since": "failing since",
            "reason": "why",
        }
        table(found, titles)
    else:
        say("Nothing is wanted, nothing is under way.")
    say()
    say(f"Due now: {due}. " + (f"The oldest is late by {late:.1f} s." if late else "Nothing is late."))
    if held is not None:
        say("Jobs in Redis: " + ", ".join(f"{number} {name}" for name, number in held.items()) + ".")


def _concerns(row: Row, now: float) -> bool:
    """Whether something is wanted, under way or in the way; a look at a later time is none of these."""
    return row.state not in ("idle", "scheduled") or row.late(now) > 0


def _in_redis(kit: Kit) -> tuple[dict[str, int] | None, str | None]:
    try:
        counts = Counter(kind for _, kind in carried(kit.settings))
    except KurasyncError as error:
        return None, error.message
    return {name: counts[name] for name in NAMES}, None
