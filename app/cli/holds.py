"""`kurasync holds`: what waits for a person, to be looked at, approved or rejected."""

from __future__ import annotations

import click

from app.cli.deciding import SHORT, digest_option, looked_at
from app.cli.naming import chosen, mapping_option
from app.cli.output import as_json_option, details, listing, print_json, say
from app.cli.planned import show_held
from app.cli.session import actor, with_kit
from app.errors import NotFound
from app.kit import Kit
from app.store import holds as rows
from app.store import mappings
from app.store.holds import WAITING, Hold
from app.sync import bypass
from app.sync import holds as verbs
from app.words import holds as words

_NONE = "Nothing waits for approval."

hold_argument = click.argument("number", metavar="HOLD", type=int)


@click.group()
def holds() -> None:
    """What waits for approval: look, then approve or reject."""


@holds.command("list")
@mapping_option
@click.option("--all", "everything", is_flag=True, help="Those that were decided too.")
@as_json_option
@with_kit
def list_holds(kit: Kit, name: str | None, everything: bool, as_json: bool) -> None:
    """List what waits, and with --all what became of the others."""
    mapping_id = chosen(kit, name)
    with kit.database.reading() as tx:
        states = (None,) if everything else WAITING
        found = [hold for state in states for hold in rows.search(tx, mapping_id=mapping_id, state=state, limit=1000)]
        followed = rows.successors(tx, [hold.id for hold in found])
        courses = {each.id: each.course_name for each in mappings.every(tx)}
    titles = {
        "id": "hold",
        "mapping": "mapping",
        "course": "course",
        "kind": "kind",
        "actions": "what waits",
        "created_at": "since",
        "became": "state",
    }
    listing([words.line(each, courses, followed) for each in found], titles, as_json=as_json, empty=_NONE)


@holds.command()
@hold_argument
@as_json_option
@with_kit
def show(kit: Kit, number: int, as_json: bool) -> None:
    """Show what a hold would do, why it waits, and the digest that approves just this."""
    found = _hold(kit, number)
    if as_json:
        print_json({**words.facts(kit, found), "items": found.items})
        return
    show_hold(kit, found)
    if found.state == "open":
        _say_how_to_decide(found)


@holds.command()
@hold_argument
@digest_option
@with_kit
def approve(kit: Kit, number: int, digest: str | None) -> None:
    """Let a hold go ahead, as far as a fresh plan still contains it.

    Anything new is held anew. Shows it and asks on a terminal; elsewhere --digest says what was looked at.
    """
    found = _hold(kit, number)
    what = "this action" if len(found.items) == 1 else f"these {len(found.items)} actions"
    seen = looked_at(found, digest, lambda hold: show_hold(kit, hold), f"Approve {what}?")
    verbs.approve(kit, number, seen, actor())
    say(f"Approved hold {number}. It is carried out now: see `kurasync runs list --mapping {found.mapping_id}`.")


@holds.command()
@hold_argument
@with_kit
def reject(kit: Kit, number: int) -> None:
    """Turn a hold down. It is not asked again until what waits has changed."""
    _hold(kit, number)
    verbs.reject(kit, number, actor())
    say(f"Rejected hold {number}. It is not asked again until what waits has changed.")


def _hold(kit: Kit, number: int) -> Hold:
    with kit.database.reading() as tx:
        found = rows.get(tx, number)
    if found is None:
        raise NotFound(f"There is no hold {number}. See `kurasync holds list`.")
    return found


def show_hold(kit: Kit, hold: Hold) -> None:
    """Print a hold with everything that waits in it."""
    titles = {
        "id": "hold",
        "mapping": "mapping",
        "course": "course",
        "kind": "kind",
        "created_at": "since",
        "became": "state",
        "decided_at": "decided",
        "run": "made by run",
        "digest": "digest",
    }
    details(words.facts(kit, hold), titles)
    say()
    show_held(hold.kind, hold.items, "Waits for approval" if hold.state == "open" else "What it was about")


def _say_how_to_decide(hold: Hold) -> None:
    digest = hold.digest[:SHORT]
    say(f"`kurasync holds approve {hold.id} --digest {digest}` lets just this go ahead,")
    say(f"`kurasync holds reject {hold.id}` turns it down until what waits has changed.")
    if bypass.lifts(hold.items, hold.kind):
        command = f"kurasync {bypass.COMMANDS[hold.kind]} {hold.mapping_id} --bypass --digest {digest}"
        say(f"`{command}` lifts the limits for one run, whatever that finds.")
