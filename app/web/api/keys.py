"""/api/v1/keys: keys of programs; the text of one is shown once, when it is made."""

from __future__ import annotations

from typing import Any

from app.errors import NotFound
from app.setup import api_keys
from app.store import api_keys as rows
from app.store.api_keys import ApiKey
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import resource
from app.words import keys as words
from schemas.api.accounts import KeyList, MadeKeySchema, NewKeyBody

blueprint = resource("keys", "Keys of programs that use the API.")


@blueprint.route("")
@needs("admin")
@blueprint.response(200, KeyList)
def every() -> dict[str, Any]:
    """List the keys, without showing them, and when each was used last."""
    return {"items": words.facts(access.kit(), _keys())}


@blueprint.route("", methods=["POST"])
@needs("admin")
@blueprint.arguments(NewKeyBody)
@blueprint.response(201, MadeKeySchema)
@blueprint.problem(404, 409)
def add(body: dict[str, Any]) -> dict[str, Any]:
    """Make a key, and show it this once."""
    named.everywhere()
    kit, actor = access.kit(), access.principal().actor
    made, text = api_keys.add(kit, body["name"], body["role"], actor, site_name=body["site"], days=body["days"])
    [line] = words.facts(kit, [made])
    return {**line, "key": text}


@blueprint.route("/<int:number>", methods=["DELETE"])
@needs("admin")
@blueprint.response(204)
@blueprint.problem(404)
def remove(number: int) -> None:
    """Remove a key: whoever has it is let in no more."""
    found = next((each for each in _keys() if each.id == number), None)
    if found is None:
        raise NotFound(f"There is no key {number}.")
    api_keys.remove(access.kit(), found.name, access.principal().actor)


def _keys() -> list[ApiKey]:
    named.everywhere()
    with access.kit().database.reading() as tx:
        return rows.every(tx)
