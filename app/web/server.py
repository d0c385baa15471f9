"""The web server's process: gunicorn's configuration, and the application it serves (`application`)."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app import kit, log, queues, settings
from app.children import tether
from app.sync.dispatch import Dispatcher
from app.web import create_app

worker_class = "gthread"
control_socket_disable = True
accesslog = None
loglevel = "warning"
graceful_timeout = 5


def post_fork(server: Any, _worker: Any) -> None:
    """gunicorn's hook: the serving process ends with its master, even when that is killed."""
    tether(server.pid)


def application() -> Flask:
    """The application for the settings of the environment; without a Redis the clock alone dispatches."""
    given = settings.load()
    log.configure(given)
    box = kit.make(given)
    if not given.redis_url:
        return create_app(box)
    return create_app(box, dispatch=Dispatcher(box, queues.connect(given)).dispatch)
