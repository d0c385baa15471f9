"""What somebody was or is to be told, and whether it would arrive."""

from __future__ import annotations

from typing import Any

from flask import flash, url_for
from werkzeug.wrappers import Response

from app.store import alerts as rows
from app.store.alerts import KINDS, Alert
from app.sync import telling
from app.web import access
from app.web.access import needs
from app.web.console import asked
from app.web.console.page import back, plain, show
from app.web.console.paged import LIMIT, page
from app.web.console.queues import blueprint as blueprint
from app.words import alerts as words


@blueprint.get("/alerts")
@needs("viewer")
def alerts() -> str:
    """What happened, the newest first, and whether it was told."""
    kit = access.kit()
    with kit.database.reading() as tx:
        found = rows.search(tx, kind=asked.one_of("kind", KINDS), before_id=asked.number("before"), limit=LIMIT + 1)
        now = kit.database.now(tx)
    shown, following = page(found, lambda alert: alert.id)
    return show(
        "alerts.html",
        lines=[_line(each, now) for each in shown],
        following=following,
        kinds=[(each, each) for each in KINDS],
        channels=telling.channels(kit.settings),
    )


@blueprint.post("/alerts/test")
@needs("operator")
def test() -> Response:
    """Send a trial message each way that is set up, and say how it went."""
    for way, error in telling.try_out(access.kit()).items():
        if error is not None:
            flash(f"{way}: {plain(error.message)}", "failed")
        else:
            flash(f"{way}: a trial was taken. See that it arrives.", "done")
    return back(".alerts")


def _line(alert: Alert, now: float) -> dict[str, Any]:
    return {**words.line(alert, now), "said": plain(alert.message), "where": _where(alert.topic)}


def _where(topic: str) -> str:
    """The page of what an alert is about: mapping:5:roster, or site:3."""
    noun, number, *_ = topic.split(":")
    if noun == "mapping":
        return url_for("console_mappings.mapping", number=int(number))
    return url_for("console_connections.connections")
