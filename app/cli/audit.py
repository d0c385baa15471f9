"""`kurasync audit`: who wrote what, where, and how it ended."""

from __future__ import annotations

from typing import Any

import click

from app.cli.naming import chosen, mapping_option
from app.cli.output import as_json_option, listing, moment
from app.cli.runs import limit_option
from app.cli.session import with_kit
from app.kit import Kit
from app.store import audit as rows
from app.store.audit import Entry


@click.group()
def audit() -> None:
    """The audit log: who wrote what, and how it ended."""


@audit.command("list")
@mapping_option
@click.option("--run", "run_id", type=int, metavar="RUN", help="Only of this run.")
@click.option("--system", type=click.Choice(["kuracloud", "moodle", "kurasync"]), help="Only writes to this system.")
@click.option("--before", "before_id", type=int, metavar="ROW", help="Only rows before this one: pages on.")
@limit_option
@as_json_option
@with_kit
def list_entries(
    kit: Kit,
    name: str | None,
    run_id: int | None,
    system: str | None,
    before_id: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """List rows of the audit log, the newest first. --json shows what was written, with names and addresses."""
    mapping_id = chosen(kit, name)
    with kit.database.reading() as tx:
        found = rows.search(
            tx, mapping_id=mapping_id, run_id=run_id, system=system, before_id=before_id, limit=limit
        )
    titles = {
        "id": "row",
        "at": "at",
        "actor": "who",
        "system": "where",
        "operation": "what",
        "ended": "outcome",
        "mapping": "mapping",
        "run": "run",
        "detail": "detail",
    }
    lines = [_line(each) for each in found]
    if not as_json:
        lines = [{**line, "ended": line["outcome"] or "begun"} for line in lines]
    listing(lines, titles, as_json=as_json, empty="Nothing was written yet.")


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": moment(entry.at),
        "call": entry.call_uid,
        "phase": entry.phase,
        "actor": entry.actor,
        "system": entry.system,
        "operation": entry.operation,
        "outcome": entry.outcome,
        "mapping": entry.mapping_id,
        "run": entry.run_id,
        "subject": entry.subject,
        "detail": entry.detail,
    }
