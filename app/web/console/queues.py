"""Queues and workers: what SQL says is late first, then what Redis carries and who works."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.errors import Refused, SettingsError, TransientError
from app.setup import carrier
from app.store import instances, reports, sites, waiting
from app.store.instances import Instance
from app.store.sites import Site
from app.store.waiting import CONCERNS
from app.store.worklist import KINDS, Target
from app.web import access
from app.web.access import needs
from app.web.console import asked
from app.web.console.page import plain, section, show
from app.web.console.paged import LIMIT, page
from app.words import queues as words
from app.words.moments import moment

blueprint = section("queues")

_LATEST = 10


@blueprint.get("/queues")
@needs("viewer")
def queues() -> str:
    """How late work is, the rows of the worklist that concern somebody, and Redis."""
    kit = access.kit()
    concern = asked.one_of("state", CONCERNS)
    with kit.database.reading() as tx:
        now = kit.database.now(tx)
        overview = reports.queue_overview(tx, now)
        late = waiting.latest(tx, now, _LATEST) if overview.late and concern is None else []
        found = waiting.concerning(tx, now, concern, after=_after(), limit=LIMIT + 1)
        connections = [*_waiting(sites.every(tx), "site", now), *_waiting(instances.every(tx), "instance", now)]
    shown, following = page(found, lambda each: f"{each.row.mapping_id}-{each.row.kind}")
    return show(
        "queues.html",
        overview=overview,
        states=_by_state(overview.states),
        is_late=overview.late > kit.settings.late_after,
        late=[words.placed(each, now) for each in late],
        lines=[words.placed(each, now) for each in shown],
        following=following,
        concern=concern,
        connections=connections,
        redis=_in_redis(),
    )


def _waiting(every: Sequence[Site | Instance], noun: str, now: float) -> Iterator[dict[str, object]]:
    """Connections that are parked, or that are left alone for a while after failures."""
    for each in every:
        if each.gate != "open" or each.paused_until > now:
            is_parked = each.gate != "open"
            yield {
                "what": noun,
                "name": each.name,
                "state": "parked" if is_parked else "paused",
                "reason": each.gate_reason,
                "until": None if is_parked else moment(each.paused_until),
            }


def _in_redis() -> dict[str, object]:
    try:
        found = carrier.overview(access.kit().settings)
    except TransientError as error:
        return {"trouble": plain(error.message)}
    except SettingsError as error:
        return {"trouble": error.message}
    workers = [words.worker(each) for each in found.workers]
    return {"loads": [words.load(each) for each in found.loads], "workers": workers}


def _by_state(states: dict[tuple[str, str], int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, state), rows in states.items():
        found[state] = found.get(state, 0) + rows
    return found


def _after() -> Target | None:
    given = asked.text("after")
    if given is None:
        return None
    number, _, kind = given.partition("-")
    if not number.isdecimal() or len(number) > 9 or kind not in KINDS:
        raise Refused("This page of the list is none: begin with the first one.")
    return int(number), kind
