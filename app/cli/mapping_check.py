"""`kurasync mapping check`: is this mapping all right, and what to do about what is not."""

from __future__ import annotations

import click

from app.cli.checked import tell
from app.cli.naming import mapping_argument
from app.cli.output import as_json_option
from app.cli.session import with_kit
from app.kit import Kit
from app.setup import checking, finding


@click.command()
@mapping_argument
@as_json_option
@with_kit
def check(kit: Kit, name: str, as_json: bool) -> None:
    """Check one mapping, and say what is wrong.

    Both courses, lmsEnabled, who is a student, one whole read of each side. Writes nothing. Ends with 1 when
    something is wrong.
    """
    tell(checking.check(kit, finding.named_mapping(kit, name).id), as_json)
