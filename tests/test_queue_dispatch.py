"""From the worklist to Redis: what is put on the queue, and what is not (queue.md 1, D3, D4, 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fakeredis import FakeRedis, FakeServer
from rq import Queue
from sqlalchemy import update
from structlog.testing import capture_logs

from app import queues
from app.errors import SettingsError
from app.kit import Kit
from app.settings import Settings
from app.store import worklist
from app.store.tables import worklist as rows
from app.sync.dispatch import Dispatcher
from tests.conftest import SetClock
from tests.courses import mapped, row, wanted


@pytest.fixture
def redis() -> Iterator[FakeRedis]:
    with FakeRedis(server=FakeServer()) as redis:
        yield redis


def dispatched(kit: Kit, redis: FakeRedis) -> int:
    redis.delete("kurasync:sweep")
    return Dispatcher(kit, redis, chance=lambda: 0.5).dispatch()


def many(kit: Kit, count: int, *, instances: int) -> list[int]:
    made = [mapped(kit, count // instances, name=f"uni{number}") for number in range(instances)]
    return [mapping_id for each in made for mapping_id in each]


def test_a_job_id_tells_its_mapping_and_is_new_each_time() -> None:
    first, second = queues.job_id(12, "roster"), queues.job_id(12, "roster")
    assert first != second
    assert queues.parse(first) == (12, "roster")


@pytest.mark.parametrize("text", ["", "roster", "roster_x_1", "exam_12_ab", "12", "9f1c-44"])
def test_a_job_of_somebody_else_is_not_taken_for_ours(text: str) -> None:
    assert queues.parse(text) is None


def test_a_job_carries_a_number_and_is_forgotten_soon(redis: FakeRedis) -> None:
    queues.enqueue(redis, [(7, "roster")], timeout=1800)
    (job,) = Queue("roster", connection=redis).jobs
    assert (job.func_name, job.args, job.kwargs) == ("workers.jobs.sync_roster", (7,), {})
    assert (job.timeout, job.ttl, job.result_ttl, job.failure_ttl) == (1800, 600, 0, 3600)


def test_both_queues_are_looked_at(redis: FakeRedis) -> None:
    queues.enqueue(redis, [(7, "roster"), (8, "grades"), (9, "roster")], timeout=5)
    assert sorted(queues.held(redis)) == [(7, "roster"), (8, "grades"), (9, "roster")]


def test_due_work_is_put_on_the_queue_once(sqlite_kit: Kit, redis: FakeRedis) -> None:
    first, second = mapped(sqlite_kit, 2)
    wanted(sqlite_kit, first, second)
    assert dispatched(sqlite_kit, redis) == 2
    assert dispatched(sqlite_kit, redis) == 0
    assert sorted(queues.held(redis)) == [(first, "roster"), (second, "roster")]


def test_what_is_not_due_yet_waits(sqlite_kit: Kit, redis: FakeRedis, clock: SetClock) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    with sqlite_kit.database.transaction() as tx:
        worklist.want(tx, clock(), {(mapping_id, "roster"): ()}, quiet=3.0, cap=15.0)
    assert dispatched(sqlite_kit, redis) == 0
    clock.advance(3.0)
    assert dispatched(sqlite_kit, redis) == 1


def test_what_redis_lost_is_put_on_again(sqlite_kit: Kit, redis: FakeRedis) -> None:
    wanted(sqlite_kit, *mapped(sqlite_kit, 2))
    dispatched(sqlite_kit, redis)
    redis.flushall()
    assert dispatched(sqlite_kit, redis) == 2


def test_what_runs_is_not_put_on_again(sqlite_kit: Kit, redis: FakeRedis, clock: SetClock) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    wanted(sqlite_kit, mapping_id)
    with sqlite_kit.database.transaction() as tx:
        worklist.claim(tx, clock(), mapping_id, "roster", "host:1:a:b", 3.0, 2)
    assert dispatched(sqlite_kit, redis) == 0


def test_redis_never_holds_more_than_the_window(sqlite_kit: Kit, redis: FakeRedis) -> None:
    kit = replace(sqlite_kit, settings=replace(sqlite_kit.settings, window=4, workers=0))
    wanted(kit, *many(kit, 12, instances=6))
    assert dispatched(kit, redis) == 4
    assert dispatched(kit, redis) == 0
    redis.lpop("rq:queue:roster")
    assert dispatched(kit, redis) == 1


def test_the_window_grows_with_the_workers(sqlite_kit: Kit, redis: FakeRedis) -> None:
    kit = replace(sqlite_kit, settings=replace(sqlite_kit.settings, window=4, workers=1))
    wanted(kit, *many(kit, 12, instances=6))
    assert dispatched(kit, redis) == 10


def test_the_longest_due_goes_first(sqlite_kit: Kit, redis: FakeRedis, clock: SetClock) -> None:
    kit = replace(sqlite_kit, settings=replace(sqlite_kit.settings, window=1, workers=0))
    mapping_ids = many(kit, 3, instances=3)
    for mapping_id in reversed(mapping_ids):
        wanted(kit, mapping_id)
        clock.advance(1.0)
    for mapping_id in reversed(mapping_ids):
        dispatched(kit, redis)
        assert queues.held(redis) == [(mapping_id, "roster")]
        redis.delete("rq:queue:roster")
        with kit.database.transaction() as tx:
            tx.execute(update(rows).where(rows.c.mapping_id == mapping_id).values(gate="paused"))


def test_an_instance_gets_no_more_jobs_than_it_may_run(sqlite_kit: Kit, redis: FakeRedis) -> None:
    crowd, bystander = mapped(sqlite_kit, 10, name="crowded"), mapped(sqlite_kit, 1, name="quiet")
    wanted(sqlite_kit, *crowd, *bystander)
    assert dispatched(sqlite_kit, redis) == 3
    assert (bystander[0], "roster") in queues.held(redis)


def test_another_clock_that_swept_just_now_is_enough(sqlite_kit: Kit, redis: FakeRedis) -> None:
    first, second = mapped(sqlite_kit, 2)
    wanted(sqlite_kit, first)
    assert Dispatcher(sqlite_kit, redis).dispatch() == 1
    wanted(sqlite_kit, second)
    assert Dispatcher(sqlite_kit, redis).dispatch() == 0
    assert 0 < redis.pttl("kurasync:sweep") <= sqlite_kit.settings.tick * 1000


def test_a_lease_that_ran_out_is_taken_back(sqlite_kit: Kit, redis: FakeRedis, clock: SetClock) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    wanted(sqlite_kit, mapping_id)
    with sqlite_kit.database.transaction() as tx:
        worklist.claim(tx, clock(), mapping_id, "roster", "host:1:a:b", 3.0, 2)
    clock.advance(3.0)
    assert dispatched(sqlite_kit, redis) == 1
    after = row(sqlite_kit, mapping_id)
    assert (after.state, after.crashes, after.recheck_at) == ("wanted", 1, clock() + sqlite_kit.settings.recheck)


def test_leases_are_taken_back_also_while_redis_is_away(sqlite_kit: Kit, clock: SetClock) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    wanted(sqlite_kit, mapping_id)
    with sqlite_kit.database.transaction() as tx:
        worklist.claim(tx, clock(), mapping_id, "roster", "host:1:a:b", 3.0, 2)
    clock.advance(3.0)
    server = FakeServer()
    server.connected = False
    with FakeRedis(server=server) as redis:
        assert Dispatcher(sqlite_kit, redis).dispatch() == 0
    assert row(sqlite_kit, mapping_id).state == "wanted"


def test_an_absent_redis_is_told_once_and_so_is_its_return(sqlite_kit: Kit) -> None:
    wanted(sqlite_kit, *mapped(sqlite_kit))
    server = FakeServer()
    server.connected = False
    with FakeRedis(server=server) as redis, capture_logs() as lines:
        dispatcher = Dispatcher(sqlite_kit, redis)
        assert [dispatcher.dispatch() for _ in range(3)] == [0, 0, 0]
        server.connected = True
        assert dispatcher.dispatch() == 1
        dispatcher.dispatch()
    assert [line["event"] for line in lines] == ["redis_away", "dispatch_works_again"]


def test_a_database_that_is_away_is_told_once(sqlite_kit: Kit, redis: FakeRedis) -> None:
    with sqlite_kit.database.transaction() as tx:
        tx.exec_driver_sql("ALTER TABLE worklist RENAME TO elsewhere")
    with capture_logs() as lines:
        dispatcher = Dispatcher(sqlite_kit, redis)
        assert [dispatcher.dispatch(), dispatcher.dispatch()] == [0, 0]
    assert [line["event"] for line in lines] == ["dispatch_failed"]


def test_an_absent_redis_is_noticed_within_a_moment() -> None:
    redis = queues.connect(Settings(redis_url="unix:///nowhere/redis.sock"))
    assert redis.connection_pool.connection_kwargs["socket_connect_timeout"] == 0.5
    assert redis.connection_pool.connection_kwargs["socket_timeout"] == 2.0
    assert redis.connection_pool.connection_kwargs["retry"].get_retries() == 0
    redis.close()


@pytest.mark.parametrize("connect", [queues.connect, queues.connect_worker])
def test_a_process_without_a_redis_says_that_it_needs_one(connect: object) -> None:
    assert callable(connect)
    with pytest.raises(SettingsError, match="KURASYNC_REDIS_URL is not set"):
        connect(Settings())
