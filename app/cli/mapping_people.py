"""`kurasync mapping keep` and `exclude`: single people whom the rules of a mapping do not concern."""

from __future__ import annotations

import click

from app.cli.naming import mapping_argument
from app.cli.output import as_json_option, listing, say
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.setup import exempting, finding
from app.setup.exempting import Exempted
from app.words.moments import moment

_undo_option = click.option("--undo", is_flag=True, help="Let the rules of the mapping decide again.")


@click.command()
@mapping_argument
@click.argument("student", metavar="[STUDENT]", type=int, required=False)
@_undo_option
@as_json_option
@with_kit
def keep(kit: Kit, name: str, student: int | None, undo: bool, as_json: bool) -> None:
    """Keep a kuraCloud student who belongs to nobody in Moodle.

    An assistant added by hand, say: she is never removed for not being in Moodle, whatever the rule `unmanaged`
    says. STUDENT is her number in kuraCloud; without it, those who are kept are listed.
    """
    mapping_id = finding.named_mapping(kit, name).id
    if _lists(student, undo):
        found = exempting.listed(kit, mapping_id, "kuracloud")
        _list(found, "student", "linked to user", f"No student is kept in mapping {mapping_id}.", as_json)
    elif student is not None and undo:
        exempting.undo(kit, mapping_id, "kuracloud", student, actor())
        say(f"The rules of mapping {mapping_id} decide about the student {student} again. It is looked at now.")
    elif student is not None:
        exempting.keep(kit, mapping_id, student, actor())
        say(f"The student {student} is kept in mapping {mapping_id}, also where nobody in Moodle is linked to her.")
        _tell_linked(exempting.listed(kit, mapping_id, "kuracloud"), student)


@click.command()
@mapping_argument
@click.argument("user", metavar="[USER]", type=int, required=False)
@_undo_option
@as_json_option
@with_kit
def exclude(kit: Kit, name: str, user: int | None, undo: bool, as_json: bool) -> None:
    """Leave a Moodle user alone, as if she were not there.

    Her student in kuraCloud, if there is one, stays exactly as it is: neither edited nor removed, invited anew nor
    given to anybody else; and her grades stay as they are in Moodle. USER is her id in Moodle; without it, those
    who are excluded are listed.
    """
    mapping_id = finding.named_mapping(kit, name).id
    if _lists(user, undo):
        found = exempting.listed(kit, mapping_id, "moodle")
        _list(found, "user", "linked to student", f"Nobody is excluded from mapping {mapping_id}.", as_json)
    elif user is not None and undo:
        exempting.undo(kit, mapping_id, "moodle", user, actor())
        say(f"The user {user} is looked at in mapping {mapping_id} like everybody again, from now on.")
    elif user is not None:
        exempting.exclude(kit, mapping_id, user, actor())
        say(f"The user {user} is excluded from mapping {mapping_id}. Her student in kuraCloud, if any, stays as it is.")


def _lists(number: int | None, undo: bool) -> bool:
    if number is None and undo:
        raise click.UsageError("--undo needs to know of whom: give the number. Without --undo, all are listed.")
    return number is None


def _list(found: list[Exempted], number: str, linked: str, empty: str, as_json: bool) -> None:
    rows = [
        {
            "number": each.exemption.number,
            "linked": each.linked,
            "at": moment(each.exemption.at),
            "by": each.exemption.by,
        }
        for each in found
    ]
    listing(rows, {"number": number, "linked": linked, "at": "since", "by": "by"}, as_json=as_json, empty=empty)


def _tell_linked(found: list[Exempted], student: int) -> None:
    owner = next((each.linked for each in found if each.exemption.number == student), None)
    if owner is not None:
        say(
            f"At present the Moodle user {owner} is linked to this student: when that user leaves the course, the "
            "student is removed all the same. `kurasync mapping exclude` leaves a user and her student alone."
        )
