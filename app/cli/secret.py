"""`kurasync site secret`: the webhook secrets of a site, several at a time while they are being exchanged."""

from __future__ import annotations

import click

from app.cli.output import as_json_option, listing, print_json, say
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.setup import entering, finding, sites
from app.store import sites as rows
from app.words import sites as words
from app.words.cells import cell
from app.words.moments import moment

HOUR = 3600.0


@click.group()
def secret() -> None:
    """Webhook secrets of a site: add one, enter it in Moodle, end the old one."""


@secret.command()
@click.argument("name")
@as_json_option
@with_kit
def add(kit: Kit, name: str, as_json: bool) -> None:
    """Make one more secret, valid beside the others, and show it this once."""
    number, text = sites.add_secret(kit, name, actor())
    if as_json:
        print_json({"site": name, "id": number, "secret": text})
        return
    with kit.database.reading() as tx:
        found = finding.site(tx, name)
    for line in entering.instructions(kit.settings, found, text):
        say(line)
    say(f"When Moodle uses it, end the old one: `kurasync site secret list {name}`.")


@secret.command("list")
@click.argument("name")
@as_json_option
@with_kit
def list_secrets(kit: Kit, name: str, as_json: bool) -> None:
    """List the secrets of a site, without showing them, and when each ends."""
    with kit.database.reading() as tx:
        now = kit.database.now(tx)
        found = [words.secret_line(each, now) for each in rows.every_secret(tx, finding.site(tx, name).id)]
    titles = {"id": "secret", "valid": "valid", "created_at": "made", "ends_at": "ends"}
    empty = f"{name} has no secret: make one with `kurasync site secret add {name}`."
    listing(found, titles, as_json=as_json, empty=empty)


@secret.command()
@click.argument("name")
@click.argument("number", metavar="SECRET", type=int)
@click.option("--after", default=0.0, show_default=True, metavar="HOURS", help="Let it be valid for so long.")
@click.option("--force", is_flag=True, help="End it also when it is the last one: nothing can be delivered then.")
@with_kit
def end(kit: Kit, name: str, number: int, after: float, force: bool) -> None:
    """End a secret (its number is shown by `list`), now or some hours from now."""
    ended = sites.end_secret(kit, name, number, actor(), after=after * HOUR, force=force)
    say(f"Secret {number} of {name} {'ends' if after else 'ended'} at {cell(moment(ended.valid_until))}.")
