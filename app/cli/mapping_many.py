"""`kurasync mapping export` and `import`: many mappings at once."""

from __future__ import annotations

import sys
from typing import BinaryIO

import click

from app.cli import asking
from app.cli.asking import yes_option
from app.cli.failing import Failure
from app.cli.output import as_json_option, print_json, print_lines, say, table
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.setup import import_preview, importing, mapping_file
from app.setup.import_preview import Change
from app.words import importing as words
from app.words.section import Row

_CHANGE_TITLES = {
    "line": "line",
    "what": "what",
    "moodle": "Moodle",
    "kuracloud": "kuraCloud",
    "details": "details",
}


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True, help="What to write."
)
@with_kit
def export(kit: Kit, form: str) -> None:
    """Write all mappings, with all their rules, to standard output.

    `kurasync mapping import` reads what this writes. In CSV no cell is a formula to a spreadsheet program.
    """
    found = mapping_file.exported(kit)
    if form == "json":
        print_json(found)
    else:
        print_lines(mapping_file.as_csv(found))


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--shared", is_flag=True, help="Although an instance or a course serves another site already.")
@yes_option
@as_json_option
@with_kit
def import_(kit: Kit, file: BinaryIO, dry_run: bool, shared: bool, yes: bool, as_json: bool) -> None:
    """Add mappings and change their rules from a CSV or JSON file.

    FILE - is standard input. Shows what would change, and asks. The columns site, course, instance and kura_course
    say which courses belong together; every other is a rule: a blank cell is its default, and a column that is not
    there leaves it as it is. Mappings that the file does not name stay as they are. What is wrong with a line stops
    no other.
    """
    changes = import_preview.preview(kit, mapping_file.numbered(_text(file)), shared=shared)
    ahead = [change for change in changes if change.what in ("add", "change")]
    refused = [change for change in changes if change.what == "refused"]
    if not as_json:
        _show_changes(changes)
    done: dict[int, str] = {}
    if ahead and not dry_run:
        asking.confirm(_question(ahead), yes)
        done = _carried_out(kit, ahead, shared)
    if as_json:
        print_json([words.line(change, done.get(change.line)) for change in changes])
    elif done:
        _show_done(ahead, done)
    elif ahead:
        say("Nothing was changed.")
    failed = len(refused) + sum(1 for why in done.values() if why)
    if failed:
        raise Failure(f"{failed} of {len(changes)} lines were refused or failed: see above.")


def _text(file: BinaryIO) -> str:
    try:
        return file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.UsageError(
            "The file is not UTF-8. Save it as “CSV UTF-8” in the spreadsheet program."
        ) from None


def _carried_out(kit: Kit, ahead: list[Change], shared: bool) -> dict[int, str]:
    """Why each line failed, or "", by its number; on a terminal it shows how far it has come."""
    steps = importing.carry_out(kit, ahead, actor(), shared=shared)
    hidden = not sys.stderr.isatty()
    with click.progressbar(steps, len(ahead), "Importing", file=sys.stderr, hidden=hidden) as shown:
        return {change.line: why for change, why in shown}


def _question(ahead: list[Change]) -> str:
    added = sum(1 for change in ahead if change.what == "add")
    changed = len(ahead) - added
    parts = [f"add {_several(added, 'mapping')}" if added else "", f"change the rules of {changed}" if changed else ""]
    question = f"{' and '.join(part for part in parts if part).capitalize()}?"
    locked = "The students of the kuraCloud courses that are added can then no longer be edited there."
    return f"{question} {locked}" if added else question


def _show_changes(changes: list[Change]) -> None:
    shown: list[Row] = [words.line(change, None) for change in changes if change.what != "unchanged"]
    if shown:
        table(shown, _CHANGE_TITLES)
    counts = {what: sum(1 for change in changes if change.what == what) for what in words.WHAT}
    ahead = [(what, number) for what, number in counts.items() if number and what in ("add", "change")]
    said = [f"{number} to {words.WHAT[what]}" for what, number in ahead]
    said += [f"{number} {what}" for what, number in counts.items() if number and what in ("unchanged", "refused")]
    say(f"{', '.join(said)}.")


def _show_done(ahead: list[Change], done: dict[int, str]) -> None:
    failed: list[Row] = [words.line(change, done[change.line]) for change in ahead if done[change.line]]
    if failed:
        say("Failed:")
        table(failed, {**_CHANGE_TITLES, "details": "", "failed": "why"})
    added = sum(1 for change in ahead if change.what == "add" and not done[change.line])
    changed = sum(1 for change in ahead if change.what == "change" and not done[change.line])
    parts = [f"added {_several(added, 'mapping')}" if added else ""]
    parts += [f"changed the rules of {_several(changed, 'mapping')}" if changed else ""]
    say(f"{' and '.join(part for part in parts if part) or 'nothing was changed'}.".capitalize())
    if added:
        say("The first plan of each that was added waits for approval: `kurasync holds list` shows what waits.")


def _several(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
