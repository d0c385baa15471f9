"""`kurasync support-bundle`: what somebody who helps has to know, in one file."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.output import say, warn
from app.setup import bundle


@click.command("support-bundle")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--log",
    "extra_log",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file with what web, worker and clock wrote to standard error, where `kurasync up` keeps none.",
)
def support_bundle(file: Path, extra_log: Path | None) -> None:
    """Write a zip for somebody who helps, without anything private.

    Versions, doctor, worklist, runs and log lines are in it. No tokens, secrets, names, e-mail addresses, course
    names or addresses of servers are in it. It is made also when the database or the settings are broken.
    """
    missing = bundle.write(file, extra_log)
    for each in missing:
        warn(each)
    say(f"Wrote {file}. It holds nothing private; README.txt in it says what is what. Look before you send it.")
