"""`kurasync audit`: who wrote what, where, and how it ended."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from app.cli.failing import FAILED
from app.cli.naming import chosen, mapping_option
from app.cli.output import as_json_option, listing, print_json, say
from app.cli.runs import limit_option
from app.cli.session import opened, with_kit
from app.kit import Kit
from app.planning.chain import Head
from app.setup import anchor, auditing
from app.store import audit as rows
from app.words import audit as words
from app.words import verdict as verdicts
from app.words.audit import Format

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


@click.group()
def audit() -> None:
    """The audit log: who wrote what, and how it ended."""


@audit.command("list")
@mapping_option
@click.option("--run", "run_id", type=int, metavar="RUN", help="Only of this run.")
@click.option("--actor", metavar="WHO", help="Only what they did: cli:root, user:anna, key:lab, kurasync, ...")
@click.option("--operation", metavar="WHAT", help="Only this: add_students, rotate_token, ...")
@click.option("--system", type=click.Choice(["kuracloud", "moodle", "kurasync"]), help="Only writes to this system.")
@click.option("--since", type=click.DateTime(_MOMENTS), help="Only rows of this time or later.")
@click.option("--until", type=click.DateTime(_MOMENTS), help="Only rows from before this time.")
@click.option("--before", "before_id", type=int, metavar="ROW", help="Only rows before this one: pages on.")
@limit_option
@as_json_option
@with_kit
def list_entries(
    kit: Kit,
    name: str | None,
    run_id: int | None,
    actor: str | None,
    operation: str | None,
    system: str | None,
    since: datetime | None,
    until: datetime | None,
    before_id: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """List rows of the audit log, the newest first. --json shows what was written, with names and addresses."""
    mapping_id = chosen(kit, name)
    with kit.database.reading() as tx:
        found = rows.search(
            tx,
            mapping_id=mapping_id,
            run_id=run_id,
            actor=actor,
            operation=operation,
            system=system,
            since=since.timestamp() if since else None,
            until=until.timestamp() if until else None,
            before_id=before_id,
            limit=limit,
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
    lines = [words.line(each) for each in found]
    if not as_json:
        lines = [{**line, "ended": line["outcome"] or "begun"} for line in lines]
    listing(lines, titles, as_json=as_json, empty="Nothing was written yet.")


@audit.command()
@click.option("--anchor", "anchored", type=_FILE, help="Heads to verify against; without it those the clock remembers.")
@click.option("--head", "head", metavar="SEQ:SEAL", help="A head that you know, as an earlier verify told it.")
@click.option("--offline", type=_FILE, help="Verify this export (JSON lines) and not the database.")
@as_json_option
def verify(anchored: Path | None, head: str | None, offline: Path | None, as_json: bool) -> None:
    """Prove that no row was changed, taken away or put in.

    Ends with 1 when something does not fit, named first. What was cut off at the end, or all sealed anew, shows
    only against a head that somebody kept elsewhere: a copy of the anchor, or what an earlier verify told.
    docs/audit.md says what is noticed, and what is not.
    """
    known = _head(head) if head else None
    if offline:
        verdict = auditing.verify_export(offline, anchored, known)
    else:
        with opened() as kit:
            anchored = anchored or auditing.kept(kit)
            verdict = auditing.verify(kit, anchored, known)
    if as_json:
        print_json(verdicts.as_json(verdict))
    else:
        for sentence in verdicts.told(verdict, anchored):
            say(sentence)
    if verdict.wrong:
        sys.exit(FAILED)


@audit.command()
@click.option(
    "--format",
    "how",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="JSON lines, which can be verified; or a table for spreadsheets.",
)
@mapping_option
@click.option("--since", type=click.DateTime(_MOMENTS), help="Only rows sealed at this time or later.")
@with_kit
def export(kit: Kit, how: Format, name: str | None, since: datetime | None) -> None:
    """Write the audit to standard output, the oldest row first, with names and addresses.

    JSON lines can be verified anywhere: kurasync audit verify --offline FILE. An export of one mapping alone cannot
    show that nothing is missing.
    """
    found = auditing.exported(kit, chosen(kit, name), since.timestamp() if since else None)
    for line in words.lines(found, how):
        _print(line)


def _print(text: str) -> None:
    # A database may hold what UTF-8 has no signs for.
    click.echo(text.encode("utf-8", "replace").decode(), nl=False)


def _head(text: str) -> Head:
    seq, _, seal = text.partition(":")
    if not (seq.isdecimal() and int(seq) and anchor.is_seal(seal)):
        raise click.UsageError("--head is a number, a colon and a seal of 64 signs, as `audit verify` tells it.")
    return Head(int(seq), seal.lower(), 0.0)
