"""How a person is named on the command line: SITE:USERID, or an e-mail address that never comes as an argument."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TextIO, TypeVar

import click

from app.kit import Kit
from app.setup import whom
from app.setup.whom import Person

F = TypeVar("F", bound=Callable[..., Any])


def person_options(command: F) -> F:
    """USER, --email and --all."""
    for option in (
        click.option("--all", "everyone", is_flag=True, help="All users who have or had the address are one person."),
        click.option(
            "--email",
            "source",
            type=click.File("r", encoding="utf-8"),
            metavar="FILE",
            help="File with the person's e-mail address; - for standard input.",
        ),
        click.argument("user", metavar="[SITE:USERID]", required=False),
    ):
        command = option(command)
    return command


def named(kit: Kit, user: str | None, source: TextIO | None, everyone: bool) -> Person:
    """The person meant; asks for the address on a terminal where neither was given. Raises UsageError."""
    if user is not None and source is not None:
        raise click.UsageError("Name the person by SITE:USERID or by --email, not by both.")
    if user is not None and "@" in user:
        raise click.UsageError(
            "An e-mail address is personal and would stay in the history of this terminal: leave it out and it is "
            "asked for, or give it with --email - on standard input."
        )
    address = _address(source) if user is None else ""
    with kit.database.reading() as tx:
        if user is not None:
            return whom.by_user(tx, [whom.numbered(tx, user)])
        return whom.by_address(tx, address, everyone=everyone)


def _address(source: TextIO | None) -> str:
    if source is not None:
        return source.read().strip()
    if not sys.stdin.isatty():
        raise click.UsageError("Name the person: SITE:USERID, or --email - with the address on standard input.")
    return str(click.prompt("E-mail address of the person", err=True)).strip()
