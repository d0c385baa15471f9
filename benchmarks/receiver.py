"""How many events the receiver takes, fsynced, against a Flask application that does nothing on the same server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from standardwebhooks import Webhook

from app import kit, settings
from app.setup import database
from app.store import instances, mappings, sites
from benchmarks import load
from benchmarks.figure import Figure

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ROUNDS = 3
SINGLES, BATCHES, A_BATCH = 3000, 40, 100
WWWROOT = "https://moodle.example.edu"


def nothing() -> Flask:
    """The floor: a route that answers, and no more."""
    app = Flask("nothing")
    app.post("/events/uni")(lambda: "ok")
    return app


def figures() -> list[Figure]:
    """Single events and batches of 100, each the median of several rounds taken by turns with the floor's."""
    with tempfile.TemporaryDirectory(prefix="kurasync-bench-") as home, _server("benchmarks.receiver:nothing()") as floor:
        _prepare(Path(home))
        with _server("app.web.server:application()", home) as port:
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
    singles = [_signed(1) for _ in range(SINGLES)]
    return load.rate(floor, singles), load.rate(port, singles), load.rate(port, [_signed(A_BATCH) for _ in range(BATCHES)])


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
def _server(application: str, home: str = "") -> Iterator[int]:
    """gunicorn as `kurasync up` runs it; the port it listens on."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.set_inheritable(True)
    command = [sys.executable, "-m", "gunicorn", "--config", "python:app.web.server"]
    command += ["--bind", f"fd://{listener.fileno()}", "--workers", "1", "--threads", "8", application]
    environ = {**os.environ, **({"KURASYNC_HOME": home} if home else {})}
    process = subprocess.Popen(command, env=environ, pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL)
    port = int(listener.getsockname()[1])
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(20)
        listener.close()


def _wait(port: int) -> None:
    """Until a worker accepts: the listener alone only queues."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.settimeout(5)
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            if connection.recv(16).startswith(b"HTTP/1."):
                return
    raise TimeoutError("The web server did not start.")
