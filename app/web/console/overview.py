"""The first page: what needs somebody, with the way to the cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask import url_for

from app.kit import Kit
from app.store import instances, mappings, overview, reports, sites
from app.store.overview import HOUR, Hour
from app.store.reports import QueueOverview
from app.web import access
from app.web.access import needs
from app.web.console.charts import Chart, Series
from app.web.console.page import section, show
from app.words import instances as instance_words
from app.words import sites as site_words
from app.words.moments import moment
from app.words.spans import span

blueprint = section("overview")

_HOURS = 24
_TRIED_AGAIN = ("retry", "lost", "reaped")
_GIVEN_UP = ("dead", "parked")


@dataclass(frozen=True, slots=True)
class Tile:
    """A number, and the way to its cause; `tone` "" where all is well."""

    title: str
    number: str | int
    address: str
    tone: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    now: float
    queue: QueueOverview
    late: int
    held: int
    held_since: float | None
    hours: Sequence[Hour]
    sites: Sequence[Mapping[str, object]]
    instances: Sequence[Mapping[str, object]]
    silent: int

    def work(self, state: str) -> int:
        """How much work is in this state, of students and of grades."""
        return sum(rows for (_, each), rows in self.queue.states.items() if each == state)

    def mappings(self, state: str) -> int:
        """How many mappings are, whose work of both kinds comes into this state together."""
        return max((rows for (_, each), rows in self.queue.states.items() if each == state), default=0)


@blueprint.get("/", endpoint="overview")
@needs("viewer")
def overview_page() -> str:
    """How everything is."""
    known = _known(access.kit())
    tiles = list(_tiles(known))
    return show(
        "overview.html",
        tiles=tiles,
        calm=not any(each.tone for each in tiles),
        charts=list(_charts(known.hours)),
        sites=known.sites,
        instances=known.instances,
        mapped=any(each["mappings"] for each in known.sites),
    )


def _known(kit: Kit) -> _Known:
    settings = kit.settings
    with kit.database.reading() as tx:
        now = kit.database.now(tx)
        heard = overview.last_events(tx)
        of_sites, of_instances = mappings.per_connection(tx, "site"), mappings.per_connection(tx, "instance")
        silent_before = now - settings.silent_hours * HOUR if settings.silent_hours else 0.0
        return _Known(
            now,
            reports.queue_overview(tx, now),
            overview.late(tx, now, settings.late_after),
            *overview.open_holds(tx),
            overview.hours(tx, now - _HOURS * HOUR, _HOURS),
            [
                {
                    **site_words.line(each, of_sites.get(each.id, 0)),
                    "last_event_at": moment(heard[each.id]),
                    "silent": (heard[each.id] or now) < silent_before,
                }
                for each in sites.every(tx)
            ],
            [instance_words.line(each, of_instances.get(each.id, 0)) for each in instances.every(tx)],
            sum((at or now) < silent_before for at in heard.values()),
        )


def _tiles(known: _Known) -> Iterator[Tile]:
    held = f"the oldest for {span(known.now - known.held_since)}" if known.held_since else "nothing waits for a person"
    yield Tile("Held", known.held, url_for("console_holds.holds"), "warn" if known.held else "", held)
    late = f"the oldest by {span(known.queue.late)}" if known.late else f"{known.queue.due} due now"
    yield Tile("Late", known.late, url_for("console_queues.queues"), "bad" if known.late else "", late)
    dead = known.work("dead")
    yield Tile("Given up", dead, url_for("console_queues.dead"), "bad" if dead else "", "after many failures")
    parked = known.mappings("parked")
    yield Tile("Parked", parked, _mappings("parked"), "bad" if parked else "", "waits for what is broken")
    paused = known.mappings("paused")
    yield Tile("Paused", paused, _mappings("paused"), "warn" if paused else "", "by somebody")
    broken = sum(each["state"] != "open" for each in (*known.sites, *known.instances))
    where, works = url_for("console_connections.connections"), "all of them work"
    yield Tile("Broken connections", broken, where, "bad" if broken else "", "" if broken else works)
    silent = "nothing heard for long" if known.silent else "every site is heard of"
    yield Tile("Silent sites", known.silent, where, "warn" if known.silent else "", silent)
    drift = sum(each.drift for each in known.hours)
    yield Tile(
        "Drift", drift, url_for("console_runs.runs"), "warn" if drift else "", "changes no event explains, in 24 hours"
    )


def _mappings(state: str) -> str:
    return url_for("console_mappings.mappings", state=state)


def _charts(hours: Sequence[Hour]) -> Iterator[Chart]:
    labels = [f"{_HOURS - at} h ago" for at in range(_HOURS - 1)] + ["last hour"]
    received = [float(each.events) for each in hours]
    yield Chart(
        "Events received per hour",
        f"{sum(received):g} in 24 hours, {max(received):g} in the busiest one",
        labels,
        [Series("events", received)],
        address=url_for("console_events.events"),
    )
    half, most = [each.half for each in hours], [each.most for each in hours]
    known = [each for each in most if each is not None]
    yield Chart(
        "Seconds from event to kuraCloud",
        f"95 of 100 runs were done within {span(max(known))} in the slowest hour" if known else "no run was done",
        labels,
        [Series("half of the runs within", half), Series("95 of 100 within", most, "second")],
        form="lines",
        unit="s",
        address=url_for("console_runs.runs", kind="roster", outcome="done"),
    )
    failed = [[float(_of(each, outcomes)) for each in hours] for outcomes in (("done",), _TRIED_AGAIN, _GIVEN_UP)]
    yield Chart(
        "Runs per hour",
        f"{sum(failed[0]):g} done, {sum(failed[1]):g} failed and tried again, {sum(failed[2]):g} given up or parked",
        labels,
        [
            Series("done", failed[0], "good"),
            Series("failed, tried again", failed[1], "warn"),
            Series("given up or parked", failed[2], "bad"),
        ],
        address=url_for("console_runs.runs", outcome="retry"),
    )
    drift = [float(each.drift) for each in hours]
    yield Chart(
        "Drift per hour",
        f"{sum(drift):g} changes in 24 hours that no event explains",
        labels,
        [Series("changes", drift, "warn")],
        address=url_for("console_runs.runs"),
    )


def _of(hour: Hour, outcomes: Sequence[str]) -> int:
    return sum(hour.outcomes.get(each, 0) for each in outcomes)
