"""`kurasync db`: the database and the key that protects what is in it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app import settings
from app.cli import asking
from app.cli.asking import yes_option
from app.cli.failing import FAILED
from app.cli.output import as_json_option, print_json, say, warn
from app.cli.session import actor, with_kit
from app.errors import Refused
from app.kit import Kit
from app.setup import backups, database
from app.store import files, mappings


@click.group()
def db() -> None:
    """The database and its key: make, upgrade, back up."""


@db.command()
def upgrade() -> None:
    """Make the database and the key file, or bring the database up to date. Does no harm when repeated."""
    done = database.prepare(settings.load())
    if done.key_file:
        say(f"Made the key {done.key_file}. Keep a copy of it, apart from the database: it alone opens stored tokens.")
    if done.before == done.after:
        say(f"The database is up to date ({done.after}).")
    elif done.before:
        say(f"Brought the database from {done.before} to {done.after}.")
    else:
        say(f"Made the database {done.after}.")


@db.command()
@as_json_option
def current(as_json: bool) -> None:
    """Show whether the database is up to date; ends with 1 when not."""
    found = database.standing(settings.load())
    behind = found.current != found.head
    if as_json:
        print_json({"current": found.current, "head": found.head, "up_to_date": not behind})
    elif behind:
        state = f"is at {found.current}, and {found.head} is needed" if found.current else "has not been made yet"
        say(f"The database {state}: run `kurasync db upgrade`.")
    else:
        say(f"The database is up to date ({found.head}).")
    if behind:
        sys.exit(FAILED)


@db.command()
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@with_kit
def backup(kit: Kit, file: Path) -> None:
    """Copy the database to a new FILE, while everything goes on. The key is not in it: keep it apart.

    For SQLite; on PostgreSQL it says the command that does the same.
    """
    done = backups.back_up(kit, file)
    say(f"Copied the database to {done.path} ({done.size / 1e6:.1f} MB). Only this account may read it.")
    if done.key:
        say(f"The key is not in it. Keep a copy of {done.key} in another place: one without the other opens nothing.")
    else:
        say("The key is not in it: KURASYNC_SECRET_KEY holds it. Keep a copy of that in another place.")


@db.command()
@yes_option
@with_kit
def restored(kit: Kit, yes: bool) -> None:
    """Say that an old backup of the database was put back: every mapping begins anew.

    Stop kurasync first, on every machine. Nobody is invited twice or removed: the first plan of each mapping waits for
    approval, and whoever was added since the backup is linked by it. Say it on every machine where a clock runs: the
    first time every mapping begins anew, and the other machines follow.
    """
    if backups.said_elsewhere(kit):
        say(
            "This was said on another machine already, and every mapping began anew then. What the audit's anchor of "
            f"this machine remembers is kept in {backups.follow(kit, actor())}."
        )
        return
    with kit.database.reading() as tx:
        number = len(mappings.every(tx))
    lost = backups.older(kit)
    if lost is None:
        warn("Nothing shows that this database is older than what was done with it.")
    say(
        f"Every mapping ({number}) begins anew: its next plan waits for approval, what waits now is overtaken, and no "
        "run counts as under way. Links and what was invited stay as the backup has them."
    )
    asking.confirm("Begin anew?", yes)
    done = backups.begin_anew(kit, actor())
    say(
        f"Done: {done.mappings} mapping(s), and {done.holds} hold(s) overtaken. Start kurasync, then look at `kurasync "
        "holds list`. Who was erased since the backup was made has to be erased again."
    )
    if done.anchor:
        say(f"What the audit's anchor remembers is kept in {done.anchor}: the rows since the backup are lost.")


@db.command()
@with_kit
def compact(kit: Kit) -> None:
    """Rebuild an SQLite database without what was deleted or erased in it.

    Others wait meanwhile. `kurasync erase` does this by itself where nobody keeps the database busy.
    """
    if not kit.database.is_sqlite:
        raise Refused("The database is on PostgreSQL: its administrator does this with VACUUM FULL.")
    if not files.compact(kit.database):
        raise Refused("Somebody keeps the database busy: stop kurasync, then try again.")
    say("Done: the file holds nothing any more but what is stored.")
