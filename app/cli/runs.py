"""`kurasync runs`: what was done, how it ended, and what it said."""

from __future__ import annotations

import click

from app.cli.naming import chosen, mapping_option
from app.cli.output import as_json_option, details, listing, print_json, say
from app.cli.planned import show_plan
from app.cli.session import with_kit
from app.kit import Kit
from app.setup import finding
from app.store import runs as rows
from app.store.runs import OUTCOMES
from app.store.worklist import KINDS
from app.words import runs as words

limit_option = click.option(
    "--limit", default=50, type=click.IntRange(1), show_default=True, help="How many at most, the newest first."
)


@click.group()
def runs() -> None:
    """Runs: what was done for each mapping."""


@runs.command("list")
@mapping_option
@click.option("--kind", type=click.Choice(KINDS), help="Only of this kind.")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="Only those that ended so.")
@limit_option
@as_json_option
@with_kit
def list_runs(kit: Kit, name: str | None, kind: str | None, outcome: str | None, limit: int, as_json: bool) -> None:
    """List runs, the newest first."""
    mapping_id = chosen(kit, name)
    with kit.database.reading() as tx:
        found = rows.search(tx, mapping_id=mapping_id, kind=kind, outcome=outcome, limit=limit)
    titles = {
        "id": "run",
        "mapping": "mapping",
        "kind": "kind",
        "started_at": "began",
        "seconds": "seconds",
        "outcome": "ended as",
        "message": "said",
    }
    empty = "There was no such run, or it was forgotten with age."
    listing([words.line(each) for each in found], titles, as_json=as_json, empty=empty)


@runs.command()
@click.argument("number", metavar="RUN", type=int)
@as_json_option
@with_kit
def show(kit: Kit, number: int, as_json: bool) -> None:
    """Show a run with its plan: what it did, what it held, and what it left to people."""
    with kit.database.reading() as tx:
        found = finding.run(tx, number)
    if as_json:
        print_json({**words.line(found), "plan": found.plan})
        return
    titles = {
        "id": "run",
        "mapping": "mapping",
        "kind": "kind",
        "started_at": "began",
        "seconds": "seconds",
        "outcome": "ended as",
        "reason": "reason",
        "message": "said",
        "counts": "counts",
        "drift": "drift",
    }
    details(words.line(found), titles)
    if found.plan:
        say()
        show_plan(found.kind, found.plan)
