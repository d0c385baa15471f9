"""`kurasync site`: the Moodle sites kurasync listens to."""

from __future__ import annotations

import os
import stat
from typing import TextIO

import click

from app.cli import asking
from app.cli.asking import token_option, yes_option
from app.cli.output import as_json_option, listing, print_json, say, warn
from app.cli.secret import secret
from app.cli.session import actor, with_kit
from app.kit import Kit
from app.setup import entering, finding, plugin, sites
from app.setup.sites import Added
from app.store import mappings
from app.store import sites as rows
from app.words import sites as words

ways_option = click.option(
    "--way",
    "ways",
    multiple=True,
    type=click.Choice(sites.WAYS),
    help="A way in which Moodle may deliver events; may be repeated. All of them when it is left out.",
)


@click.group()
def site() -> None:
    """Moodle sites: add, try, rotate the token."""


site.add_command(secret)


@site.command()
@click.argument("name", required=False)
@click.argument("url", required=False)
@token_option
@click.option(
    "--file",
    "site_file",
    type=click.File("r", encoding="utf-8"),
    help="What the set-up of Moodle's plugin wrote, in place of NAME, URL and token; - for standard input.",
)
@ways_option
@click.option("--shared", is_flag=True, help="Add a Moodle that is there under another name already.")
@as_json_option
@with_kit
def add(
    kit: Kit,
    name: str | None,
    url: str | None,
    token_file: TextIO | None,
    site_file: TextIO | None,
    ways: tuple[str, ...],
    shared: bool,
    as_json: bool,
) -> None:
    """Try a Moodle with the token of its service user, and add it as NAME.

    URL is the address of Moodle's front page. The webhook secret is shown this once, with what to enter in Moodle. With
    --file everything comes from Moodle's plugin, which knows the secret already; only signed deliveries are let in
    then, unless --way says otherwise.
    """
    if site_file:
        if name is not None or token_file:
            raise click.UsageError("The file has name, address and token: leave them out.")
        _say_added(kit, _add_from_file(kit, site_file, ways, shared), as_json, knows_us=True)
        return
    if name is None or url is None:
        raise click.UsageError("Give NAME and URL, or --file FILE with what the set-up of Moodle's plugin wrote.")
    token = asking.token(token_file, f"the service user of {url}")
    added = sites.add(kit, name=name, url=url, token=token, actor=actor(), ways=ways or sites.WAYS, shared=shared)
    _say_added(kit, added, as_json, knows_us=False)


@site.command("list")
@as_json_option
@with_kit
def list_sites(kit: Kit, as_json: bool) -> None:
    """List the sites."""
    with kit.database.reading() as tx:
        numbers = mappings.per_connection(tx, "site")
        found = [words.line(each, numbers.get(each.id, 0)) for each in rows.every(tx)]
    titles = {
        "name": "site",
        "url": "address",
        "plugin": "plugin",
        "state": "status",
        "mappings": "mappings",
        "ways": "ways in",
        "last_success_at": "last success",
        "reason": "why",
    }
    listing(found, titles, as_json=as_json, empty="There is no site yet: add one with `kurasync site add`.")


@site.command()
@click.argument("name")
@as_json_option
@with_kit
def test(kit: Kit, name: str, as_json: bool) -> None:
    """Try a site: its token, the functions it may call, and Moodle's plugin local_kurasync."""
    info = sites.test(kit, name)
    if as_json:
        print_json(words.tried(name, info))
        return
    say(f"{name} works: {info.site_name}, Moodle {info.release}, and all functions kurasync needs may be called.")
    with kit.database.reading() as tx:
        found = finding.site(tx, name)
    for check in plugin.checks(kit, found, info):
        say(check.message)


@site.command()
@click.argument("name")
@token_option
@with_kit
def rotate(kit: Kit, name: str, token_file: TextIO | None) -> None:
    """Give a site another token of its service user; it is tried first. Work that waited for it goes on."""
    with kit.database.reading() as tx:
        finding.site(tx, name)
    sites.rotate(kit, name, asking.token(token_file, f"the service user of {name}"), actor())
    say(f"{name} uses the new token.")


@site.command()
@click.argument("name")
@click.argument("url")
@click.option("--force", is_flag=True, help="Although nobody can tell whether it is the same Moodle.")
@with_kit
def move(kit: Kit, name: str, url: str, force: bool) -> None:
    """Say that a Moodle has another address now. It is tried there first; its events are taken from there alone."""
    info = sites.move(kit, name, url, actor(), force=force)
    say(f"{name} is now {info.site_url}. Its plugin in Moodle has to be told too: its page says so, and how.")


@site.command()
@click.argument("name")
@click.argument("ways", metavar="WAY...", nargs=-1, required=True, type=click.Choice(sites.WAYS))
@with_kit
def ways(kit: Kit, name: str, ways: tuple[str, ...]) -> None:
    """Let only these ways deliver events of a site from now on."""
    sites.set_ways(kit, name, ways, actor())
    say(f"{name} may deliver by {', '.join(ways)}, and in no other way.")


@site.command()
@click.argument("name")
@yes_option
@click.option("--force", is_flag=True, help="Go on where kuraCloud courses cannot be given back.")
@with_kit
def remove(kit: Kit, name: str, yes: bool, force: bool) -> None:
    """Remove a site with its events, its secrets and its mappings. Students stay in kuraCloud."""
    with kit.database.reading() as tx:
        found = finding.site(tx, name)
        gone = [each for each in mappings.every(tx) if each.site_id == found.id]
    for each in gone:
        warn(f"With it goes mapping {each.id}: {each.course_name} -> {each.kura_course_name}.")
    asking.confirm(f"Remove the site {name}?", yes)
    sites.remove(kit, name, actor(), force=force)
    say(f"Removed {name}{f' and {len(gone)} mapping(s)' if gone else ''}.")


def _add_from_file(kit: Kit, source: TextIO, ways: tuple[str, ...], shared: bool) -> Added:
    file = sites.read_file(source.read())
    added = sites.add_from_file(kit, file, actor=actor(), ways=ways or ("signed",), shared=shared)
    if _others_can_read(source):
        warn(f"Other people can read {source.name}, and it holds the token: delete it, or give Moodle another token.")
    return added


def _others_can_read(source: TextIO) -> bool:
    try:
        mode = os.fstat(source.fileno()).st_mode
    except OSError:  # standard input need not be a file
        return False
    return stat.S_ISREG(mode) and bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


def _say_added(kit: Kit, added: Added, as_json: bool, *, knows_us: bool) -> None:
    name = added.site.name
    if as_json:
        shown = {} if knows_us else {"secret": added.secret}
        print_json({**words.tried(name, added.info), "id": added.site.id, **shown})
        return
    say(f"Added {name}: {added.info.site_name}, Moodle {added.info.release}.")
    say()
    if knows_us:
        say("Moodle's plugin has the secret already. Its status page sends a test event. Delete the file now.")
    else:
        for line in entering.instructions(kit.settings, added.site, added.secret):
            say(line)
    say()
    say(f"Next: `kurasync instance add`, then `kurasync mapping add {name}:COURSE INSTANCE:COURSE`.")
