"""MAPPING on the command line: its number, or site:course."""

from __future__ import annotations

import click

from app.kit import Kit
from app.setup import finding

mapping_argument = click.argument("name", metavar="MAPPING")
mapping_option = click.option("--mapping", "name", metavar="MAPPING", help="Only this one: its number, or site:course.")


def chosen(kit: Kit, name: str | None) -> int | None:
    """The number of the mapping an option names; None when it was not given."""
    return None if name is None else finding.named_mapping(kit, name).id


def parts(text: str, what: str) -> tuple[str, str]:
    """The two halves of `connection:course`; raises UsageError."""
    connection, _, course = text.partition(":")
    if not connection or not course:
        raise click.UsageError(f"{text!r} must be {what}, with a colon between.")
    return connection, course

