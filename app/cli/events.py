"""`kurasync events`: what Moodle reported, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from app.cli.output import as_json_option, details, listing, print_json, say, table
from app.cli.runs import limit_option
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.setup import finding
from app.store import runs, sites
from app.store.events import Event
from app.sync import requeue as again
from app.sync.requeue import Which
from app.words import events as words

F = TypeVar("F", bound=Callable[..., Any])


def filter_options(command: F) -> F:
    """Which events: the same for listing and for requeueing."""
    for option in (
        click.option("--ignored", "wanted", flag_value=False, default=None, help="Only those that asked for nothing."),
        click.option("--wanted", "wanted", flag_value=True, default=None, help="Only those that asked for a look."),
        click.option("--event", "event_name", metavar="NAME", help=r"Only called so: \core\event\role_assigned."),
        click.option("--user", "userid", type=int, metavar="ID", help="Only about this Moodle user."),
        click.option("--course", "courseid", type=int, metavar="ID", help="Only in this Moodle course."),
        click.option("--site", "site_name", metavar="SITE", help="Only from this site."),
    ):
        command = option(command)
    return command


@click.group()
def events() -> None:
    """Events: what Moodle reported. They hold ids, never names or addresses."""


@events.command("list")
@filter_options
@limit_option
@as_json_option
@with_kit
def list_events(
    kit: Kit,
    site_name: str | None,
    courseid: int | None,
    userid: int | None,
    event_name: str | None,
    wanted: bool | None,
    limit: int,
    as_json: bool,
) -> None:
    """List events, the newest first."""
    names = _site_names(kit)
    chosen = _which(kit, site_name, courseid, userid, event_name, wanted)
    lines = [words.line(event, names) for event in again.fitting(kit, chosen, limit)]
    titles = {
        "id": "event",
        "received_at": "received",
        "site": "site",
        "way": "way",
        "name": "name",
        "courseid": "course",
        "userid": "user",
        "wanted": "asked for a look",
    }
    listing(lines, titles, as_json=as_json, empty="No such event arrived, or it was forgotten with age.")


@events.command()
@click.argument("number", metavar="EVENT", type=int)
@as_json_option
@with_kit
def show(kit: Kit, number: int, as_json: bool) -> None:
    """Show an event and the runs that looked because of it."""
    with kit.database.reading() as tx:
        event = finding.event(tx, number)
        covering = [words.looked(each) for each in runs.covering(tx, number)]
    line = words.line(event, _site_names(kit))
    if as_json:
        print_json({**line, "runs": covering})
        return
    titles = {
        "id": "event",
        "name": "name",
        "site": "site",
        "way": "way",
        "received_at": "received",
        "timecreated": "happened",
        "courseid": "course",
        "userid": "user",
        "objectid": "object",
        "wanted": "asked for a look",
        "event_uid": "sender's id",
        "delivery": "delivery",
    }
    details(line, titles)
    say()
    if covering:
        titles = {"run": "run", "mapping": "mapping", "outcome": "ended as", "ended_at": "at", "message": "said"}
        table(covering, titles)
    else:
        say("No run has looked because of it" + (" yet." if event.wanted else ": it asked for nothing."))


@events.command()
@click.argument("numbers", metavar="EVENT...", nargs=-1, type=int)
@filter_options
@click.option("--all", "everything", is_flag=True, help="All that are kept.")
@click.option("--dry-run", is_flag=True, help="Only say what would be looked at.")
@as_json_option
@with_kit
def requeue(
    kit: Kit,
    numbers: tuple[int, ...],
    site_name: str | None,
    courseid: int | None,
    userid: int | None,
    event_name: str | None,
    wanted: bool | None,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Look again at what events concern.

    At some events by number, at those that fit the options, or at --all. Harmless at any time: an event only says
    where to look.
    """
    filters = (site_name, courseid, userid, event_name, wanted)
    filtered = any(each is not None for each in filters)
    if [bool(numbers), filtered, everything].count(True) != 1:
        raise click.UsageError("Give numbers of events, or options that choose them, or --all.")
    found = _numbered(kit, numbers) if numbers else list(again.fitting(kit, _which(kit, *filters)))
    targets = again.asked_for(kit, found) if dry_run else again.requeue(kit, found, actor())
    lines = [
        {"mapping": mapping_id, "kind": kind, "events": len(ids)} for (mapping_id, kind), ids in sorted(targets.items())
    ]
    if not as_json:
        say(f"{len(found)} event(s) {'would ask' if dry_run else 'asked'} for {len(lines)} look(s).")
    listing(
        lines,
        {"mapping": "mapping", "kind": "kind", "events": "events"},
        as_json=as_json,
        empty="They concern no mapping.",
    )


def _numbered(kit: Kit, numbers: Sequence[int]) -> list[Event]:
    with kit.database.reading() as tx:
        return [finding.event(tx, number) for number in numbers]


def _which(
    kit: Kit,
    site_name: str | None,
    courseid: int | None,
    userid: int | None,
    event_name: str | None,
    wanted: bool | None,
) -> Which:
    with kit.database.reading() as tx:
        site_id = finding.site(tx, site_name).id if site_name else None
    return Which(site_id, courseid, userid, event_name, wanted)


def _site_names(kit: Kit) -> dict[int, str]:
    with kit.database.reading() as tx:
        return {each.id: each.name for each in sites.every(tx)}
