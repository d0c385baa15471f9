"""A small other side for trials of the queue: what each mapping should show, what it shows, and who wrote when.

Nothing of kuraCloud: a course is one number. GET /<mapping> gives what it should be, PUT /<mapping> writes it. A write
is overlapping when another one of its mapping is under way, late when a run with a higher fence has written before.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.server import Server

KEEP_ALIVE = 0.8
"""Shorter than `need` of the short times, as it has to be (queue.md 5)."""


@dataclass
class Ledger:
    """`before_write` is called (mapping id) before each write is carried out: it may sleep, and its result is answered.

    `orders` tells the small worker what to do for a mapping: tests.small_worker has the list.
    """

    wanted: Counter[int] = field(default_factory=Counter)
    shown: dict[int, int] = field(default_factory=dict)
    writes: list[tuple[int, int]] = field(default_factory=list)
    reads: Counter[int] = field(default_factory=Counter)
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    overlapping: int = 0
    late: int = 0
    before_write: Callable[[int], int] = lambda _mapping_id: 200

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: Counter[int] = Counter()
        self._highest: Counter[int] = Counter()

    def change(self, mapping_id: int) -> None:
        """Something happens in the course; the event about it comes after."""
        with self._lock:
            self.wanted[mapping_id] += 1

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        mapping_id = int(request.path[1:])
        answer = self._read(mapping_id) if request.method == "GET" else self._write(mapping_id, request.get_json())
        return answer(environ, start_response)

    def _read(self, mapping_id: int) -> Response:
        with self._lock:
            self.reads[mapping_id] += 1
            orders = self.orders.get(mapping_id, {})
            shown = {"version": self.wanted[mapping_id], **orders}
            if orders.pop("once", None):
                self.orders.pop(mapping_id)
        return _json(200, shown)

    def _write(self, mapping_id: int, body: Any) -> Response:
        with self._lock:
            self.overlapping += self._under_way[mapping_id] > 0
            self.late += body["fence"] < self._highest[mapping_id]
            self._highest[mapping_id] = max(self._highest[mapping_id], body["fence"])
            self._under_way[mapping_id] += 1
        status = self.before_write(mapping_id)
        with self._lock:
            self._under_way[mapping_id] -= 1
            if status == 200:
                self.shown[mapping_id] = body["version"]
                self.writes.append((mapping_id, body["fence"]))
        return _json(status, {})


def _json(status: int, body: Any) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")


def sometimes(refused: float, stuck: float, longest: float, seed: int) -> Callable[[int], int]:
    """Writes of which a share is refused (503) and a share is carried out after up to `longest` seconds."""
    chance = random.Random(seed)

    def before_write(_mapping_id: int) -> int:
        draw = chance.random()
        if draw < refused:
            return 503
        if draw < refused + stuck:
            time.sleep(chance.uniform(longest / 3, longest))
        return 200

    return before_write


@contextmanager
def serving(ledger: Ledger, keep_alive: float = KEEP_ALIVE) -> Iterator[str]:
    """The ledger's base URL."""
    with Server(ledger, keep_alive=keep_alive) as server:
        yield server.url
