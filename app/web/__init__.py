"""The web server: the receiver of events and the health checks."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from app.kit import Kit
from app.web import health, problems
from app.web.receiver import Receiver


def create_app(kit: Kit, *, dispatch: Callable[[], object] | None = None) -> Flask:
    """The application. `dispatch` puts what is due on the queue; without one, that is left to the clock."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = kit.settings.max_body
    # A doubled slash is a wrong address: no sender follows a redirect.
    app.url_map.merge_slashes = False
    problems.register(app)
    app.register_blueprint(health.blueprint(kit))
    app.register_blueprint(Receiver(kit, dispatch).blueprint())
    return app
