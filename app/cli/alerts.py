"""`kurasync alerts`: what somebody was or is to be told, and whether it would arrive."""

from __future__ import annotations

import sys

import click

from app.cli.failing import FAILED, UNREACHABLE
from app.cli.output import as_json_option, listing, print_json, say
from app.cli.session import with_kit
from app.errors import TransientError
from app.kit import Kit
from app.settings import Settings
from app.store import alerts as rows
from app.sync import telling
from app.words import alerts as words


@click.group()
def alerts() -> None:
    """What somebody should know, told by mail and by webhook."""


@alerts.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="How many at most.")
@as_json_option
@with_kit
def list_alerts(kit: Kit, limit: int, as_json: bool) -> None:
    """List what happened, the newest first, and whether it was told."""
    with kit.database.reading() as tx:
        found, now = rows.search(tx, limit=limit), kit.database.now(tx)
    titles = {"at": "at", "kind": "about", "message": "what", "state": "told"}
    lines = [words.line(each, now) for each in found]
    listing(lines, titles, as_json=as_json, empty="Nothing had to be told lately.")
    if not as_json and not telling.channels(kit.settings):
        say("Nobody is told: neither a mail server nor a webhook is set up. See docs/holds-and-alerts.md.")


@alerts.command()
@as_json_option
@with_kit
def test(kit: Kit, as_json: bool) -> None:
    """Send a trial message each way that is set up, now, and say how it went."""
    found = telling.try_out(kit)
    if as_json:
        print_json([words.sent(way, error) for way, error in found.items()])
    else:
        for way, error in found.items():
            say(f"{way}: {error.message if error else _sent(way, kit.settings)}")
    failed = [error for error in found.values() if error is not None]
    if failed:
        sys.exit(UNREACHABLE if all(isinstance(error, TransientError) for error in failed) else FAILED)


def _sent(way: str, settings: Settings) -> str:
    if way == "mail":
        return f"{settings.smtp_host} took a message to {settings.alert_to}. See that it arrives."
    return "a signed message was taken."
