"""`kurasync mapping candidates`: courses that are not mapped yet, and which probably belong together."""

from __future__ import annotations

from typing import Any

import click

from app.cli.output import as_json_option, print_json, print_lines, say, table, warn
from app.cli.session import with_kit
from app.kit import Kit
from app.setup import candidates as unmapped
from app.setup import mapping_file
from app.setup.candidates import Likely
from app.words import candidates as words

_PAIR = ("site", "course", "course_name", "instance", "kura_course", "kura_course_name")
"""The columns of a file of pairs: without a rule, so that none is put back to its default."""


@click.command()
@click.option("--search", default="", metavar="TEXT", help="Only courses with this in a name or number.")
@click.option("--site", metavar="NAME", help="Only courses of this site.")
@click.option("--instance", metavar="NAME", help="Only courses of this instance.")
@click.option("--csv", "as_csv", is_flag=True, help="The likely pairs as a file for `mapping import`.")
@as_json_option
@with_kit
def candidates(kit: Kit, search: str, site: str | None, instance: str | None, as_csv: bool, as_json: bool) -> None:
    """List courses that are not mapped, and which probably belong together.

    Pairs are found by their names alone: look at each before you map it.
    """
    found = unmapped.find(kit, search=search, site=site, instance=instance)
    for name, why in found.silent.items():
        warn(f"{name} could not be asked: {why}")
    if as_csv and not found.likely:
        warn("No two courses have the same name: the file has its first line only.")
    if as_csv:
        print_lines(mapping_file.as_csv((_as_line(each) for each in found.likely), _PAIR))
    elif as_json:
        print_json({**words.lines(found), "silent": found.silent})
    else:
        _show(words.lines(found))


def _show(found: dict[str, list[dict[str, Any]]]) -> None:
    titles = {
        "likely": "Probably belong together",
        "moodle": "Moodle courses that are not mapped",
        "kuracloud": "kuraCloud courses that are not mapped",
    }
    columns = {
        "moodle": "Moodle",
        "shortname": "short name",
        "fullname": "course",
        "kuracloud": "kuraCloud",
        "code": "code",
        "name": "course",
        "lms_enabled": "lmsEnabled",
        "why": "why",
    }
    for part, title in titles.items():
        if found[part]:
            say(f"{title} ({len(found[part])})")
            table(found[part], {key: columns[key] for key in columns if key in found[part][0]})
            say()
    if not any(found.values()):
        say("There is no course that is not mapped.")


def _as_line(each: Likely) -> dict[str, Any]:
    return {
        "site": each.ours.site,
        "course": each.ours.course.id,
        "course_name": each.ours.course.fullname,
        "instance": each.theirs.instance,
        "kura_course": each.theirs.course.course_id,
        "kura_course_name": each.theirs.course.name,
    }
