"""`kurasync sync` and `kurasync grades`: look at a mapping now."""

from __future__ import annotations

import click

from app.cli.awaiting import look_now
from app.cli.naming import mapping_argument
from app.cli.session import with_kit
from app.kit import Kit
from app.setup import finding
from app.store.worklist import GRADES, ROSTER
from app.sync.grades import require_gradebook

wait_option = click.option("--wait", is_flag=True, help="Wait for the run and say how it went.")
timeout_option = click.option(
    "--timeout", default=600.0, show_default=True, metavar="SECONDS", help="Wait no longer than this."
)


@click.command()
@mapping_argument
@wait_option
@timeout_option
@with_kit
def sync(kit: Kit, name: str, wait: bool, timeout: float) -> None:
    """Look at the students of a mapping now, whatever it waits for.

    With --wait, ends with 3 when something waits for approval and with 1 when the run failed.
    """
    mapping = finding.named_mapping(kit, name)
    look_now(kit, mapping.id, ROSTER, "a look at the students", wait=wait, timeout=timeout)


@click.command()
@mapping_argument
@wait_option
@timeout_option
@with_kit
def grades(kit: Kit, name: str, wait: bool, timeout: float) -> None:
    """Carry grades from kuraCloud into Moodle's gradebook now.

    kuraCloud is asked for an export, which may take it minutes. With --wait, ends with 3 when something waits for
    approval and with 1 when the run failed. Needs Moodle's plugin local_kurasync.
    """
    mapping = finding.named_mapping(kit, name)
    require_gradebook(kit, mapping.id)
    look_now(kit, mapping.id, GRADES, "the grades", wait=wait, timeout=timeout)
