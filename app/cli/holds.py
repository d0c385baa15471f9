"""`kurasync holds`: what waits for a person, to be looked at, approved or rejected."""

from __future__ import annotations

import sys
from typing import Any

import click

from app.cli import asking
from app.cli.naming import chosen, mapping_option
from app.cli.output import as_json_option, details, listing, moment, print_json, say
from app.cli.planned import counted, show_held
from app.cli.session import actor, with_kit
from app.errors import NotFound
from app.kit import Kit
from app.store import holds as rows
from app.store.holds import WAITING, Hold
from app.sync import holds as verbs

_SHORT = 12  # digits of a digest that are shown, and enough to be said

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
    """List what waits."""
    mapping_id = chosen(kit, name)
    with kit.database.reading() as tx:
        states = (None,) if everything else WAITING
        found = [hold for state in states for hold in rows.search(tx, mapping_id=mapping_id, state=state, limit=1000)]
    titles = {
        "id": "hold",
        "mapping": "mapping",
        "kind": "kind",
        "state": "state",
        "actions": "what waits",
        "created_at": "since",
        "decided_by": "decided by",
    }
    listing([_line(each) for each in found], titles, as_json=as_json, empty="Nothing waits for approval.")


@holds.command()
@hold_argument
@as_json_option
@with_kit
def show(kit: Kit, number: int, as_json: bool) -> None:
    """Show what a hold would do, why it waits, and the digest that approves just this."""
    found = _hold(kit, number)
    if as_json:
        print_json({**_line(found), "items": found.items})
        return
    _show(found)
    if found.state == "open":
        say(f"`kurasync holds approve {number} --digest {found.digest[:_SHORT]}` approves just this.")


@holds.command()
@hold_argument
@click.option("--digest", metavar="DIGEST", help=f"What `holds show` gave, its first {_SHORT} digits at least.")
@with_kit
def approve(kit: Kit, number: int, digest: str | None) -> None:
    """Let a hold go ahead, as far as a fresh plan still contains it; anything new is held anew.

    Shows it and asks on a terminal; elsewhere --digest says what was looked at.
    """
    found = _hold(kit, number)
    if digest is None:
        if not sys.stdin.isatty():
            raise click.UsageError(
                f"There is no terminal to ask on: look with `kurasync holds show {number}`, then say --digest."
            )
        _show(found)
        what = "this action" if len(found.items) == 1 else f"these {len(found.items)} actions"
        asking.confirm(f"Approve {what}?", yes=False)
        digest = found.digest
    verbs.approve(kit, number, _whole(digest, found), actor())
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


def _whole(digest: str, hold: Hold) -> str:
    enough = len(digest) >= _SHORT and hold.digest.startswith(digest)
    return hold.digest if enough else digest


def _show(hold: Hold) -> None:
    titles = {
        "id": "hold",
        "mapping": "mapping",
        "kind": "kind",
        "state": "state",
        "created_at": "since",
        "decided_by": "decided by",
        "decided_at": "decided",
        "digest": "digest",
    }
    details(_line(hold), titles)
    say()
    show_held(hold.kind, hold.items)


def _line(hold: Hold) -> dict[str, Any]:
    return {
        "id": hold.id,
        "mapping": hold.mapping_id,
        "kind": hold.kind,
        "state": hold.state,
        "actions": counted(hold.kind, hold.items),
        "digest": hold.digest,
        "run": hold.run_id,
        "created_at": moment(hold.created_at),
        "decided_at": moment(hold.decided_at),
        "decided_by": hold.decided_by,
    }
