"""`kurasync probe`: find out how a real kuraCloud behaves where nobody knows, on a course made for it."""

from __future__ import annotations

import sys
from typing import Any, TextIO

import click

from app.cli import asking
from app.cli.asking import yes_option
from app.cli.output import as_json_option, listing, print_json, say
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.setup import finding
from app.setup.probing import probe as find_out
from app.store.instances import Instance
from app.sync.experiments import INVITATIONS
from app.sync.scratch import Mailbox
from app.words import instances as words
from app.words.cells import cell
from app.words.moments import moment
from sandbox.kuracloud.dialect import assumptions


@click.command()
@click.argument("what", metavar="INSTANCE[:COURSE]")
@click.option("--second", metavar="COURSE", help="Another scratch course of the instance: how are students numbered?")
@click.option(
    "--mailbox-file",
    type=click.File("r", encoding="utf-8"),
    help="File with one e-mail address of yours; - for standard input. Without it you are asked on the terminal.",
)
@yes_option
@as_json_option
@with_kit
def probe(
    kit: Kit, what: str, second: str | None, mailbox_file: TextIO | None, yes: bool, as_json: bool
) -> None:
    """Find out how a kuraCloud behaves, on a scratch COURSE made for it.

    Without a course it shows what was found out. The course must have no students and no mapping. Students with
    addresses made from yours (name+kurasync-1@...) are added, edited, deleted and restored there, and deleted at
    the end; invitations go to your mailbox. `kurasync sandbox --dialect FILE` takes what --json gives: a simulated
    kuraCloud that behaves the same way.
    """
    name, _, course = what.partition(":")
    if not course:
        _show(_stored(kit, name), as_json)
        return
    _stored(kit, name)
    mailbox = Mailbox(_address(mailbox_file))
    asking.confirm(
        f"Add and delete students in the kuraCloud course {course} of {name}, with up to {INVITATIONS} invitations to "
        "your mailbox?",
        yes,
    )
    find_out(kit, instance=name, course=course, second=second, mailbox=mailbox, actor=actor())
    _show(_stored(kit, name), as_json)


def _address(source: TextIO | None) -> str:
    if source is not None:
        return source.read().strip()
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask on for your address: give it with --mailbox-file FILE.")
    return str(click.prompt("Your e-mail address, for the invitations", err=True)).strip()


def _stored(kit: Kit, name: str) -> Instance:
    with kit.database.reading() as tx:
        return finding.instance(tx, name)


def _show(instance: Instance, as_json: bool) -> None:
    if as_json:
        print_json(words.found_out(instance))
        return
    if instance.dialect is None:
        say(f"{instance.name} was never tried: `kurasync probe {instance.name}:COURSE`, with a course made for it.")
        return
    say(f"{instance.name}, as found out at {cell(moment(instance.probed_at))}:")
    titles = {"question": "question", "answer": "answer"}
    listing(list(_lines(instance.dialect)), titles, as_json=False, empty="")


def _lines(answers: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {"question": about, "answer": _said(name, answers[name]) if name in answers else "not found out"}
        for name, about in assumptions().items()
    ]


def _said(name: str, answer: Any) -> str:
    return "no such limit" if answer is None and name.endswith("_maximum") else cell(answer)
