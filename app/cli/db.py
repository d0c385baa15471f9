"""`kurasync db`: the database and the key that protects what is in it."""

from __future__ import annotations

import sys

import click

from app import settings
from app.cli.failing import FAILED
from app.cli.output import as_json_option, print_json, say
from app.setup import database


@click.group()
def db() -> None:
    """The database and its key: make them, bring them up to date."""


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
    """Show the revision of the database and the one this version of kurasync needs; ends with 1 when they differ."""
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
