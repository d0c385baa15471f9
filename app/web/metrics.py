"""GET /metrics: what was counted on this machine, and how things stand in the database (docs/metrics.md)."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

import structlog
from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app import metrics
from app.kit import Kit
from app.store import gauges, reports, signs
from app.store.gauges import Gate
from app.web.problems import Refusal
from schemas.problem import Problem

_DAY = 86400.0
_KINDS = ("roster", "grades")
_GATES = ("open", "paused", "parked")
_TASKS = ("wanted", "running")

_log = structlog.get_logger()

Gauges = Iterator[GaugeMetricFamily]


def blueprint(kit: Kit) -> Blueprint:
    """/metrics; with a bearer token where the settings name one."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def told() -> Response:
        _let_in(kit.settings.metrics_token)
        return Response(generate_latest(_Told(kit)), content_type=CONTENT_TYPE_LATEST)

    return routes


def _let_in(token: str) -> None:
    given = request.headers.get("Authorization", "")
    if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        detail = "The metrics ask for the token in KURASYNC_METRICS_TOKEN, as `Authorization: Bearer ...`."
        raise Refusal(Problem(401, "unauthorized", detail), {"WWW-Authenticate": "Bearer"})


class _Told:
    """What one scrape collects, as prometheus_client asks for it."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def collect(self) -> Iterable[Metric]:
        """Counters first; where the database is away they are all there is."""
        return chain(metrics.collected(), standing(self._kit))


def standing(kit: Kit) -> Iterable[Metric]:
    """How things stand now."""
    began = time.monotonic()
    found: list[Metric] = []
    try:
        with kit.database.reading() as tx:
            now = kit.database.now(tx)
            found = [each for part in _PARTS for each in part(tx, now)]
    except SQLAlchemyError as error:
        _log.error("metrics_without_database", error=type(error).__name__)
    about = "1: the database answers; 0: only counters are told."
    up = GaugeMetricFamily("kurasync_database_up", about, float(bool(found)))
    about = "How long the database was asked for this."
    took = GaugeMetricFamily("kurasync_scrape_seconds", about, time.monotonic() - began)
    return [up, took, *found]


def _work(tx: Connection, now: float) -> Gauges:
    queue = reports.queue_overview(tx, now)
    yield GaugeMetricFamily(
        "kurasync_lateness_seconds", "For how long the oldest work that may start has been due.", queue.late
    )
    yield GaugeMetricFamily("kurasync_due_rows", "Rows of the worklist that are due, behind any gate.", queue.due)
    rows = _family("kurasync_worklist_rows", "Rows of the worklist.", "kind", "state")
    for (kind, state), count in sorted(queue.states.items()):
        rows.add_metric([kind, state], count)
    yield rows
    dead = _family("kurasync_dead_letters", "Work that was given up.", "kind")
    for kind in _KINDS:
        dead.add_metric([kind], queue.states.get((kind, "dead"), 0))
    yield dead
    failing = now - queue.oldest_failing if queue.oldest_failing is not None else 0.0
    yield GaugeMetricFamily("kurasync_failing_seconds", "For how long the work that fails longest has failed.", failing)


def _holds(tx: Connection, now: float) -> Gauges:
    waiting = {each.kind: each for each in gauges.open_holds(tx)}
    count = _family("kurasync_open_holds", "Holds that wait for a person.", "kind")
    age = _family("kurasync_hold_age_seconds", "For how long the oldest of them has waited; 0: there is none.", "kind")
    for kind in _KINDS:
        count.add_metric([kind], waiting[kind].count if kind in waiting else 0)
        age.add_metric([kind], now - waiting[kind].since if kind in waiting else 0)
    yield from (count, age)


def _connections(tx: Connection, now: float) -> Gauges:
    yield from _of_connections("site", "site", gauges.site_gates(tx, now))
    # Prometheus calls what it scrapes `instance`, and would rename a label of ours that is called so.
    yield from _of_connections("instance", "kura_instance", gauges.instance_gates(tx, now))


def _of_connections(noun: str, label: str, found: Iterable[Gate]) -> Gauges:
    about = f"1 for the state that the {noun} is in: open, paused, parked."
    state = _family(f"kurasync_{noun}_state", about, label, "state")
    about = f"When a run last ended well with this {noun}."
    success = _family(f"kurasync_{noun}_last_success_timestamp_seconds", about, label)
    for gate in found:
        for each in _GATES:
            state.add_metric([gate.name, each], float(gate.state == each))
        if gate.last_success_at is not None:
            success.add_metric([gate.name], gate.last_success_at)
    yield from (state, success)


def _heard(tx: Connection, now: float) -> Gauges:
    last = _family("kurasync_site_last_event_timestamp_seconds", "When the site last reported an event.", "site")
    waiting = _family("kurasync_outbox_events", "Events that wait in Moodle, as its plugin told last.", "site")
    given_up = _family("kurasync_outbox_given_up_events", "Events that Moodle could not deliver and set aside.", "site")
    age = _family("kurasync_outbox_age_seconds", "How old the oldest event is that waits in Moodle.", "site")
    for ear in gauges.ears(tx):
        if ear.last_event_at is not None:
            last.add_metric([ear.name], ear.last_event_at)
        if ear.waiting is not None:
            waiting.add_metric([ear.name], ear.waiting)
            given_up.add_metric([ear.name], ear.setaside or 0)
            age.add_metric([ear.name], now - ear.oldest_at if ear.waiting and ear.oldest_at is not None else 0)
    yield from (last, waiting, given_up, age)


def _others(tx: Connection, now: float) -> Gauges:
    drifted = gauges.drift(tx, now - _DAY)
    drift = _family("kurasync_drift_actions", "What had to be done in 24 hours that no event explains.", "kind")
    for kind in _KINDS:
        drift.add_metric([kind], drifted.get(kind, 0))
    yield drift
    unfinished = gauges.unfinished_tasks(tx)
    tasks = _family("kurasync_tasks", "Previews and checks that somebody waits for.", "state")
    for state in _TASKS:
        tasks.add_metric([state], unfinished.get(state, 0))
    yield tasks
    rows, oldest = gauges.unsealed(tx)
    yield GaugeMetricFamily("kurasync_audit_unsealed_rows", "Rows of the audit without a seal.", rows)
    age = 0.0 if oldest is None else now - oldest
    yield GaugeMetricFamily("kurasync_audit_unsealed_seconds", "How old the oldest of them is; 0: there is none.", age)
    clock = GaugeMetricFamily("kurasync_clock_beat_timestamp_seconds", "When a clock last put due work on the queue.")
    beat = signs.last(tx, signs.CLOCK)
    if beat is not None:
        clock.add_metric([], beat)
    yield clock


_PARTS: tuple[Callable[[Connection, float], Gauges], ...] = (_work, _holds, _connections, _heard, _others)


def _family(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, labels=labels)
