"""`kurasync mapping repoint`: give a mapping another Moodle course, another kuraCloud course, or both."""

from __future__ import annotations

import click

from app.cli import asking, naming
from app.cli.asking import yes_option
from app.cli.naming import mapping_argument
from app.cli.output import say
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.setup import finding, repointing
from app.words import moves as words

_MOODLE, _KURACLOUD = "SITE:COURSE, for example uni:PHY1", "INSTANCE:COURSE, for example kura:PHY"


@click.command()
@mapping_argument
@click.option("--moodle", metavar="SITE:COURSE", help="The Moodle course it gets.")
@click.option("--kuracloud", metavar="INSTANCE:COURSE", help="The kuraCloud course it gets.")
@click.option("--shared", is_flag=True, help="Although the instance or the course serves another site already.")
@click.option("--force", is_flag=True, help="Although the former kuraCloud course cannot be given back: it is gone.")
@yes_option
@with_kit
def repoint(
    kit: Kit, name: str, moodle: str | None, kuracloud: str | None, shared: bool, force: bool, yes: bool
) -> None:
    """Point a mapping to another Moodle course, another kuraCloud course, or both.

    Its rules stay. Nothing of it is approved any more: the next plan waits for you, whatever it holds.
    """
    if not (moodle or kuracloud):
        raise click.UsageError("Say where to: --moodle SITE:COURSE, --kuracloud INSTANCE:COURSE, or both.")
    move = repointing.planned(
        kit,
        finding.named_mapping(kit, name).id,
        moodle=naming.parts(moodle, _MOODLE) if moodle else None,
        kuracloud=naming.parts(kuracloud, _KURACLOUD) if kuracloud else None,
        shared=shared,
    )
    told = "\n  ".join(words.lines(move))
    asking.confirm(f"{words.title(move)}\n  {told}\nPoint mapping {move.mapping.id} there?", yes)
    given_back = repointing.repoint(kit, move, actor(), force=force)
    number = move.mapping.id
    say(f"Mapping {number} is pointed there: {move.to.course_name} -> {move.to.kura_course_name}.")
    if not (given_back or move.same_students):
        say("lmsEnabled was not switched off on the former kuraCloud course.")
    say(
        "Both courses are looked at now, and the next plan waits for your approval: "
        f"`kurasync plan {number}` shows it, `kurasync holds list` what waits."
    )
