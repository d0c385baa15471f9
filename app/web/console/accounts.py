"""Accounts: who signs in to the console, and the keys of programs that use the API."""

from __future__ import annotations

from flask import request, url_for
from werkzeug.wrappers import Response

from app.errors import KurasyncError, Refused
from app.planning.roles import ROLES, Role
from app.setup import accounts as users
from app.setup import api_keys
from app.store import sites
from app.store.api_keys import every as every_key
from app.web import access
from app.web.access import needs
from app.web.console.page import ask, back, plain, section, show, status_of
from app.words import keys as key_words
from app.words import users as user_words

blueprint = section("accounts")

_HERE = "console_accounts.accounts"
_ROLES = (("viewer", "viewer: only looks"), ("operator", "operator: daily work"), ("admin", "admin: everything"))


@blueprint.get("/accounts")
@needs("admin")
def accounts() -> str:
    """All of them."""
    return _shown()


@blueprint.post("/accounts/users")
@needs("admin")
def add_user() -> Response | tuple[str, int]:
    """Let somebody sign in."""
    typed = request.form
    try:
        made = users.add(
            access.kit(), typed.get("name", "").strip(), _role(), typed.get("password", ""), access.principal().actor
        )
    except KurasyncError as error:
        return _shown(typed_user=typed, said=plain(error.message)), status_of(error)
    return back(_HERE, f"{made.name} can sign in as {made.role}.")


@blueprint.get("/accounts/users/<name>")
@needs("admin")
def user(name: str) -> str:
    """One of them, to be changed."""
    [line] = user_words.facts(access.kit(), [users.named(access.kit(), name)])
    return show("user.html", one=line, roles=_ROLES, shortest=users.SHORTEST)


@blueprint.post("/accounts/users/<name>/role")
@needs("admin")
def set_role(name: str) -> Response:
    """Another role."""
    users.set_role(access.kit(), name, _role(), access.principal().actor)
    return back(_HERE, f"{name} is {_role()} from now on.")


@blueprint.post("/accounts/users/<name>/password")
@needs("admin")
def set_password(name: str) -> Response:
    """Another password, and an end to a lock-out."""
    users.set_password(access.kit(), name, request.form.get("password", ""), access.principal().actor)
    return back(_HERE, f"{name} has a new password, and is signed out everywhere.")


@blueprint.get("/accounts/users/<name>/remove")
@needs("admin")
def ask_to_remove_user(name: str) -> str:
    """What it means."""
    users.named(access.kit(), name)
    lines = [f"{name} is signed out at once. What {name} did stays in the audit."]
    return ask(f"Remove the user {name}?", lines, "Remove", url_for(_HERE), danger=True)


@blueprint.post("/accounts/users/<name>/remove")
@needs("admin")
def remove_user(name: str) -> Response:
    """Let somebody in no more."""
    users.remove(access.kit(), name, access.principal().actor)
    return back(_HERE, f"Removed the user {name}.")


@blueprint.post("/accounts/keys")
@needs("admin")
def add_key() -> str | tuple[str, int]:
    """A key, shown this once."""
    typed = request.form
    try:
        made, text = api_keys.add(
            access.kit(),
            typed.get("name", "").strip(),
            _role(),
            access.principal().actor,
            site_name=typed.get("site") or None,
            days=_days(typed.get("days", "").strip()),
        )
    except KurasyncError as error:
        return _shown(typed_key=typed, said=plain(error.message)), status_of(error)
    [line] = key_words.facts(access.kit(), [made])
    return show("key_shown.html", one=line, text=text)


@blueprint.get("/accounts/keys/<name>/remove")
@needs("admin")
def ask_to_remove_key(name: str) -> str:
    """What it means."""
    api_keys.named(access.kit(), name)
    lines = ["Programs that use it are let in no more."]
    return ask(f"Remove the key {name}?", lines, "Remove", url_for(_HERE), danger=True)


@blueprint.post("/accounts/keys/<name>/remove")
@needs("admin")
def remove_key(name: str) -> Response:
    """Let a key open nothing any more."""
    api_keys.remove(access.kit(), name, access.principal().actor)
    return back(_HERE, f"Removed the key {name}.")


def _shown(**facts: object) -> str:
    kit = access.kit()
    with kit.database.reading() as tx:
        keys, known = every_key(tx), [each.name for each in sites.every(tx)]
    return show(
        "accounts.html",
        users=user_words.facts(kit, users.every(kit)),
        keys=key_words.facts(kit, keys),
        sites=known,
        roles=_ROLES,
        shortest=users.SHORTEST,
        **facts,
    )


def _role() -> Role:
    given = request.form.get("role", "")
    if given not in ROLES:
        raise Refused("Choose one of the roles.")
    return given


def _days(text: str) -> int | None:
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(api_keys.LONGEST))
    if text and not (is_number and 1 <= int(text) <= api_keys.LONGEST):
        raise Refused(f"Days are a whole number from 1 to {api_keys.LONGEST}, or nothing: until it is removed.")
    return int(text) if text else None
