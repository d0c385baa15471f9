"""`kurasync mapping check`: is this mapping all right, and what to do about what is not."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from app.cli.failing import FAILED
from app.cli.naming import mapping_argument
from app.cli.output import as_json_option, print_json, say
from app.cli.session import with_kit
from app.kit import Kit
from app.setup import checking, finding


@click.command()
@mapping_argument
@as_json_option
@with_kit
def check(kit: Kit, name: str, as_json: bool) -> None:
    """Check one mapping: both courses, lmsEnabled, who is a student, one whole read of each side.

    Writes nothing. Ends with 1 when something is wrong.
    """
    found = []
    for each in checking.check(kit, finding.named_mapping(kit, name).id):
        found.append(each)
        if not as_json:
            say(f"{each.state:<4}  {each.name}: {each.message}")
    if as_json:
        print_json([asdict(each) for each in found])
    if any(each.state == "fail" for each in found):
        sys.exit(FAILED)
