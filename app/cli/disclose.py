"""`kurasync disclose`: everything that is stored about a person, for the person."""

from __future__ import annotations

from typing import TextIO

import click

from app.cli.output import print_json, warn
from app.cli.session import actor, with_kit
from app.cli.whom import named, person_options
from app.kit import Kit
from app.setup.disclosing import disclose as told


@click.command()
@person_options
@with_kit
def disclose(kit: Kit, user: str | None, source: TextIO | None, everyone: bool) -> None:
    """Print everything that is stored about a person, as JSON.

    What to give somebody who asks for it. That it was asked for is written down in the audit. Nothing in it is
    about anybody else.
    """
    found = told(kit, named(kit, user, source, everyone), actor())
    print_json(found)
    if not any(stored for about, stored in found.items() if about != "person"):
        warn("Nothing is stored of this person: is the site's name right, and the number Moodle's user id?")
