"""/api/v1/audit: who wrote what, where, and how it ended. Personal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response

from app.setup import auditing
from app.store import audit as rows
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import after, page, resource
from app.words import audit as words
from schemas.api.audit import AuditQuery, EntryPage, ExportQuery

blueprint = resource("audit", "Who wrote what, and how it ended.")

_TYPES = {"jsonl": "application/jsonl; charset=utf-8", "csv": "text/csv; charset=utf-8"}


@blueprint.route("")
@needs("viewer")
@blueprint.arguments(AuditQuery, location="query")
@blueprint.response(200, EntryPage)
def every(query: dict[str, Any]) -> dict[str, Any]:
    """List rows, the newest first; a key for one site sees those of its mappings."""
    limit = query["limit"]
    with access.kit().database.reading() as tx:
        found = rows.search(
            tx,
            mapping_id=query.get("mapping"),
            run_id=query.get("run"),
            site_id=access.principal().site_id,
            actor=query.get("actor"),
            system=query.get("system"),
            operation=query.get("operation"),
            since=_epoch(query.get("since")),
            until=_epoch(query.get("until")),
            before_id=after(query.get("cursor")),
            limit=limit + 1,
        )
    return page(found, limit, lambda entry: entry.id, words.line)


@blueprint.route("/export")
@needs("viewer")
@blueprint.arguments(ExportQuery, location="query")
@blueprint.file("application/jsonl", "text/csv")
@blueprint.problem(404)
def export(query: dict[str, Any]) -> Response:
    """Write the audit, the oldest row first: `kurasync audit verify --offline` proves it. One mapping's proves less.

    A key for one site has to name a mapping.
    """
    mapping_id = query.get("mapping")
    if mapping_id is None:
        named.everywhere()
    else:
        named.mapping_of_site(mapping_id)
    found = auditing.exported(access.kit(), mapping_id, _epoch(query.get("since")))
    lines = (line.encode("utf-8", "replace") for line in words.lines(found, query["format"]))
    name = f'attachment; filename="kurasync-audit.{query["format"]}"'
    return Response(lines, content_type=_TYPES[query["format"]], headers={"Content-Disposition": name})


def _epoch(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
