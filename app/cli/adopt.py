"""`kurasync mapping adopt`: move over from block_kuracloud."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import click

from app.cli import asking
from app.cli.asking import yes_option
from app.cli.failing import FAILED
from app.cli.output import as_json_option, print_json, say, table, warn
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.planning.moving import HARMLESS, LEFT_OUT, Finding, Pair
from app.setup.block import source
from app.setup.block.adopt import Adopted, enable_lms
from app.setup.block.adopt import adopt as adopt_all
from app.setup.block.source import Source
from app.setup.block.survey import Adoptee, Survey
from app.setup.block.survey import survey as look_at_all
from app.sync.showing import several

_SHOWN = 5  # of what is alike, people are shown so many; --json has them all
_COURSES = {
    "moodle": "Moodle",
    "course_name": "course",
    "kuracloud": "kuraCloud",
    "kura_course_name": "course",
    "links": "students linked",
    "ended": "once linked",
    "columns": "columns known",
    "grades": "grades known",
    "mapping": "mapping",
}
_FINDINGS = {"about": "where", "why": "what", "number": "links", "which": "which"}


@click.command()
@click.argument("site")
@click.option(
    "--csv",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with dumps of the block's tables, one CSV file each.",
)
@click.option(
    "--database",
    type=click.File("r", encoding="utf-8"),
    help="File with the address of Moodle's database, which holds a password; - for standard input.",
)
@click.option("--prefix", help="What the names of Moodle's tables begin with, where it cannot be told.")
@click.option("--key-file", type=click.File("rb"), help="The block's key, which opens its tokens.")
@click.option(
    "--switch-on", is_flag=True, help="Switch lmsEnabled on first where it is off: such courses are left out otherwise."
)
@click.option("--dry-run", is_flag=True, help="Show what would be adopted and what is inconsistent, and stop.")
@yes_option
@as_json_option
@with_kit
def adopt(
    kit: Kit,
    site: str,
    folder: Path | None,
    database: TextIO | None,
    prefix: str | None,
    key_file: BinaryIO | None,
    switch_on: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Take over what the old block (block_kuracloud) knows of SITE.

    Its instances, mappings, student links and columns. No student is matched anew and no column of the gradebook is
    made twice. Whatever is inconsistent is listed, and left out unless it is harmless. It can be repeated: what was
    adopted is passed over. Uninstall the block only afterwards, as docs/moving-from-block_kuracloud.md says.
    """
    read = _source(folder, database, prefix)
    key = key_file.read() if key_file else None
    found = _survey(kit, site, read, key)
    if found.switched_off and switch_on and not dry_run:
        asking.confirm(_switching(found), yes)
        enable_lms(kit, found, actor())
        found = _survey(kit, site, read, key)
    if not as_json:
        _show(found, read)
    if dry_run or not found.adoptees:
        if as_json:
            print_json(_as_json(found, ()))
        return
    asking.confirm(_question(found), yes)
    done = list(adopt_all(kit, found, actor()))
    if as_json:
        print_json(_as_json(found, done))
    else:
        _tell(done)
    if any(each.mapping_id is None for each in done):
        raise SystemExit(FAILED)


def _source(folder: Path | None, database: TextIO | None, prefix: str | None) -> Source:
    if (folder is None) == (database is None):
        raise click.UsageError("Say where the block's tables are: --csv FOLDER, or --database FILE.")
    if folder is not None:
        return source.from_folder(folder)
    assert database is not None
    return source.from_database(database.read(), prefix)


def _survey(kit: Kit, site: str, read: Source, key: bytes | None) -> Survey:
    courses = len(read.block.courses)
    label = f"Looking at {several(courses, 'course')} on both sides"
    with click.progressbar(length=courses, label=label, file=sys.stderr) as bar:
        return look_at_all(kit, site, read.block, key, lambda: bar.update(1))


def _show(found: Survey, read: Source) -> None:
    if found.adoptees:
        say(f"Can be adopted ({len(found.adoptees)}):")
        table([_line(found, each) for each in found.adoptees], _COURSES)
        say()
    for each in found.new_instances:
        say(f"A new instance, {each.name}: {each.display_name} at {each.url}, with the block's token.")
    if found.new_instances:
        say()
    _show_findings("Left out", LEFT_OUT, found.findings)
    _show_findings("Good to know", HARMLESS, found.findings)
    if read.key_file and any(each.kind == "token" for each in found.findings):
        say(f"The block's key is the file {read.key_file} in Moodle's data folder: give it with --key-file.")
    if not found.adoptees:
        say("There is nothing to adopt.")


def _show_findings(title: str, words: Mapping[str, str], findings: Sequence[Finding]) -> None:
    listed = sorted((each for each in findings if each.kind in words), key=lambda each: (bool(each.pairs), each.kind))
    rows = [
        {"about": _places(alike), "why": why, "number": len(pairs) or None, "which": _which(pairs)}
        for (why, pairs), alike in groupby(listed, lambda each: (_why(each, words), each.pairs))
    ]
    if rows:
        say(f"{title} ({len(listed)}):")
        table(rows, _FINDINGS)
        say()


def _places(findings: Iterable[Finding]) -> str:
    """Where the same was found, the first few."""
    names = [each.about for each in findings]
    return ", ".join([*names[:_SHOWN], f"and {len(names) - _SHOWN} more"] if len(names) > _SHOWN else names)


def _why(each: Finding, words: Mapping[str, str]) -> str:
    return f"{words[each.kind]}: {each.message}" if each.message else words[each.kind]


def _which(pairs: Sequence[Pair]) -> str:
    """The first links, as user-student."""
    named = [f"user {pair.userid} - student {pair.studentid}" for pair in pairs[:_SHOWN]]
    return "; ".join([*named, "..."] if len(pairs) > _SHOWN else named)


def _switching(found: Survey) -> str:
    return (
        f"Switch on lmsEnabled of {several(len(found.switched_off), 'kuraCloud course')}? From then on their students "
        "cannot be edited there."
    )


def _question(found: Survey) -> str:
    links = sum(len(each.links) for each in found.adoptees)
    return (
        f"Adopt {several(len(found.adoptees), 'mapping')} with {several(links, 'student link')}? From then on kurasync "
        "keeps these courses in step; the first plan of each waits for approval."
    )


def _tell(done: Sequence[Adopted]) -> None:
    numbers = [each.mapping_id for each in done if each.mapping_id is not None]
    say(f"Adopted {len(numbers)} of {several(len(done), 'mapping')}.")
    for each in done:
        if each.mapping_id is None:
            warn(f"Not adopted: {each.adoptee.moodle.fullname} ({each.adoptee.moodle.id}). {each.message}")
    say(
        "The courses are looked at now, by `kurasync up`. `kurasync mapping list` shows where a first plan waits for "
        "approval (hold), `kurasync plan MAPPING` what is in one: nothing, where a course is in step.\n"
        "Press the block's buttons no more, and take it away as docs/moving-from-block_kuracloud.md says."
    )


def _as_json(found: Survey, done: Sequence[Adopted]) -> dict[str, Any]:
    became = {each.adoptee.moodle.id: each for each in done}
    return {
        "mappings": [
            {
                **_line(found, each),
                "mapping": became[each.moodle.id].mapping_id if each.moodle.id in became else None,
                "failed": became[each.moodle.id].message if each.moodle.id in became else "",
            }
            for each in found.adoptees
        ],
        "instances": [
            {"name": each.name, "remote_id": each.remote_id, "url": each.url} for each in found.new_instances
        ],
        "findings": [
            {
                "kind": each.kind,
                "left_out": each.kind in LEFT_OUT,
                "about": each.about,
                "message": {**LEFT_OUT, **HARMLESS}[each.kind] + (f": {each.message}" if each.message else ""),
                "links": [pair._asdict() for pair in each.pairs],
            }
            for each in found.findings
        ],
    }


def _line(found: Survey, each: Adoptee) -> dict[str, Any]:
    return {
        "moodle": f"{found.site.name}:{each.moodle.id}",
        "course_name": each.moodle.fullname,
        "kuracloud": f"{each.target.name}:{each.kuracloud.course_id}",
        "kura_course_name": each.kuracloud.name,
        "links": len(each.links),
        "ended": len(each.ended),
        "columns": len(each.written.titles),
        "grades": len(each.written.grades),
    }
