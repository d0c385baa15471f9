"""`kurasync instance`: the kuraCloud instances kurasync writes to."""

from __future__ import annotations

from typing import TextIO

import click

from app.cli import asking
from app.cli.asking import token_option, yes_option
from app.cli.output import as_json_option, listing, print_json, say, warn
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.setup import finding, instances
from app.store import instances as rows
from app.store import mappings
from app.words import instances as words


@click.group()
def instance() -> None:
    """kuraCloud instances: add, try, rotate the token."""


@instance.command()
@click.argument("name")
@click.option("--url", default=instances.DEFAULT_URL, show_default=True, help="Address of kuraCloud's API.")
@token_option
@click.option("--shared", is_flag=True, help="Add an instance once more, with a token of its own for a second site.")
@as_json_option
@with_kit
def add(kit: Kit, name: str, url: str, token_file: TextIO | None, shared: bool, as_json: bool) -> None:
    """Try a kuraCloud instance with its token, and add it as NAME.

    The token is shown once in kuraCloud: Instance Administration > LMS Integration > Configure > Moodle > Enable. Where
    that menu is missing, ask your ADInstruments representative.
    """
    token = asking.token(token_file, f"the instance at {url}")
    added = instances.add(kit, name=name, url=url, token=token, actor=actor(), shared=shared)
    if as_json:
        facts = {"remote_id": added.remote_id, "display_name": added.display_name, "url": added.url}
        print_json({"id": added.id, "instance": name, **facts})
        return
    say(f"Added {name}: {added.display_name} ({added.remote_id}).")
    say(f"Next: `kurasync instance courses {name}`, then `kurasync mapping add SITE:COURSE {name}:COURSE`.")


@instance.command("list")
@as_json_option
@with_kit
def list_instances(kit: Kit, as_json: bool) -> None:
    """List the instances."""
    with kit.database.reading() as tx:
        numbers = mappings.per_connection(tx, "instance")
        found = [words.line(each, numbers.get(each.id, 0)) for each in rows.every(tx)]
    titles = {
        "name": "instance",
        "display_name": "called",
        "url": "address",
        "state": "status",
        "lms_enabled": "LMS integration",
        "mappings": "mappings",
        "last_success_at": "last success",
        "reason": "why",
    }
    listing(found, titles, as_json=as_json, empty="There is no instance yet: add one with `kurasync instance add`.")


@instance.command()
@click.argument("name")
@as_json_option
@with_kit
def test(kit: Kit, name: str, as_json: bool) -> None:
    """Try an instance: its token, and whether its LMS integration is on."""
    remote = instances.test(kit, name)
    if as_json:
        print_json(words.tried(name, remote))
    else:
        say(f"{name} works: {remote.display_name} ({remote.instance_id}), LMS integration is on.")


@instance.command()
@click.argument("name")
@as_json_option
@with_kit
def courses(kit: Kit, name: str, as_json: bool) -> None:
    """List the courses of an instance, and which are mapped. Deleted ones are absent."""
    with kit.database.reading() as tx:
        found = finding.instance(tx, name)
        mapped = {each.kura_courseid: each.id for each in mappings.every(tx) if each.instance_id == found.id}
    lines = [words.course_line(each, mapped.get(each.course_id)) for each in instances.courses(kit, name)]
    titles = {"id": "course", "code": "code", "name": "name", "lms_enabled": "LMS", "mapping": "mapping"}
    listing(lines, titles, as_json=as_json, empty=f"{name} has no course: make one in kuraCloud first.")


@instance.command()
@click.argument("name")
@token_option
@with_kit
def rotate(kit: Kit, name: str, token_file: TextIO | None) -> None:
    """Give an instance another token; it is tried first. Work that waited for it goes on."""
    with kit.database.reading() as tx:
        finding.instance(tx, name)
    instances.rotate(kit, name, asking.token(token_file, name), actor())
    say(f"{name} uses the new token.")


@instance.command()
@click.argument("name")
@yes_option
@click.option("--force", is_flag=True, help="Go on where kuraCloud courses cannot be given back.")
@with_kit
def remove(kit: Kit, name: str, yes: bool, force: bool) -> None:
    """Remove an instance and its mappings. Students stay in kuraCloud."""
    with kit.database.reading() as tx:
        found = finding.instance(tx, name)
        gone = [each for each in mappings.every(tx) if each.instance_id == found.id]
    for each in gone:
        warn(f"With it goes mapping {each.id}: {each.course_name} -> {each.kura_course_name}.")
    asking.confirm(f"Remove the instance {name}?", yes)
    instances.remove(kit, name, actor(), force=force)
    say(f"Removed {name}{f' and {len(gone)} mapping(s)' if gone else ''}.")
