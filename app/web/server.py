"""The web server's process: gunicorn, and the application it serves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from app import kit, log, metrics, queues, settings
from app.children import show_as, tether
from app.settings import Settings
from app.store.db import Database
from app.sync.dispatch import Dispatcher
from app.web import create_app

_PROCESSES_ON_POSTGRES = 2


def main(descriptor: int, database: Database | None = None) -> None:
    """Serve on a socket that listens, until SIGTERM or SIGINT; `database` as in app.kit.make."""
    show_as("kurasync-web")
    given = settings.load()
    serve(partial(application, database), descriptor, processes=processes(given), threads=given.web_threads)


def processes(given: Settings) -> int:
    """How many processes serve. SQLite wants one writer; a second brings it nothing but a long tail (floors.md)."""
    return 1 if given.database.startswith("sqlite") else _PROCESSES_ON_POSTGRES


def serve(make: Callable[[], Flask], descriptor: int, *, processes: int, threads: int) -> None:
    """Run gunicorn; each of its processes calls `make` for an application of its own."""
    _Server(make, descriptor, processes, threads).run()


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured here alone: by no file and no command line."""

    def __init__(self, make: Callable[[], Flask], descriptor: int, processes: int, threads: int) -> None:
        self._make = make
        self._options = {
            "bind": f"fd://{descriptor}",
            "workers": processes,
            "threads": threads,
            "worker_class": "gthread",
            "control_socket_disable": True,
            "accesslog": None,
            "loglevel": "warning",
            "graceful_timeout": 5,
            "post_fork": _tether_to,
        }
        super().__init__()

    def load_config(self) -> None:
        """gunicorn asks for its options."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """gunicorn asks for the application, in the process that will serve it."""
        return self._make()


def _tether_to(server: Any, _worker: Any) -> None:
    """The serving process ends with its master, even when that is killed."""
    tether(server.pid)


def application(database: Database | None = None) -> Flask:
    """The application for the settings of the environment; without a Redis the clock alone dispatches."""
    given = settings.load()
    log.configure(given)
    metrics.keep(given)
    box = kit.make(given, database=database)
    if not given.redis_url:
        return create_app(box)
    return create_app(box, dispatch=Dispatcher(box, queues.connect(given)).dispatch)
