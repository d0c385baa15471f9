"""`kurasync mapping`: which Moodle course goes to which kuraCloud course, and by which rules."""

from __future__ import annotations

from dataclasses import asdict

import click

from app.cli import asking, mapping_people, naming
from app.cli.adopt import adopt
from app.cli.asking import yes_option
from app.cli.mapping_candidates import candidates
from app.cli.mapping_check import check
from app.cli.mapping_many import export, import_
from app.cli.mapping_repoint import repoint
from app.cli.naming import mapping_argument
from app.cli.output import as_json_option, details, listing, print_json, say, table
from app.cli.session import actor, with_kit
from app.errors import Refused
from app.kit import Kit
from app.planning import rules
from app.planning.rules import Rules
from app.setup import finding, mappings
from app.store import reports
from app.words import mappings as words
from app.words.cells import cell

_DETAILS = {
    "id": "mapping",
    "course_name": "Moodle course",
    "moodle": "  called",
    "kura_course_name": "kuraCloud course",
    "kuracloud": "  called",
    "links": "students linked",
    "state": "state",
    "started": "first plan approved",
    "obstacle": "in the way",
    "late_seconds": "late by (seconds)",
    "due_at": "due",
    "failing_since": "failing since",
    "hold": "waits for approval",
    "last_run": "last run",
    "last_outcome": "  ended as",
    "last_ended_at": "  at",
    "last_message": "  said",
    "reconcile_at": "next comparison",
    "grades_state": "grades",
    "grades_hold": "  wait for approval",
    "grades_last_run": "  last run",
    "grades_last_outcome": "  ended as",
    "grades_last_ended_at": "  at",
    "grades_last_message": "  said",
    "grades_at": "  asked for next",
    "settings": "rules of its own",
    "kept": "students kept",
    "excluded": "users excluded",
}


@click.group()
def mapping() -> None:
    """Course mappings: add, show, check, set rules, pause, repoint, remove."""


for command in (adopt, candidates, check, mapping_people.keep, mapping_people.exclude, repoint, export, import_):
    mapping.add_command(command)


@mapping.command()
@click.argument("moodle", metavar="SITE:COURSE")
@click.argument("kuracloud", metavar="INSTANCE:COURSE")
@click.option("--shared", is_flag=True, help="Although the instance or the course serves another site already.")
@as_json_option
@with_kit
def add(kit: Kit, moodle: str, kuracloud: str, shared: bool, as_json: bool) -> None:
    """Map a Moodle course to a kuraCloud course.

    The one is named by its id or short name, the other by its number, code or name. From then on the students of the
    kuraCloud course cannot be edited there any more. The first plan waits for approval.
    """
    site_name, moodle_course = naming.parts(moodle, "SITE:COURSE, for example uni:PHY1")
    instance_name, kura_course = naming.parts(kuracloud, "INSTANCE:COURSE, for example kura:PHY")
    added = mappings.add(
        kit,
        site_name=site_name,
        moodle_course=moodle_course,
        instance_name=instance_name,
        kura_course=kura_course,
        actor=actor(),
        shared=shared,
    )
    number = added.mapping.id
    if as_json:
        print_json({"id": number, "courseid": added.moodle.id, "kura_courseid": added.kuracloud.course_id})
        return
    say(
        f"Mapping {number}: {added.moodle.fullname} ({moodle}) -> {added.kuracloud.name} ({kuracloud}).\n"
        f"{words.ADDED[0]}\n{words.ADDED[1]} `kurasync plan {number}` shows it, `kurasync holds list` what waits."
    )


@mapping.command("list")
@as_json_option
@with_kit
def list_mappings(kit: Kit, as_json: bool) -> None:
    """List the mappings and how each stands."""
    with kit.database.reading() as tx:
        found = [words.line(each) for each in reports.mapping_lines(tx)]
    titles = {
        "id": "mapping",
        "moodle": "Moodle",
        "course_name": "course",
        "kuracloud": "kuraCloud",
        "kura_course_name": "course",
        "links": "students",
        "state": "state",
        "hold": "hold",
        "last_outcome": "last run",
        "last_ended_at": "ended",
    }
    listing(found, titles, as_json=as_json, empty="No course is mapped yet: `kurasync mapping add` maps one.")


@mapping.command()
@mapping_argument
@as_json_option
@with_kit
def show(kit: Kit, name: str, as_json: bool) -> None:
    """Show everything about a mapping: state, last run, what waits, conflicts, lateness."""
    found = words.everything(kit, finding.named_mapping(kit, name).id)
    if as_json:
        print_json(found)
        return
    rules_of_its_own = [f"{rule}={cell(value)}" for rule, value in found["settings"].items()]
    details({**found, "late_seconds": found["late_seconds"] or None, "settings": rules_of_its_own}, _DETAILS)
    if found["conflicts"]:
        say()
        say(f"Conflicts ({len(found['conflicts'])}): nothing is done to these until somebody puts them right.")
        table(found["conflicts"], {"who": "who", "message": "why"})


@mapping.command("set")
@mapping_argument
@click.argument("changes", metavar="RULE=VALUE...", nargs=-1)
@click.option("--default", "reset", multiple=True, metavar="RULE", help="Put this rule back to its default.")
@as_json_option
@with_kit
def set_rules(kit: Kit, name: str, changes: tuple[str, ...], reset: tuple[str, ...], as_json: bool) -> None:
    """Set rules of a mapping, or show them all with their defaults when none is given.

    docs/operations.md says what each rule does.
    """
    found = finding.named_mapping(kit, name)
    chosen = rules.from_settings(found.settings)
    if changes or reset:
        try:
            chosen = mappings.set_rules(kit, found.id, _changes(changes), reset, actor())
        except Refused as error:
            raise click.UsageError(error.message) from error
    defaults = asdict(Rules())
    lines = [{"rule": rule, "value": value, "default": defaults[rule]} for rule, value in asdict(chosen).items()]
    if not as_json:
        lines = [{name: cell(each) or "none" for name, each in line.items()} for line in lines]
    listing(lines, {"rule": "rule", "value": "value", "default": "default"}, as_json=as_json, empty="")


@mapping.command()
@mapping_argument
@with_kit
def pause(kit: Kit, name: str) -> None:
    """Stop all work on a mapping. What Moodle reports meanwhile is kept."""
    number = finding.named_mapping(kit, name).id
    mappings.pause(kit, number, actor())
    say(f"Mapping {number} is paused, until `kurasync mapping resume {number}`.")


@mapping.command()
@mapping_argument
@with_kit
def resume(kit: Kit, name: str) -> None:
    """Go on with a mapping that is paused or parked, and look at it now.

    Where lmsEnabled was switched off on the kuraCloud course, it is switched on again.
    """
    number = finding.named_mapping(kit, name).id
    mappings.resume(kit, number, actor())
    say(f"Mapping {number} goes on, and is looked at now.")


@mapping.command()
@mapping_argument
@yes_option
@click.option("--force", is_flag=True, help="Although the kuraCloud course cannot be given back: it is gone.")
@with_kit
def remove(kit: Kit, name: str, yes: bool, force: bool) -> None:
    """Forget a mapping, with its links, runs and holds. Its students stay in kuraCloud.

    While a course is mapped its students cannot be edited in kuraCloud, nor can it be deleted there.
    """
    found = finding.named_mapping(kit, name)
    what = f"mapping {found.id}: {found.course_name} -> {found.kura_course_name}"
    asking.confirm(f"Remove {what}? Its students stay in kuraCloud and can be edited there again.", yes)
    given_back = mappings.remove(kit, found.id, actor(), force=force)
    say(f"Removed {what}.")
    if given_back:
        say(
            "The students keep their accounts in the kuraCloud course. People can edit them there again and, where "
            "they are not wanted, delete them by hand; the course itself can be deleted again, too."
        )
    else:
        say("lmsEnabled was not switched off on the kuraCloud course.")


def _changes(texts: tuple[str, ...]) -> dict[str, str]:
    for text in texts:
        if "=" not in text:
            raise click.UsageError(f"{text!r} must be RULE=VALUE, for example mode=review.")
    return {text.partition("=")[0]: text.partition("=")[2] for text in texts}
