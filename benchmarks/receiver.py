"""How many events the receiver takes, fsynced, against a Flask application that does nothing on the same server."""

from __future__ import annotations

import json
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from flask import Flask
from standardwebhooks import Webhook

from app import kit, settings
from app.children import Child
from app.forks import copy
from app.setup import database
from app.store import instances, mappings, sites
from app.web.server import application, serve
from benchmarks import load
from benchmarks.figure import Figure

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ROUNDS = 3
SINGLES, BATCHES, A_BATCH = 3000, 100, 100
THREADS = settings.Settings().web_threads
STARTS_WITHIN, STOPS_WITHIN = 20.0, 20.0
WWWROOT = "https://moodle.example.edu"


def nothing() -> Flask:
    """The floor: a route that answers, and no more."""
    app = Flask("nothing")
    app.post("/events/uni")(lambda: "ok")
    return app


def figures() -> list[Figure]:
    """Single events and batches of 100, each the median of several rounds taken by turns with the floor's."""
    with tempfile.TemporaryDirectory(prefix="kurasync-bench-") as home, _server(nothing) as floor:
        _prepare(Path(home))
        with _server(application, KURASYNC_HOME=home) as port:
            rounds = [_round(floor, port) for _ in range(ROUNDS)]
    bare, singles, batches = (sorted(values)[ROUNDS // 2] for values in zip(*rounds, strict=True))
    return [
        Figure(
            "signed single events / Flask doing nothing",
            singles / bare,
            0.15,
            "x",
            least=True,
            note=f"{singles:.0f}/s against {bare:.0f}/s",
        ),
        Figure(
            "events in batches of 100 / single events",
            batches * A_BATCH / singles,
            5,
            "x",
            least=True,
            note=f"{batches * A_BATCH:.0f} events/s",
        ),
    ]


def _round(floor: int, port: int) -> tuple[float, float, float]:
    singles, batches = [_signed(1) for _ in range(SINGLES)], [_signed(A_BATCH) for _ in range(BATCHES)]
    return load.rate(floor, singles), load.rate(port, singles), load.rate(port, batches)


def _signed(number: int) -> bytes:
    now = datetime.now(UTC)
    events = [
        {
            "id": os.urandom(16).hex(),
            "eventname": r"\core\event\user_enrolment_created",
            "objectid": 6035,
            "courseid": "8",
            "relateduserid": "5036",
            "contextlevel": 50,
            "contextinstanceid": "8",
            "timecreated": int(now.timestamp()),
            "other": {"enrol": "manual"},
        }
        for _ in range(number)
    ]
    data = {"type": "moodle.events", "timestamp": now.isoformat(), "data": {"wwwroot": WWWROOT, "events": events}}
    body = json.dumps(data)
    delivery = f"msg_{os.urandom(12).hex()}"
    headers = {
        "Content-Type": "application/json",
        "webhook-id": delivery,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(delivery, now, body),
    }
    return load.post("/events/uni", body.encode(), headers)


def _prepare(home: Path) -> None:
    given = settings.load({}, home=home)
    database.prepare(given)
    box = kit.make(given)
    with box.database.transaction() as tx:
        now = box.database.now(tx)
        token = box.vault.encrypt("token")
        site = sites.add(tx, now, name="uni", url=WWWROOT, wwwroot=WWWROOT, identity=None, token=token, ways=["signed"])
        sites.add_secret(tx, now, site, box.vault.encrypt(SECRET))
        instance = instances.add(
            tx, now, name="kura", url="https://kura.example.edu", token=token, remote_id="1", display_name="Kura"
        )
        mappings.add(
            tx,
            now,
            site_id=site,
            courseid=8,
            course_name="Physiology",
            instance_id=instance,
            kura_courseid=101,
            kura_course_name="Physiology",
            settings={},
            reconcile_at=now + 21600,
        )
    box.close()


@contextmanager
def _server(make: Callable[[], Flask], **environ: str) -> Iterator[int]:
    """gunicorn as `kurasync up` runs it; the port it listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = partial(serve, make, listener.fileno(), processes=1, threads=THREADS)
        child = Child("web", copy(serving, environ=environ, descriptors=[listener.fileno()]))
        child.start()
        port = int(listener.getsockname()[1])
        try:
            _wait(port)
            yield port
        finally:
            child.send(signal.SIGTERM)
            child.wait(STOPS_WITHIN)
            child.kill()


def _wait(port: int) -> None:
    """Until it answers: the listener alone only queues."""
    with socket.create_connection(("127.0.0.1", port), STARTS_WITHIN) as connection:
        connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert connection.recv(16).startswith(b"HTTP/1.")
