"""`kurasync user`: the people who sign in to the console."""

from __future__ import annotations

from typing import TextIO

import click

from app.cli import asking
from app.cli.asking import password_option, yes_option
from app.cli.output import as_json_option, listing, print_json, say
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.planning.roles import ROLES, Role
from app.setup import accounts
from app.words import users as words

_ROLES = "viewer sees everything, operator does the daily work, admin may do all."


@click.group()
def user() -> None:
    """People who sign in to the console (docs/console.md)."""


@user.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    help=f"{_ROLES} The first user is an admin unless you say otherwise, later ones are viewers.",
)
@password_option
@as_json_option
@with_kit
def add(kit: Kit, name: str, role: Role | None, password_file: TextIO | None, as_json: bool) -> None:
    """Let somebody sign in to the console as NAME."""
    made = accounts.add(kit, name, role, asking.password(password_file, name), actor())
    if as_json:
        [line] = words.facts(kit, [made])
        print_json({**line, "console": kit.settings.console_url})
        return
    say(f"Added {name} as {made.role}. The console is at {kit.settings.console_url}.")


@user.command("list")
@as_json_option
@with_kit
def list_users(kit: Kit, as_json: bool) -> None:
    """List who may sign in, and when each did last."""
    titles = {
        "name": "name",
        "role": "role",
        "locked": "locked",
        "signed_in_at": "last signed in",
        "created_at": "added",
    }
    empty = "Nobody can sign in to the console yet: `kurasync user add NAME` makes the first administrator."
    listing(words.facts(kit, accounts.every(kit)), titles, as_json=as_json, empty=empty)


@user.command()
@click.argument("name")
@password_option
@with_kit
def password(kit: Kit, name: str, password_file: TextIO | None) -> None:
    """Give somebody another password. It signs them out everywhere, and ends a lock-out."""
    accounts.named(kit, name)
    accounts.set_password(kit, name, asking.password(password_file, name), actor())
    say(f"{name} has a new password, and is signed out everywhere.")


@user.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@with_kit
def set_role(kit: Kit, name: str, role: Role) -> None:
    """Give somebody another role: viewer, operator or admin."""
    accounts.set_role(kit, name, role, actor())
    say(f"{name} is {role} from now on.")


@user.command()
@click.argument("name")
@yes_option
@with_kit
def remove(kit: Kit, name: str, yes: bool) -> None:
    """Let somebody in no more. Who is signed in is signed out at once."""
    accounts.named(kit, name)
    asking.confirm(f"Remove the user {name}?", yes)
    accounts.remove(kit, name, actor())
    say(f"Removed the user {name}.")
