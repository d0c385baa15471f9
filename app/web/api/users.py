"""/api/v1/users: who signs in at the console. By number in addresses: a name may be somebody's own."""

from __future__ import annotations

from typing import Any

from app.errors import NotFound
from app.setup import accounts
from app.store import users as rows
from app.store.users import User
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import resource
from app.words import users as words
from schemas.api.accounts import NewUserBody, PasswordBody, RoleBody, UserList, UserSchema

blueprint = resource("users", "Who signs in at the console.")


@blueprint.route("")
@needs("admin")
@blueprint.response(200, UserList)
def every() -> dict[str, Any]:
    """List the users."""
    return {"items": words.facts(access.kit(), _users())}


@blueprint.route("", methods=["POST"])
@needs("admin")
@blueprint.arguments(NewUserBody)
@blueprint.response(201, UserSchema)
@blueprint.problem(409)
def add(body: dict[str, Any]) -> dict[str, Any]:
    """Add a user."""
    named.everywhere()
    made = accounts.add(access.kit(), body["name"], body["role"], body["password"], access.principal().actor)
    return _line(made)


@blueprint.route("/<int:number>/password", methods=["PUT"])
@needs("admin")
@blueprint.arguments(PasswordBody)
@blueprint.response(200, UserSchema)
@blueprint.problem(404, 409)
def set_password(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Give a user another password: signed out everywhere, and a lock-out ends."""
    accounts.set_password(access.kit(), _user(number).name, body["password"], access.principal().actor)
    return _line(_user(number))


@blueprint.route("/<int:number>/role", methods=["PUT"])
@needs("admin")
@blueprint.arguments(RoleBody)
@blueprint.response(200, UserSchema)
@blueprint.problem(404, 409)
def set_role(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Give a user another role, from the next request on."""
    accounts.set_role(access.kit(), _user(number).name, body["role"], access.principal().actor)
    return _line(_user(number))


@blueprint.route("/<int:number>", methods=["DELETE"])
@needs("admin")
@blueprint.response(204)
@blueprint.problem(404, 409)
def remove(number: int) -> None:
    """Remove a user, who is signed out at once."""
    accounts.remove(access.kit(), _user(number).name, access.principal().actor)


def _users() -> list[User]:
    named.everywhere()
    with access.kit().database.reading() as tx:
        return rows.every(tx)


def _user(number: int) -> User:
    found = next((each for each in _users() if each.id == number), None)
    if found is None:
        raise NotFound(f"There is no user {number}.")
    return found


def _line(user: User) -> dict[str, Any]:
    [line] = words.facts(access.kit(), [user])
    return line
