"""Tasks on the queue: before everything else, never on more than half the workers, and done again what Redis lost."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fakeredis import FakeRedis, FakeServer
from redis import Redis
from rq import Queue

from app import queues
from app.kit import Kit
from app.setup import tasks
from app.store import tasks as rows
from app.sync.dispatch import Dispatcher
from tests.conftest import SetClock
from tests.courses import mapped, wanted
from tests.fixtures_processes import Processes, variables, wait_until
from tests.showing_plans import ADMIN
from workers import jobs
from workers.workplace import Workplace, is_gone


@pytest.fixture
def redis() -> Iterator[FakeRedis]:
    with FakeRedis(server=FakeServer()) as redis:
        yield redis


def dispatched(kit: Kit, redis: Redis) -> int:
    redis.delete("kurasync:sweep")
    return Dispatcher(kit, redis).dispatch()


def with_workers(kit: Kit, number: int) -> Kit:
    return replace(kit, settings=replace(kit.settings, workers=number))


def asked(kit: Kit, count: int) -> list[int]:
    return [tasks.ask(kit, tasks.ROSTER_PLAN, each, ADMIN.actor) for each in mapped(kit, count)]


def begun(kit: Kit, number: int, owner: str = "host:1:a:") -> None:
    with kit.database.transaction() as tx:
        assert rows.claim(tx, kit.database.now(tx), number, owner)


def test_a_task_is_put_on_its_queue_once(sqlite_kit: Kit, redis: FakeRedis) -> None:
    (number,) = asked(sqlite_kit, 1)
    assert dispatched(sqlite_kit, redis) == 1
    assert dispatched(sqlite_kit, redis) == 0
    (job,) = Queue(queues.TASKS, connection=redis).jobs
    assert (job.func_name, job.args) == ("workers.jobs.do_task", (number,))


def test_workers_look_for_tasks_first_since_somebody_waits_for_them() -> None:
    assert queues.NAMES[0] == queues.TASKS


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (2, 1), (4, 2), (9, 4)])
def test_half_the_workers_at_most_are_at_tasks(sqlite_kit: Kit, redis: FakeRedis, workers: int, most: int) -> None:
    kit = with_workers(sqlite_kit, workers)
    numbers = asked(kit, 6)
    assert dispatched(kit, redis) == most
    for number in numbers[:most]:
        begun(kit, number)
    redis.flushall()
    assert dispatched(kit, redis) == 0
    with kit.database.transaction() as tx:
        rows.end(tx, 0.0, numbers[0], "done")
    assert dispatched(kit, redis) == 1
    assert queues.held(redis) == [(numbers[most], queues.TASKS)]


def test_tasks_hold_up_nothing_that_is_due(sqlite_kit: Kit, redis: FakeRedis) -> None:
    kit = with_workers(sqlite_kit, 2)
    mapping_ids = mapped(kit, 2)
    for mapping_id in mapping_ids:
        tasks.ask(kit, tasks.ROSTER_PLAN, mapping_id, ADMIN.actor)
    wanted(kit, *mapping_ids)
    assert dispatched(kit, redis) == 3
    assert sorted(name for _, name in queues.held(redis)) == ["roster", "roster", "tasks"]


def test_a_task_that_redis_lost_is_put_on_again(sqlite_kit: Kit, redis: FakeRedis) -> None:
    asked(sqlite_kit, 1)
    dispatched(sqlite_kit, redis)
    redis.flushall()
    assert dispatched(sqlite_kit, redis) == 1


def test_a_task_that_was_given_up_is_not_put_on_again(sqlite_kit: Kit, redis: FakeRedis, clock: SetClock) -> None:
    asked(sqlite_kit, 1)
    clock.advance(601)
    tasks.tidy(sqlite_kit)
    assert dispatched(sqlite_kit, redis) == 0


def test_the_job_does_the_task(sqlite_kit: Kit) -> None:
    number = tasks.ask(sqlite_kit, tasks.AUDIT_CHECK, None, ADMIN.actor)
    jobs.work_at(Workplace(sqlite_kit, "start"))
    jobs.do_task(number)
    task = tasks.found(sqlite_kit, number, ADMIN)
    assert (task.state, task.owner) == ("done", f"{socket.gethostname()}:{os.getpid()}:start:")


def test_whoever_does_not_live_any_more_is_gone() -> None:
    here = socket.gethostname()
    assert not is_gone(f"{here}:{os.getpid()}:a:")
    assert not is_gone(f"{here}:1:a:")
    assert is_gone(f"{here}:{2**22 + 1}:a:")
    assert not is_gone(f"elsewhere:{2**22 + 1}:a:")


def test_a_new_crew_gives_up_what_the_last_one_of_its_machine_was_at(
    live_sqlite_kit: Kit, processes: Processes
) -> None:
    kit = live_sqlite_kit
    dead, alive = (tasks.ask(kit, kind, None, ADMIN.actor) for kind in (tasks.AUDIT_CHECK, tasks.DOCTOR))
    begun(kit, dead, f"{socket.gethostname()}:{2**22 + 1}:a:")
    begun(kit, alive, f"{socket.gethostname()}:{os.getpid()}:a:")
    crew = processes.start("-m", "tests.small_worker", environ=variables(with_workers(kit, 1).settings))
    wait_until(lambda: tasks.found(kit, dead, ADMIN).state == "failed")
    assert tasks.found(kit, dead, ADMIN).reason == "lost"
    assert tasks.found(kit, alive, ADMIN).state == "running"
    crew.send_signal(signal.SIGTERM)
    assert crew.wait(20) == 0


def test_a_worker_that_is_killed_loses_its_task_at_once(live_sqlite_kit: Kit, processes: Processes) -> None:
    """Its worker is stuck with a Moodle that takes the call and never answers."""
    kit = replace(live_sqlite_kit, settings=replace(live_sqlite_kit.settings, workers=1, call_timeout=60, lease=90))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (mapping_id,) = mapped(kit, url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        number = tasks.ask(kit, tasks.ROSTER_PLAN, mapping_id, ADMIN.actor)
        processes.start("-m", "workers.supervisor", environ=variables(kit.settings))
        wait_until(lambda: dispatched(kit, queues.connect(kit.settings)))
        wait_until(lambda: tasks.found(kit, number, ADMIN).state == "running")
        os.kill(int((tasks.found(kit, number, ADMIN).owner or "").split(":")[1]), signal.SIGKILL)
        wait_until(lambda: tasks.found(kit, number, ADMIN).state == "failed")
    assert tasks.found(kit, number, ADMIN).reason == "lost"
