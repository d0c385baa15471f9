"""`kurasync plan`: what a run would do now, without doing it."""

from __future__ import annotations

import click

from app.cli.failing import HELD
from app.cli.naming import mapping_argument
from app.cli.output import as_json_option, print_json, say
from app.cli.planned import show_plan
from app.cli.session import with_kit
from app.kit import Kit
from app.setup import finding
from app.store.worklist import GRADES, ROSTER, Kind
from app.sync import grades, roster


@click.command()
@mapping_argument
@click.option("--grades", "of_grades", is_flag=True, help="Of grades; waits for an export of kuraCloud's.")
@as_json_option
@with_kit
def plan(kit: Kit, name: str, of_grades: bool, as_json: bool) -> None:
    """Show what a run would do now; nothing is changed.

    Of the students, or with --grades of the grades. Ends with 3 when something would wait for approval.
    """
    mapping = finding.named_mapping(kit, name)
    kind: Kind = GRADES if of_grades else ROSTER
    look = grades.preview(kit, mapping.id) if of_grades else roster.preview(kit, mapping.id)
    waiting = look.known.waiting
    if as_json:
        print_json({"mapping": mapping.id, "hold": waiting.id if waiting else None, **look.as_json()})
    else:
        say(f"Mapping {mapping.id}: {mapping.course_name} {'<-' if of_grades else '->'} {mapping.kura_course_name}")
        say()
        show_plan(kind, look.as_json())
    if look.verdict.held:
        if not as_json:
            run = f"kurasync {'grades' if of_grades else 'sync'} {mapping.id}"
            say(
                f"Decide with `kurasync holds show {waiting.id}`."
                if waiting
                else f"`{run}` does what goes ahead, and makes a hold of the rest."
            )
        raise SystemExit(HELD)
