"""/api/v1/alerts: what somebody was or is to be told, and whether it would arrive; for keys of every site."""

from __future__ import annotations

from typing import Any

from app.store import alerts as rows
from app.sync import telling
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import after, page, resource
from app.words import alerts as words
from schemas.api.alerts import AlertPage, SentList
from schemas.api.paging import PageQuery

blueprint = resource("alerts", "What somebody should know, told by mail and by webhook.")


@blueprint.route("")
@needs("viewer")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, AlertPage)
def every(query: dict[str, Any]) -> dict[str, Any]:
    """List what happened, the newest first, and whether it was told."""
    named.everywhere()
    kit, limit = access.kit(), query["limit"]
    with kit.database.reading() as tx:
        found, now = rows.search(tx, before_id=after(query.get("cursor")), limit=limit + 1), kit.database.now(tx)
    return page(found, limit, lambda alert: alert.id, lambda alert: words.line(alert, now))


@blueprint.route("/test", methods=["POST"])
@needs("operator")
@blueprint.response(200, SentList)
@blueprint.problem(409)
def test() -> dict[str, Any]:
    """Send a trial message each way that is set up, now, and say how it went."""
    named.everywhere()
    return {"items": [words.sent(way, error) for way, error in telling.try_out(access.kit()).items()]}
