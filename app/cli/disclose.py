"""`kurasync disclose`: everything that is stored about a person, for the person."""

from __future__ import annotations

from typing import TextIO

import click

from app.cli.output import print_json
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
    print_json(told(kit, named(kit, user, source, everyone), actor()))
