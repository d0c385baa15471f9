"""`kurasync erase`: take a person's names and addresses out of everything stored."""

from __future__ import annotations

import time
from typing import TextIO

import click

from app.cli import asking
from app.cli.asking import yes_option
from app.cli.output import say, warn
from app.cli.session import actor, with_kit
from app.cli.whom import named, person_options
from app.errors import Refused
from app.kit import Kit
from app.setup import erasing, whom
from app.setup.erasing import AT_WORK
from app.setup.stored import Stored, stored
from app.setup.whom import Person

_PATIENCE = 60.0  # seconds for runs to end: most take two
_LOOK = 0.5
_WORDS = {
    "links": ("student link", "student links"),
    "rosters": ("entry in rosters as last read", "entries in rosters as last read"),
    "readings": ("entry in what the last runs read", "entries in what the last runs read"),
    "holds": ("hold that names the person", "holds that name the person"),
    "runs": ("run whose plan names the person", "runs whose plans name the person"),
    "tasks": ("preview that names the person", "previews that name the person"),
    "audit": ("record in the audit", "records in the audit"),
    "grades": ("grade remembered", "grades remembered"),
}
_LEFT_IN_FILE = (
    "The database was busy: until it is compacted, old values stand in free pages of its file. Stop kurasync and run "
    "`kurasync db compact`."
)
_LEFT_IN_POSTGRESQL = (
    "In PostgreSQL's files old values stand until the next VACUUM FULL, and in its log as long as that is kept."
)
_NOTHING = "Nothing personal is stored of this person."


@click.command()
@person_options
@click.option("--force", is_flag=True, help="Also while the person still takes part in a mapping.")
@yes_option
@with_kit
def erase(kit: Kit, user: str | None, source: TextIO | None, everyone: bool, force: bool, yes: bool) -> None:
    """Erase a person: names, e-mail addresses and grades go, numbers stay. Cannot be undone.

    Shows what is stored, and asks. It is written down in the audit, which stays provable. Nothing is changed in Moodle
    or kuraCloud, nor in backups: see docs/privacy.md.
    """
    person = named(kit, user, source, everyone)
    with kit.database.reading() as tx:
        found, called = stored(tx, person), whom.shown(tx, person)
    if not any(found.counts.values()):
        say(_NOTHING)
        return
    _show(found, called)
    if found.present and not force:
        raise Refused(erasing.still_there(found), reason="still_there")
    if found.present:
        say("The person still takes part, so the next run learns what it needs anew.")
    asking.confirm("Erase this for good?", yes)
    compacted = _erase(kit, person, force=force)
    say("Erased. docs/privacy.md says what numbers stay, and what to do about backups.")
    if not compacted:
        say(_LEFT_IN_FILE if kit.database.is_sqlite else _LEFT_IN_POSTGRESQL)


def _show(found: Stored, called: list[str]) -> None:
    say(f"Stored of {', '.join(called) or 'this person'}:")
    for name, number in found.counts.items():
        if number:
            say(f"  {number} {_WORDS[name][number > 1]}")
    if found.waiting:
        numbers = ", ".join(map(str, found.waiting))
        say(f"Hold {numbers} will be overtaken, also if it was approved: the next run holds the rest of it anew.")


def _erase(kit: Kit, person: Person, *, force: bool) -> bool:
    """Wait for the runs that may know the person; new ones are not held up."""
    ends = time.monotonic() + _PATIENCE
    waited = False
    while True:
        try:
            return erasing.erase(kit, person, actor(), force=force)
        except Refused as refused:
            if refused.reason != AT_WORK or time.monotonic() >= ends:
                raise
        if not waited:
            warn("A run is at work that may know the person: waiting for its end.")
        waited = True
        time.sleep(_LOOK)
