"""The web server: the receiver of events, pages of courses, the JSON API, the console, metrics and health checks."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from app.kit import Kit
from app.web import access, api, console, headers, health, metrics, problems, request_id
from app.web.access import Desk
from app.web.course import CourseDoor
from app.web.receiver import Receiver


def create_app(kit: Kit, *, dispatch: Callable[[], object] | None = None) -> Flask:
    """The application. `dispatch` puts what is due on the queue; without one, that is left to the clock."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = kit.settings.max_body
    # A doubled slash is a wrong address: no sender follows a redirect.
    app.url_map.merge_slashes = False
    request_id.register(app)
    access.install(app, Desk(kit, dispatch))
    headers.register(app)
    problems.register(app)
    api.register(app)
    console.register(app, kit)
    app.register_blueprint(health.blueprint(kit))
    app.register_blueprint(metrics.blueprint(kit))
    app.register_blueprint(Receiver(kit, dispatch).blueprint())
    app.register_blueprint(CourseDoor(kit).blueprint())
    return app
