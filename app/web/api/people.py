"""/api/v1/people: everything that is stored about a person, and erasing it; for administrators of every site."""

from __future__ import annotations

from typing import Any

from app.kit import Kit
from app.setup import disclosing, erasing, whom
from app.setup.stored import stored
from app.setup.whom import Person
from app.store.people import User
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import resource
from schemas.api.people import DisclosedSchema, EraseBody, ErasedSchema, PersonBody

blueprint = resource("people", "Persons: what is stored about one, and erasing it.")


@blueprint.route("/disclose", methods=["POST"])
@needs("admin")
@blueprint.arguments(PersonBody)
@blueprint.response(200, DisclosedSchema)
@blueprint.problem(404, 409)
def disclose(body: dict[str, Any]) -> dict[str, Any]:
    """Tell everything that is stored about a person, for the person. That it was asked for is written down."""
    kit = access.kit()
    return {"found": disclosing.disclose(kit, _person(kit, body), access.principal().actor)}


@blueprint.route("/erase", methods=["POST"])
@needs("admin")
@blueprint.arguments(EraseBody)
@blueprint.response(200, ErasedSchema)
@blueprint.problem(404, 409)
def erase(body: dict[str, Any]) -> dict[str, Any]:
    """Erase a person: names, e-mail addresses and grades go, numbers stay. Cannot be undone.

    While a run is at work that may know the person it is refused with the reason `run_at_work`: ask again then.
    """
    kit = access.kit()
    person = _person(kit, body)
    with kit.database.reading() as tx:
        found, called = stored(tx, person), whom.shown(tx, person)
    is_wanted = any(found.counts.values()) and not body["dry_run"]
    compacted = erasing.erase(kit, person, access.principal().actor, force=body["force"]) if is_wanted else None
    return {
        "who": called,
        "stored": found.counts,
        "present": sorted(found.present),
        "overtaken": found.waiting,
        "erased": is_wanted,
        "compacted": compacted,
    }


def _person(kit: Kit, body: dict[str, Any]) -> Person:
    named.everywhere()
    if "user" in body:
        user = User(named.site(body["user"]["site"]).id, body["user"]["userid"])
        with kit.database.reading() as tx:
            return whom.by_user(tx, [user])
    with kit.database.reading() as tx:
        return whom.by_address(tx, body["email"], everyone=body["all"])
