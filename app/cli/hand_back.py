"""`kurasync hand-back`: let grades that a person changed in Moodle be overwritten."""

from __future__ import annotations

import re
from typing import Any

import click

from app.cli import asking
from app.cli.asking import yes_option
from app.cli.naming import mapping_argument
from app.cli.output import as_json_option, print_json, say, table
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.planning.grade_actions import Column
from app.setup import finding
from app.sync import handing
from app.sync.handing import Chosen
from app.words.grades_plan import LEFT_TITLES, left_line


class ColumnName(click.ParamType[Column]):
    """A column as it is called in the gradebook: LESSON-REVISION."""

    name = "column"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Column:
        """Two numbers with a hyphen between."""
        if not re.fullmatch(r"\d+-\d+", value):
            self.fail(f"{value!r} must be LESSON-REVISION, as at the end of the column's name: 12-34.", param, ctx)
        lesson, revision = value.split("-")
        return Column(int(lesson), int(revision))


@click.command("hand-back")
@mapping_argument
@click.option("--user", "userids", multiple=True, type=int, metavar="ID", help="Only of this Moodle user; repeatable.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    type=ColumnName(),
    metavar="LESSON-REVISION",
    help="Only in this column, by the numbers behind `kuraID:` in its name; repeatable.",
)
@click.option("--all", "everything", is_flag=True, help="All that the newest run left alone.")
@yes_option
@as_json_option
@with_kit
def hand_back(
    kit: Kit,
    name: str,
    userids: tuple[int, ...],
    columns: tuple[Column, ...],
    everything: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Let grades that a person changed in Moodle be overwritten with kuraCloud's.

    Those which the newest run left alone for that reason: of some users, in some columns, or --all.
    """
    if not (userids or columns or everything):
        raise click.UsageError("Say which grades: --user, --column or --all.")
    mapping = finding.named_mapping(kit, name)
    found = handing.found(kit, mapping.id, Chosen(userids or None, columns or None))
    if found and not as_json:
        table([left_line(each) for each in found], LEFT_TITLES)
        say()
    if found:
        what = "this grade" if len(found) == 1 else f"these {len(found)} grades"
        asking.confirm(f"Let kuraCloud overwrite {what} in Moodle?", yes)
    _tell(mapping.id, handing.hand_back(kit, mapping.id, found, actor()), as_json)


def _tell(mapping_id: int, given: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(given)
    elif given:
        say(f"Handed back: {len(given)}. They are written now: see `kurasync runs list --mapping {mapping_id}`.")
    else:
        say("The newest run left no such grade to a person. See `kurasync runs list --kind grades`.")
