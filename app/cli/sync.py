"""`kurasync sync` and `kurasync grades`: look at a mapping now."""

from __future__ import annotations

from functools import partial

import click

from app.cli.awaiting import look_now
from app.cli.deciding import digest_option, looked_at
from app.cli.holds import show_hold
from app.cli.naming import mapping_argument
from app.cli.output import say
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.setup import finding
from app.store.holds import Hold
from app.store.worklist import GRADES, ROSTER, Kind
from app.sync import bypass as bypasses
from app.sync.grades import require_gradebook
from app.words import holds as words

wait_option = click.option("--wait", is_flag=True, help="Wait for the run and say how it went.")
timeout_option = click.option(
    "--timeout", default=600.0, show_default=True, metavar="SECONDS", help="Wait no longer than this."
)
bypass_option = click.option(
    "--bypass", is_flag=True, help="For this one run lift the limits on how much is done unasked; asks first."
)


@click.command()
@mapping_argument
@bypass_option
@digest_option
@wait_option
@timeout_option
@with_kit
def sync(kit: Kit, name: str, bypass: bool, digest: str | None, wait: bool, timeout: float) -> None:
    """Look at the students of a mapping now, whatever it waits for.

    With --bypass, the run that follows removes and adds as many as it finds, and waits for no review; what waits for
    any other reason goes on waiting. Shows what waits now and asks on a terminal; elsewhere --digest says what was
    looked at. With --wait, ends with 3 when something waits for approval and with 1 when the run failed.
    """
    mapping = finding.named_mapping(kit, name)
    asked = _lift(kit, mapping.id, ROSTER, bypass, digest)
    look_now(kit, mapping.id, ROSTER, "a look at the students", wait=wait, timeout=timeout, asked=asked)


@click.command()
@mapping_argument
@bypass_option
@digest_option
@wait_option
@timeout_option
@with_kit
def grades(kit: Kit, name: str, bypass: bool, digest: str | None, wait: bool, timeout: float) -> None:
    """Carry grades from kuraCloud into Moodle's gradebook now.

    kuraCloud is asked for an export, which may take it minutes. With --bypass, the run that follows clears and lowers
    as many grades as it finds, and waits for no review; it asks first, as `kurasync sync` does. With --wait, ends with
    3 when something waits for approval and with 1 when the run failed. Needs Moodle's plugin local_kurasync.
    """
    mapping = finding.named_mapping(kit, name)
    if bypass:
        require_gradebook(kit, mapping.id)
    asked = _lift(kit, mapping.id, GRADES, bypass, digest)
    look_now(kit, mapping.id, GRADES, "the grades", wait=wait, timeout=timeout, asked=asked)


def _lift(kit: Kit, mapping_id: int, kind: Kind, bypass: bool, digest: str | None) -> int | None:
    """The generation of the run whose limits are lifted; None where nobody asked for that."""
    if not bypass:
        if digest is not None:
            raise click.UsageError("--digest says what was looked at for --bypass: give both, or neither.")
        return None
    with kit.database.reading() as tx:
        hold = bypasses.open_hold(tx, mapping_id, kind)
    question = "Lift the limits for the next run, whatever it finds?"
    seen = looked_at(hold, digest, partial(_show, kit), question)
    asked = bypasses.bypass(kit, mapping_id, kind, seen, actor())
    say("The limits are lifted for the next run.")
    return asked


def _show(kit: Kit, hold: Hold) -> None:
    show_hold(kit, hold)
    if staying := words.staying(hold):
        say(staying)
    say(words.LIFTED)
