"""Every page of the console, every GET of the API and the door of courses, at the server of benchmarks.years."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.routing import Rule

from app.kit import Kit
from app.setup import accounts, api_keys
from app.web import create_app
from benchmarks.figure import Figure
from benchmarks.years import BUSY, EVENTS, RUNS, SECRET, years
from sandbox.moodle.course_client import CourseClient

LIMIT, QUERIES = 100.0, 30.0  # ms, statements
ROUNDS = 20
_PASSWORD = "a password of the benchmark"

OUTSIDE = {
    "console_connections.courses", "console_connections.instance", "api_instances.courses", "api_mappings.unmapped",
    "console_mappings.new", "console_mappings.repoint", "api_exempting.left",
}  # fmt: skip
"""What asks Moodle or kuraCloud: that takes as long as they take."""

FILES = {"api_audit.export", "console_audit.export", "api_transfer.export", "console_mappings.export"}
"""Everything there is, as a stream."""

NOT_PAGES = {"static", "console.static", "api.static"}

_LISTED = {
    "/mappings": ("?search=Physiology+99", "?state=parked", "?state=held", "?site=uni1", "?after=5000"),
    "/api/v1/mappings": ("?search=Physiology+99", "?state=held"),
    "/events": (f"?before={EVENTS // 2}", "?site=uni1", "?course=500", "?user=77", "?wanted=yes"),
    "/runs": (f"?before={RUNS // 2}", f"?mapping={BUSY}", "?outcome=dead", "?kind=grades"),
    "/audit": ("?before=500000", f"?mapping={BUSY}", "?actor=user:anna", "?operation=edit", "?system=kuracloud"),
    "/api/v1/audit": (f"?mapping={BUSY}", "?actor=user:anna", "?operation=edit"),
    "/api/v1/runs": (f"?mapping={BUSY}", "?outcome=dead"),
}
"""Lists as people narrow them."""

_NUMBERS = {"event": 777_777, "run": RUNS - 4, "hold": 1, "audit": 777_777, "task": 7}
_NAMES = {"users": "anna", "keys": "bench", "instances": "kura1"}


@dataclass(frozen=True, slots=True)
class Timed:
    """A page, its 95th percentile in ms, how many statements it asks, and its status."""

    door: str
    path: str
    p95: float
    queries: int
    status: int

    def line(self) -> str:
        """For people who look for the slow one."""
        return f"{self.door:<8} {self.p95:8.1f} ms {self.queries:4} queries  {self.status}  {self.path}"


def figures() -> list[Figure]:
    """The slowest page of each door, and the one that asks most."""
    with years() as kit:
        timed = list(measured(kit))
    slowest = [max((each for each in timed if each.door == door), key=lambda each: each.p95) for door in _doors(timed)]
    chattiest = max(timed, key=lambda each: each.queries)
    return [
        *(Figure(f"{each.door}: the slowest page, p95", each.p95, LIMIT, "ms", note=each.path) for each in slowest),
        Figure("the page with most queries", float(chattiest.queries), QUERIES, "", note=chattiest.path),
    ]


def measured(kit: Kit) -> Iterator[Timed]:
    """Each page in turn, on a database of benchmarks.years."""
    app = create_app(kit)
    console, key = _signed_in(kit, app), _key(kit)
    for path in _paths(app):
        if path.startswith("/api/"):
            yield _timed(kit, "API", path, _getting(app.test_client(), path, Authorization=f"Bearer {key}"))
        else:
            yield _timed(kit, "console" if _is_console(app, path) else "others", path, _getting(console, path))
    for verb in ("status", "students", "grades"):
        yield _timed(kit, "courses", verb, _asking(app, verb))


def _doors(timed: list[Timed]) -> list[str]:
    return sorted({each.door for each in timed})


def _paths(app: Flask) -> Iterator[str]:
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if "GET" not in (rule.methods or ()) or rule.endpoint in OUTSIDE | FILES | NOT_PAGES:
            continue
        path = _filled(rule)
        yield path
        yield from (path + query for query in _LISTED.get(path, ()))


def _filled(rule: Rule) -> str:
    """The address of a page, with numbers and names that there are."""
    path = str(rule)
    number = next((number for noun, number in _NUMBERS.items() if f"/{noun}" in path), BUSY)
    path = path.replace("<int:number>", str(number))
    name = next((name for noun, name in _NAMES.items() if f"/{noun}/" in path), "uni1")
    return path.replace("<name>", name)


def _is_console(app: Flask, path: str) -> bool:
    endpoint, _ = app.url_map.bind("localhost").match(path.partition("?")[0])
    return str(endpoint).startswith("console")


def _timed(kit: Kit, door: str, path: str, ask: Callable[[], int]) -> Timed:
    with _counted(kit) as asked:
        status = ask()
        queries = len(asked)
        times = sorted(_seconds(ask) for _ in range(ROUNDS))
    return Timed(door, path, times[ROUNDS * 95 // 100 - 1] * 1000, queries, status)


def _seconds(ask: Callable[[], int]) -> float:
    began = perf_counter()
    ask()
    return perf_counter() - began


@contextmanager
def _counted(kit: Kit) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        asked.append(statement)

    event.listen(kit.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(kit.database.engine, "before_cursor_execute", note)


def _signed_in(kit: Kit, app: Flask) -> FlaskClient:
    accounts.add(kit, "anna", "admin", _PASSWORD, "bench")
    client = app.test_client()
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert found, "the form has a token"
    form = {"csrf_token": found[1], "name": "anna", "password": _PASSWORD, "to": "/"}
    assert client.post("/sign-in", data=form).status_code == 303, "nobody could sign in"
    return client


def _key(kit: Kit) -> str:
    return api_keys.add(kit, "bench", "admin", "bench")[1]


def _getting(client: FlaskClient, path: str, **headers: str) -> Callable[[], int]:
    return lambda: client.get(path, headers=headers).status_code


def _asking(app: Flask, verb: str) -> Callable[[], int]:
    site = 1 + BUSY % 3
    asking = CourseClient("", SECRET, f"https://moodle{site}.example.edu")

    def ask() -> int:
        body, headers = asking.signed(BUSY, 2, verb, {})
        return app.test_client().post(f"/courses/uni{site}", data=body, headers=headers).status_code

    return ask


def main() -> None:
    """Every page on a line, the slowest first."""
    with years() as kit:
        for timed in sorted(measured(kit), key=lambda each: -each.p95):
            print(timed.line())


if __name__ == "__main__":
    main()
