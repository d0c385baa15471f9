"""`kurasync key`: keys with which programs use the API."""

from __future__ import annotations

import click

from app.cli import asking
from app.cli.asking import yes_option
from app.cli.output import as_json_option, listing, print_json, say
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.planning.roles import ROLES, Role
from app.setup import api_keys
from app.store import api_keys as rows
from app.words import keys as words
from app.words.cells import cell


@click.group()
def key() -> None:
    """Keys of programs that use the API (docs/api.md)."""


@key.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default="viewer",
    show_default=True,
    help="viewer sees everything, operator does the daily work, admin may do all.",
)
@click.option("--site", "site_name", metavar="SITE", help="Only for this site: nothing else is seen or steered.")
@click.option(
    "--days",
    type=click.IntRange(1, api_keys.LONGEST),
    help="Let it end after so many days; it is valid until it is removed otherwise.",
)
@as_json_option
@with_kit
def add(kit: Kit, name: str, role: Role, site_name: str | None, days: int | None, as_json: bool) -> None:
    """Make a key called NAME, and show it this once."""
    made, text = api_keys.add(kit, name, role, actor(), site_name=site_name, days=days)
    [line] = words.facts(kit, [made])
    if as_json:
        print_json({**line, "key": text})
        return
    until = f" until {cell(line['ends_at'])}" if days else ""
    say(f"The key {name}, shown this once. It has the role {role} at {site_name or 'every site'}{until}.")
    say(f"    {text}")
    say("A program sends it with every request, in a header:")
    say("    Authorization: Bearer KEY")


@key.command("list")
@as_json_option
@with_kit
def list_keys(kit: Kit, as_json: bool) -> None:
    """List the keys, without showing them, and when each was used last."""
    with kit.database.reading() as tx:
        found = rows.every(tx)
    titles = {
        "name": "key",
        "role": "role",
        "site": "only for",
        "valid": "valid",
        "ends_at": "ends",
        "used_at": "last used",
        "created_by": "made by",
        "created_at": "made",
    }
    empty = "There is no key yet: make one with `kurasync key add`."
    listing(words.facts(kit, found), titles, as_json=as_json, empty=empty)


@key.command()
@click.argument("name")
@yes_option
@with_kit
def remove(kit: Kit, name: str, yes: bool) -> None:
    """Remove a key: whoever has it is let in no more."""
    api_keys.named(kit, name)
    asking.confirm(f"Remove the key {name}? Programs that use it are let in no more.", yes)
    api_keys.remove(kit, name, actor())
    say(f"Removed the key {name}.")
