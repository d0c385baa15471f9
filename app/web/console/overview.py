"""The first page: what needs somebody, with the way to the cause."""

from __future__ import annotations

from app.store import reports
from app.web import access
from app.web.access import needs
from app.web.console.page import section, show

blueprint = section("overview")


@blueprint.get("/")
@needs("viewer")
def overview() -> str:
    """How everything is."""
    database = access.kit().database
    with database.reading() as tx:
        queue = reports.queue_overview(tx, database.now(tx))
    return show("overview.html", queue=queue)
