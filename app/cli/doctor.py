"""`kurasync doctor`: what is right, what is not, and what to do about it."""

from __future__ import annotations

import sys

import click

from app.cli.failing import FAILED
from app.cli.output import as_json_option, print_json, say
from app.setup.doctor import examine


@click.command()
@as_json_option
def doctor(as_json: bool) -> None:
    """Check everything, and say what to do about what is wrong.

    Settings, key, database and Redis, then every site, instance and mapping. Writes nothing. Ends with 1 when
    something failed.
    """
    found = []
    for check in examine():
        found.append(check)
        if not as_json:
            say(f"{check.state:<4}  {check.name}: {check.message}")
    if as_json:
        print_json([{"name": check.name, "state": check.state, "message": check.message} for check in found])
    if any(check.state == "fail" for check in found):
        sys.exit(FAILED)
