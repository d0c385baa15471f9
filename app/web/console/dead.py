"""Dead letters: work that gave up after a day of failures, and how it is tried again."""

from __future__ import annotations

from flask import url_for
from werkzeug.wrappers import Response

from app.setup import deaths
from app.setup.deaths import Chosen
from app.store.worklist import KINDS
from app.web import access
from app.web.access import needs
from app.web.console import asked
from app.web.console.page import ask, back, plain, show
from app.web.console.queues import blueprint as blueprint
from app.words import deaths as words

_SHOWN = 100
_FILTERS = ("mapping", "site", "kind", "reason")


@blueprint.get("/dead")
@needs("viewer")
def dead() -> str:
    """What gave up, the longest failing first."""
    every = deaths.found(access.kit(), Chosen())
    found = [each for each in every if _chosen().fits(each)]
    lines = [{**words.line(each), "message": plain(each.message or "")} for each in found[:_SHOWN]]
    return show(
        "dead.html",
        lines=lines,
        more=len(found) - len(lines),
        given=asked.given(*_FILTERS),
        sites=sorted({(each.site, each.site) for each in every}),
        reasons=sorted({(each.reason, each.reason) for each in every if each.reason}),
    )


@blueprint.get("/dead/requeue")
@needs("operator")
def ask_requeue() -> str | Response:
    """Ask before trying again what fits."""
    number, given = len(deaths.found(access.kit(), _chosen())), asked.given(*_FILTERS)
    if not number:
        return back(".dead", "Nothing that gave up fits.")
    lines = [
        f"{_works(number)} tried again now, with {'its' if number == 1 else 'their'} failures forgotten.",
        "What still fails gives up again after a day.",
    ]
    return ask("Try this again?", lines, "Try again", url_for(".dead", **given), fields=given)


@blueprint.post("/dead/requeue")
@needs("operator")
def requeue() -> Response:
    """Try again what fits."""
    gone = deaths.requeue(access.kit(), _chosen(), access.principal().actor)
    return back(".dead", f"{_works(len(gone))} tried again.")


def _chosen() -> Chosen:
    number = asked.number("mapping")
    return Chosen(
        mapping_ids=None if number is None else frozenset({number}),
        site=asked.text("site"),
        kind=asked.one_of("kind", KINDS),
        reason=asked.text("reason"),
    )


def _works(number: int) -> str:
    return "1 piece of work is" if number == 1 else f"{number} pieces of work are"
