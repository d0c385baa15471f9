"""`kurasync dead`: work that gave up, and how to try it again."""

from __future__ import annotations

import click

from app.cli.output import as_json_option, listing, say
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.setup import deaths, finding
from app.setup.deaths import Chosen
from app.words import deaths as words

_TITLES = {
    "mapping": "mapping",
    "kind": "kind",
    "course": "course",
    "failures": "failures",
    "crashes": "crashes",
    "failing_since": "failing since",
    "reason": "why",
    "message": "said",
}


@click.group()
def dead() -> None:
    """Work that gave up after a day of failures."""


@dead.command("list")
@as_json_option
@with_kit
def list_dead(kit: Kit, as_json: bool) -> None:
    """List what gave up, the longest failing first."""
    found = [words.line(each) for each in deaths.found(kit, Chosen())]
    listing(found, _TITLES, as_json=as_json, empty="Nothing gave up.")


@dead.command()
@click.argument("names", metavar="MAPPING...", nargs=-1)
@click.option("--site", "site_name", metavar="SITE", help="Only of this site.")
@click.option("--kind", type=click.Choice(["roster", "grades"]), help="Only of this kind.")
@click.option("--reason", metavar="REASON", help="Only what failed for this reason, as `list` shows it.")
@click.option("--all", "everything", is_flag=True, help="Everything that gave up.")
@click.option("--dry-run", is_flag=True, help="Only say what would be tried again.")
@as_json_option
@with_kit
def requeue(
    kit: Kit,
    names: tuple[str, ...],
    site_name: str | None,
    kind: str | None,
    reason: str | None,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Try again what gave up: some mappings, what fits the options, or --all."""
    filters = {"site": site_name, "kind": kind, "reason": reason}
    if not names and not any(filters.values()) and not everything:
        raise click.UsageError("Give mappings, or options that choose what to try again, or --all.")
    numbers = frozenset(finding.named_mapping(kit, name).id for name in names) if names else None
    chosen = Chosen(mapping_ids=numbers, **filters)
    gone = deaths.found(kit, chosen) if dry_run else deaths.requeue(kit, chosen, actor())
    if gone and not as_json:
        say(f"{len(gone)} {'would be' if dry_run else 'are'} tried again.")
    empty = "Nothing that gave up fits: see `kurasync dead list`."
    listing([words.line(each) for each in gone], _TITLES, as_json=as_json, empty=empty)
