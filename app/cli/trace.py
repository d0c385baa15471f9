"""`kurasync trace`: why something happened, on one page."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from itertools import groupby
from typing import TextIO

import click

from app.cli.output import as_json_option, print_json, printable, say
from app.cli.session import with_kit
from app.kit import Kit
from app.sync import trace as tracing
from app.sync.story import Moment
from app.sync.trace import Trace
from app.words import traced
from app.words.cells import cell
from app.words.moments import moment

_INDENT, _LABEL = 12, 17
_ALL = 100_000
_IN_A_PLAN = 15  # lines of one run's plan


@click.command()
@click.option("--event", metavar="EVENT", help="What came of an event: its number, or its sender's id.")
@click.option("--run", "run_id", type=int, metavar="RUN", help="What a run planned, did and left, and why.")
@click.option("--user", metavar="SITE:USERID", help="Everything about a Moodle user, by Moodle's user id.")
@click.option(
    "--email",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE",
    help="Everything about who has or had the address in this file; - for standard input.",
)
@click.option("--limit", default=60, type=click.IntRange(1), show_default=True, help="The newest so many lines.")
@as_json_option
@with_kit
def trace(
    kit: Kit,
    event: str | None,
    run_id: int | None,
    user: str | None,
    email: TextIO | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show why something happened: to a student, in a run, after an event.

    In order: what Moodle said, what was planned, who answered for it, what was done.

    \b
    kurasync trace --user uni:17
    echo ana.lee@example.edu | kurasync trace --email -

    Events, runs and decided holds are forgotten with age (KURASYNC_RETENTION_DAYS). The audit stays: who was removed
    when, by whom, and which event had asked for it is answered years later too. Shows names and addresses.
    """
    if [each is not None for each in (event, run_id, user, email)].count(True) != 1:
        raise click.UsageError("Say one of --event, --run, --user and --email.")
    found = _found(kit, event, run_id, user, email)
    if as_json:
        print_json([traced.document(each) for each in found])
        return
    for number, each in enumerate(found):
        if number:
            say()
        _show(each, limit, kit.settings.retention_days)


def _found(kit: Kit, event: str | None, run_id: int | None, user: str | None, email: TextIO | None) -> list[Trace]:
    if event is not None:
        return [tracing.of_event(kit, number) for number in tracing.event_numbers(kit, event)]
    if run_id is not None:
        return [tracing.of_run(kit, run_id)]
    if user is not None:
        return [tracing.of_user(kit, *_site_and_user(user))]
    return tracing.of_email(kit, _address(email))


def _site_and_user(text: str) -> tuple[str, int]:
    if "@" in text:
        raise click.UsageError("An address is given by --email, from standard input: it would stay in your history.")
    site, _, userid = text.partition(":")
    if not site or not userid.isdecimal():
        raise click.UsageError(f"{text!r} must be SITE:USERID: a site's name, a colon and Moodle's user id.")
    return site, int(userid)


def _address(source: TextIO | None) -> str:
    if source is not None and source.isatty():
        click.echo("Address: ", nl=False, err=True)
    lines = (source.readline() if source else "").split()
    if len(lines) != 1 or "@" not in lines[0]:
        raise click.UsageError("One e-mail address is expected, alone on a line. (--email - reads standard input.)")
    return lines[0]


def _show(found: Trace, limit: int, days: int) -> None:
    say(traced.about(found.about))
    courses = {place["mapping"]: place.get("course") or f"mapping {place['mapping']}" for place in found.places}
    for place in found.places:
        _hang(f"mapping {place['mapping']}:", traced.place(place, found), indent=2)
    for removal in found.removals:
        say()
        _hang("Why:", traced.why(removal, courses.get(removal.mapping_id, f"mapping {removal.mapping_id}")), indent=0)
    if not found.removals and "users" in found.about:
        say()
        say("kurasync has removed this person from no kuraCloud course, as far as the audit goes back.")
    shown = found.moments[-limit:]
    if len(shown) < len(found.moments):
        say()
        say(f"{len(found.moments) - len(shown)} earlier line(s) are left out: --limit {len(found.moments)} shows all.")
    for day, moments in groupby(shown, key=lambda each: cell(moment(each.at))[:10]):
        say()
        say(day)
        _show_day(list(moments))
    say()
    _show_waiting(found)
    for each in traced.no_longer_kept(found, days):
        say(each)


def _show_day(moments: list[Moment]) -> None:
    """Each line once: a long plan is cut, and a run says where the rest is."""
    planned: dict[int, int] = {}
    before = ""
    for each in moments:
        run = int(each.facts.get("run") or 0)
        if each.what == "planned":
            planned[run] = planned.get(run, 0) + 1
            if planned[run] > _IN_A_PLAN:
                if planned[run] == _IN_A_PLAN + 1:
                    _line("", "", f"... and more: `kurasync runs show {run}`")
                continue
        at = cell(moment(each.at))[11:]
        _line("" if at == before else at, *traced.line(each))
        before = at


def _line(at: str, label: str, text: str) -> None:
    head = f"  {at:<{_INDENT - 4}}  {label:<{_LABEL - 2}}  "
    _wrap(head, " " * (_INDENT + _LABEL), text)


def _hang(label: str, text: str, indent: int) -> None:
    head = " " * indent + label + " "
    _wrap(head, " " * len(head), text)


def _wrap(head: str, rest: str, text: str) -> None:
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    width = shutil.get_terminal_size().columns if known else _ALL
    told = printable(" ".join(text.split()))
    for line in textwrap.wrap(told, width, initial_indent=head, subsequent_indent=rest, break_on_hyphens=False):
        click.echo(line.rstrip())


def _show_waiting(found: Trace) -> None:
    if not found.waiting:
        say("Nothing is waiting.")
        return
    say("Still waiting:")
    for row in found.waiting:
        told = traced.waits(row)
        _hang("-", f"{told[:-1]}: `kurasync holds show {row['hold']}`." if "hold" in row else told, indent=2)
