"""POST /events/<site>: authenticate, limit, validate; 200 only after the commit (design.md 2, docs/events.md)."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from flask import Blueprint, Response, jsonify, request

from app import metrics
from app.kit import Kit
from app.store.sites import Site
from app.sync import triggers
from app.sync.intake import Accepted, Parcel
from app.sync.together import Intake
from app.web import bodies, ways
from app.web.origin import Sites, Way, check_origin, invalid
from app.web.problems import Refusal
from schemas import events
from schemas.events import Delivery, DeliveryRefused, MoodleEvent, TooManyEvents
from schemas.problem import FieldError, Problem

Dispatch = Callable[[], object]

_EVENTS_NAMED = 5

_log = structlog.get_logger()


class Receiver:
    """The three ways to deliver events; `dispatch` is called after a commit that made something due at once."""

    def __init__(self, kit: Kit, dispatch: Dispatch | None) -> None:
        self._kit = kit
        self._dispatch = dispatch
        self._sites = Sites(kit)
        self._intake = Intake(kit)

    def blueprint(self) -> Blueprint:
        """Its routes."""
        routes = Blueprint("events", __name__, url_prefix="/events")
        routes.post("/<name>")(self.signed)
        routes.post("/<name>/local_webhooks")(self.local_webhooks)
        routes.post("/<name>/tool_trigger")(self.tool_trigger)
        routes.after_request(_count)
        return routes

    def signed(self, name: str) -> Response:
        """Standard Webhooks: one or many events."""
        proven = self._sites.signed(name)
        return self._take(proven.site, "signed", proven.webhook_id, self._delivery(proven.document))

    def local_webhooks(self, name: str) -> Response:
        """The plugin local_webhooks: JSON under any label."""
        site, secrets = self._sites.named(name, "local_webhooks")
        document = bodies.from_json(bodies.read(request), depth=self._kit.settings.max_depth)
        ways.check_token(secrets, document)
        return self._take(site, "local_webhooks", None, events.hooked(document))

    def tool_trigger(self, name: str) -> Response:
        """The plugin tool_trigger: JSON under any label or none, or a form."""
        site, secrets = self._sites.named(name, "tool_trigger")
        ways.check_bearer(secrets, request.headers.get("Authorization", ""))
        body = bodies.read(request)
        is_json = body.lstrip()[:1] in (b"{", b"[")
        document = bodies.from_json(body, depth=self._kit.settings.max_depth) if is_json else bodies.from_form(body)
        return self._take(site, "tool_trigger", None, events.triggered(document))

    def _delivery(self, document: object) -> Delivery:
        most = self._kit.settings.max_events
        try:
            return events.signed(document, most=most)
        except TooManyEvents:
            detail = f"A delivery may hold {most} events at most: send several."
            raise Refusal(Problem(413, "too_many_events", detail)) from None
        except DeliveryRefused as refused:
            raise invalid(refused.errors) from None

    def _take(self, site: Site, way: Way, webhook_id: str | None, delivery: Delivery) -> Response:
        check_origin(site, delivery.origin)
        good, rejected = _sorted_out(delivery, way)
        if rejected and not good:
            _note(site, Accepted(0, 0, 0, urgent=False), len(rejected))
            raise invalid(rejected)
        accepted = self._intake.accept(Parcel(site, way, webhook_id, good))
        _note(site, accepted, len(rejected))
        response = _answer(accepted, rejected)
        if accepted.urgent and self._dispatch:
            # After the answer: Moodle waits for this one, and Redis may be slow.
            response.call_on_close(self._dispatch_now)
        return response

    def _dispatch_now(self) -> None:
        try:
            if self._dispatch:
                self._dispatch()
        except Exception:  # the clock dispatches anyway (queue.md 1, D4)
            _log.warning("dispatch_left_to_the_clock", exc_info=True)


def _count(response: Response) -> Response:
    metrics.delivery_answered(response.status_code)
    return response


def _note(site: Site, taken: Accepted, rejected: int) -> None:
    """Count the events of a delivery, and say which they are: the runs that they lead to name them again."""
    heard = taken.accepted - taken.ignored
    metrics.events_taken(
        site.name, accepted=heard, ignored=taken.ignored, duplicates=taken.duplicates, rejected=rejected
    )
    _log.debug(
        "events_taken",
        site=site.name,
        event_ids=taken.ids[:_EVENTS_NAMED],
        accepted=taken.accepted,
        ignored=taken.ignored,
        duplicates=taken.duplicates,
        rejected=rejected,
    )


def _sorted_out(delivery: Delivery, way: Way) -> tuple[list[MoodleEvent], list[FieldError]]:
    """The events that say whom they concern, and what is wrong with the others."""
    good, rejected = [], list(delivery.rejected)
    for index, event in delivery.events:
        missing = triggers.lacking(event)
        if missing is None:
            good.append(event)
        else:
            path = f"data.events[{index}].{missing}" if way == "signed" else missing
            rejected.append(FieldError(index, path, "is needed to tell whom this event concerns"))
    return good, sorted(rejected, key=lambda error: error.index or 0)


def _answer(accepted: Accepted, rejected: list[FieldError]) -> Response:
    return jsonify(
        accepted=accepted.accepted, duplicates=accepted.duplicates, ignored=accepted.ignored, rejected=rejected
    )
