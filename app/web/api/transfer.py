"""/api/v1/mappings/export and import: many mappings at once."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from app.errors import Refused
from app.setup import import_preview, importing, mapping_file
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import resource
from app.words import importing as words
from schemas.api.transfer import ChangeList, FileQuery, ImportBody

blueprint = resource("transfer", "Many mappings at once.", at="mappings")

MOST = 200
"""So many lines may be carried out at once: each asks both sides, and a request cannot go on for hours."""


@blueprint.route("/export")
@needs("viewer")
@blueprint.arguments(FileQuery, location="query")
@blueprint.file("text/csv", "application/json")
def export(query: dict[str, Any]) -> Response:
    """Write all mappings, with all their rules: an import reads it. In CSV no cell is a formula to a spreadsheet."""
    named.everywhere()
    found = mapping_file.exported(access.kit())
    if query["format"] == "json":
        return Response(json.dumps(found, ensure_ascii=False, indent=2), content_type="application/json")
    return Response("".join(mapping_file.as_csv(found)), content_type="text/csv; charset=utf-8")


@blueprint.route("/import", methods=["POST"])
@needs("admin")
@blueprint.arguments(ImportBody)
@blueprint.response(200, ChangeList)
@blueprint.problem(409)
def take_in(body: dict[str, Any]) -> dict[str, Any]:
    """Add mappings and change their rules from a file. What is wrong with a line stops no other."""
    named.everywhere()
    kit, shared = access.kit(), body["shared"]
    changes = import_preview.preview(kit, mapping_file.numbered(body["file"].removeprefix("\ufeff")), shared=shared)
    ahead = [each for each in changes if each.what in ("add", "change")]
    done: dict[int, str] = {}
    if not body["dry_run"]:
        _refuse_many(len(ahead))
        carried = importing.carry_out(kit, ahead, access.principal().actor, shared=shared)
        done = {change.line: failed for change, failed in carried}
    return {"items": [words.line(each, done.get(each.line)) for each in changes]}


def _refuse_many(lines: int) -> None:
    if lines > MOST:
        raise Refused(
            f"The file would change {lines} mappings, and {MOST} are changed at once: divide it, or import it with "
            "`kurasync mapping import`.",
            reason="too_many",
        )
