"""/api/v1/tasks: previews and checks, asked for and fetched when they are done; and going on from a preview."""

from __future__ import annotations

from typing import Any

from flask import Response

from app.setup import tasks as verbs
from app.store import tasks as rows
from app.sync.going_on import go_on
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import after, invalid, located, page, resource
from app.words import tasks as words
from schemas.api.holds import DigestBody
from schemas.api.tasks import OF_ALL, GoneOnSchema, TaskBody, TaskPage, TaskQuery, TaskSchema, WholeTaskSchema

blueprint = resource("tasks", "Previews and checks: what takes its time and changes nothing.")


@blueprint.route("")
@needs("viewer")
@blueprint.arguments(TaskQuery, location="query")
@blueprint.response(200, TaskPage)
def every(query: dict[str, Any]) -> dict[str, Any]:
    """List tasks, the newest first, without their results."""
    with access.kit().database.reading() as tx:
        found = rows.search(
            tx,
            kind=query.get("kind"),
            mapping_id=query.get("mapping"),
            state=query.get("state"),
            site_id=access.principal().site_id,
            before_id=after(query.get("cursor")),
            limit=query["limit"] + 1,
        )
    return page(found, query["limit"], lambda task: task.id, words.line)


@blueprint.route("", methods=["POST"])
@needs("operator")
@blueprint.arguments(TaskBody)
@blueprint.response(202, TaskSchema)
@blueprint.problem(404)
def ask(body: dict[str, Any]) -> Response:
    """Ask for a preview or a check; the address in `Location` has its result when it is done.

    Asking again while it waits gives the same task.
    """
    kind, mapping_id = body["kind"], body.get("mapping")
    if (kind in OF_ALL) != (mapping_id is None):
        raise invalid("mapping", "is for everything" if kind in OF_ALL else "Missing data for required field.")
    if mapping_id is None:
        named.everywhere()
    else:
        named.mapping_of_site(mapping_id)
    whose = access.principal()
    number = verbs.ask(access.kit(), kind, mapping_id, whose.actor)
    return located(TaskSchema(), words.line(verbs.found(access.kit(), number, whose)), 202, f"tasks/{number}")


@blueprint.route("/<int:number>")
@needs("viewer")
@blueprint.response(200, WholeTaskSchema)
@blueprint.problem(404)
def one(number: int) -> dict[str, Any]:
    """Show a task with its result."""
    task = verbs.found(access.kit(), number, access.principal())
    return {**words.line(task), "result": task.result}


@blueprint.route("/<int:number>/continue", methods=["POST"])
@needs("operator")
@blueprint.arguments(DigestBody)
@blueprint.response(202, GoneOnSchema)
@blueprint.problem(404, 409)
def carry_on(body: dict[str, Any], number: int) -> Response:
    """Let a preview be carried out, as far as a fresh plan still contains it; what is new by then is held anew.

    What of it would wait is approved with it. A preview is used once: a second time is refused with the reason `used`.
    """
    whose = access.principal()
    task = verbs.found(access.kit(), number, whose)
    gone = go_on(access.kit(), task, body["digest"], whose.actor)
    said = {"mapping": gone.mapping_id, "kind": gone.kind, "generation": gone.generation, "hold": gone.hold_id}
    return located(GoneOnSchema(), said, 202, f"runs?mapping={gone.mapping_id}&kind={gone.kind}")
