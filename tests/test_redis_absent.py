"""Redis is away from the start: ten thousand events are accepted, and when it comes, all they are about is in step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.redis_server import RedisServer
from sandbox.moodle.senders import Signed
from sandbox.moodle.sim import SimMoodle
from tests.fixtures_processes import Processes
from tests.live import Live, live
from tests.world import SECRET

EVENTS = 10_000
SINGLY = 1_000
COURSES, STUDENTS = 20, 112
GROWTH = 30 << 10  # KiB
GRADES = r"\local_kurasync\event\grades_requested"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that nobody has started yet."""
    server = RedisServer(tmp_path / "late")
    yield server
    server.close()


@pytest.fixture
def service(sqlite_url: str, redis: RedisServer, processes: Processes, tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path, sqlite_url, processes, redis_url=redis.url) as made:
        made.start()
        yield made


@contextmanager
def started(redis: RedisServer) -> Iterator[None]:
    child = redis.child()
    child.start()
    try:
        assert child.ready
        child.ready(child)
        yield
    finally:
        child.kill()


def memory(processes: Processes) -> int:
    """What the web server's processes use, in KiB."""
    return sum(_resident(pid) for pid in processes.find("kurasync-web"))


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])


def ask_for_grades(moodle: SimMoodle, course: int) -> None:
    """An event that asks for a look at once, for which the web server turns to Redis."""
    last = next(event for event in reversed(moodle.events) if event["courseid"] == str(course))
    moodle.events.append({**last, "eventname": GRADES})
    for sender in moodle.senders:
        sender.accept(moodle.events[-1], moodle.wwwroot)


@pytest.mark.timeout(240)
def test_ten_thousand_events_without_redis_are_accepted_and_handled_when_it_comes(
    service: Live, redis: RedisServer
) -> None:
    moodle, before = service.world.moodle, len(service.world.moodle.events)
    courses = [service.world, *(service.world.another() for _ in range(COURSES - 1))]
    students = []
    for made in courses:
        students += moodle.create_students(made.course, STUDENTS)
        service.post()
        if made is courses[1]:
            at_first = memory(service.processes)
    singly = Signed(service.sender.url, SECRET, batch=1)
    moodle.senders[:] = [singly]
    for userid in students[:SINGLY]:
        moodle.rename_user(userid, firstname="Anna")
    for made in courses:
        ask_for_grades(moodle, made.course)
    assert singly.flush()
    assert memory(service.processes) - at_first < GROWTH
    assert {*service.sender.answers, *singly.answers} == {200}
    assert len(moodle.events) - before >= EVENTS
    assert len(service.world.kura.calls) == 0

    with started(redis):
        service.come_to_rest()
        assert service.wrong(*courses) == []
