"""`kurasync doctor`: what is right, what is not, and what to do about it."""

from __future__ import annotations

import click

from app.cli.checked import tell
from app.cli.output import as_json_option
from app.setup.doctor import examine


@click.command()
@as_json_option
def doctor(as_json: bool) -> None:
    """Check everything, and say what to do about what is wrong.

    Settings, key, database and Redis, then every site, instance and mapping. Writes nothing. Ends with 1 when
    something failed.
    """
    tell(examine(), as_json)
