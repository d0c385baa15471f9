"""Tasks: asked for, done once by whoever comes first, kept for a while, and seen by those whom they concern."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from app.errors import NotFound
from app.kit import Kit
from app.planning.roles import Principal
from app.setup import mappings as setup
from app.setup import tasks
from app.store import tasks as rows
from app.store.tasks import Task
from app.sync import grades, roster
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.courses import mapped
from tests.grading import course
from tests.showing_plans import ADMIN, OWNER, planned
from tests.world import World, world


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as one:
        yield one


def asked(kit: Kit, kind: str = tasks.AUDIT_CHECK, mapping_id: int | None = None, by: str = "user:ada") -> int:
    return tasks.ask(kit, kind, mapping_id, by)


def seen(kit: Kit, number: int) -> Task:
    return tasks.found(kit, number, ADMIN)


def begun(kit: Kit, owner: str = OWNER) -> int:
    number = asked(kit)
    with kit.database.transaction() as tx:
        assert rows.claim(tx, kit.database.now(tx), number, owner)
    return number


def doing(monkeypatch: pytest.MonkeyPatch, what: Callable[[Kit, Task], dict[str, Any]]) -> None:
    """Let every check of the audit do this instead."""
    monkeypatch.setattr(tasks, "KINDS", {**tasks.KINDS, tasks.AUDIT_CHECK: what})


def test_a_task_waits_until_somebody_does_it(sqlite_kit: Kit, clock: SetClock) -> None:
    number = asked(sqlite_kit)
    waiting = seen(sqlite_kit, number)
    assert (waiting.state, waiting.asked_by, waiting.asked_at, waiting.result) == ("wanted", "user:ada", clock(), None)
    clock.advance(2)
    tasks.do(sqlite_kit, number, OWNER)
    done = seen(sqlite_kit, number)
    assert (done.state, done.began_at, done.ended_at, done.owner) == ("done", clock(), clock(), OWNER)
    assert done.result["wrong"] == 0


def test_a_preview_shows_what_the_terminal_shows(made: World) -> None:
    made.enrol()
    task = planned(made.kit, made.mapping_id)
    look = roster.preview(made.kit, made.mapping_id)
    assert task.result == {"plan": json.loads(json.dumps(look.as_json())), "digest": look.digest}
    assert [each["action"] for each in task.result["plan"]["go"]] == ["add"]
    assert made.writes() == []


def test_a_preview_of_grades_shows_what_the_terminal_shows(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made, course(made) as heart:
        heart.one()
        task = planned(sqlite_kit, made.mapping_id, tasks.GRADES_PLAN)
        look = grades.preview(sqlite_kit, made.mapping_id)
        assert task.result["digest"] == look.digest
        assert task.result["plan"] == json.loads(json.dumps(look.as_json()))


def test_a_mapping_is_checked_as_on_the_terminal(made: World) -> None:
    task = planned(made.kit, made.mapping_id, tasks.MAPPING_CHECK)
    assert {"name": "lmsEnabled", "state": "ok"}.items() <= task.result["checks"][-2].items()


def test_there_is_no_task_for_a_mapping_that_is_not_there(sqlite_kit: Kit) -> None:
    with pytest.raises(NotFound, match="There is no mapping 7"):
        asked(sqlite_kit, tasks.ROSTER_PLAN, 7)


def test_a_second_click_gets_the_task_that_waits_already(kit: Kit, clock: SetClock) -> None:
    one, other = mapped(kit, 2)
    first = asked(kit, tasks.ROSTER_PLAN, one)
    assert asked(kit, tasks.ROSTER_PLAN, one, "user:ben") == first
    assert len({first, asked(kit, tasks.ROSTER_PLAN, other), asked(kit, tasks.GRADES_PLAN, one), asked(kit)}) == 4
    assert asked(kit) == asked(kit)


def test_what_was_begun_already_may_have_read_too_early_for_a_second_one(sqlite_kit: Kit) -> None:
    assert begun(sqlite_kit) != asked(sqlite_kit)


def test_what_has_waited_for_long_serves_nobody_else(sqlite_kit: Kit, clock: SetClock) -> None:
    first = asked(sqlite_kit)
    clock.advance(61)
    assert asked(sqlite_kit) != first


def test_a_task_is_done_once_however_often_it_is_on_the_queue(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[int] = []

    def counted(_: Kit, task: Task) -> dict[str, Any]:
        times.append(task.id)
        return {}

    doing(monkeypatch, counted)
    number = asked(kit)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: tasks.do(kit, number, OWNER), range(4)))
    tasks.do(kit, number, OWNER)
    assert times == [number]


def test_a_task_that_is_gone_is_nobodys_trouble(sqlite_kit: Kit) -> None:
    tasks.do(sqlite_kit, 99, OWNER)


def test_what_fails_says_why(made: World) -> None:
    made.moodle.faults.add(Fault("status", status=503))
    number = asked(made.kit, tasks.ROSTER_PLAN, made.mapping_id)
    tasks.do(made.kit, number, OWNER)
    task = seen(made.kit, number)
    assert (task.state, task.result, task.reason) == ("failed", None, "server_error")
    assert task.message
    assert task.message.endswith(".")


def test_what_nobody_foresaw_fails_too_and_says_nothing_of_its_insides(
    sqlite_kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    doing(monkeypatch, lambda _, task: {"result": 1 // 0})
    number = asked(sqlite_kit)
    tasks.do(sqlite_kit, number, OWNER)
    task = seen(sqlite_kit, number)
    assert (task.state, task.reason) == ("failed", "crashed")
    assert task.message == "It failed in a way nobody foresaw: see the log."


def test_a_database_that_goes_away_meanwhile_leaves_it_to_be_given_up(
    sqlite_kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> bool:
        raise OperationalError("UPDATE", {}, Exception("gone"))

    number = asked(sqlite_kit)
    monkeypatch.setattr(rows, "end", lost)
    with pytest.raises(OperationalError):
        tasks.do(sqlite_kit, number, OWNER)
    clock.advance(sqlite_kit.settings.job_timeout + 1)
    tasks.tidy(sqlite_kit)
    assert seen(sqlite_kit, number).reason == "lost"


def test_what_comes_of_a_task_that_was_given_up_is_not_kept(
    sqlite_kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(kit: Kit, task: Task) -> dict[str, Any]:
        clock.advance(kit.settings.job_timeout + 1)
        tasks.tidy(kit)
        return {"too": "late"}

    doing(monkeypatch, slow)
    number = asked(sqlite_kit)
    tasks.do(sqlite_kit, number, OWNER)
    task = seen(sqlite_kit, number)
    assert (task.state, task.reason, task.result) == ("failed", "lost", None)
    assert task.message == "The process that was at it ended, or none began it in time: ask for it again."


def test_a_task_that_no_worker_begins_is_given_up(sqlite_kit: Kit, clock: SetClock) -> None:
    number = asked(sqlite_kit)
    clock.advance(599)
    tasks.tidy(sqlite_kit)
    assert seen(sqlite_kit, number).state == "wanted"
    clock.advance(2)
    tasks.tidy(sqlite_kit)
    assert (seen(sqlite_kit, number).state, seen(sqlite_kit, number).reason) == ("failed", "lost")


def test_a_task_of_a_process_that_died_is_given_up_at_once(kit: Kit) -> None:
    mine, others = begun(kit, "host:1:a:"), begun(kit, "host:2:a:")
    with kit.database.transaction() as tx:
        assert rows.lose(tx, kit.database.now(tx), "host:1:a:") == 1
        assert rows.owners(tx) == ["host:2:a:"]
    assert [seen(kit, number).state for number in (mine, others)] == ["failed", "running"]


def test_results_are_kept_for_a_while(sqlite_kit: Kit, clock: SetClock) -> None:
    number = asked(sqlite_kit)
    tasks.do(sqlite_kit, number, OWNER)
    clock.advance(sqlite_kit.settings.task_kept - 1)
    tasks.tidy(sqlite_kit)
    assert seen(sqlite_kit, number).state == "done"
    clock.advance(2)
    tasks.tidy(sqlite_kit)
    with pytest.raises(NotFound, match=f"There is no task {number}, or it was forgotten"):
        seen(sqlite_kit, number)


def test_a_key_for_one_site_finds_the_tasks_of_that_site_alone(sqlite_kit: Kit) -> None:
    (ours,), (theirs,) = mapped(sqlite_kit), mapped(sqlite_kit, name="other")
    mine, foreign, nobodys = (asked(sqlite_kit, tasks.ROSTER_PLAN, each) for each in (ours, theirs, None))
    of_one_site = Principal("key:lab", "operator", site_id=1)
    assert tasks.found(sqlite_kit, mine, of_one_site).id == mine
    for number in (foreign, nobodys):
        with pytest.raises(NotFound, match=f"There is no task {number}"):
            tasks.found(sqlite_kit, number, of_one_site)


def test_the_tasks_of_a_mapping_go_with_it(made: World) -> None:
    number = planned(made.kit, made.mapping_id).id
    setup.remove(made.kit, made.mapping_id, ADMIN.actor)
    with pytest.raises(NotFound):
        seen(made.kit, number)


def test_lists_go_without_results(made: World) -> None:
    task = planned(made.kit, made.mapping_id)
    with made.kit.database.reading() as tx:
        assert rows.search(tx, mapping_id=made.mapping_id) == [replace(task, result=None)]
        assert rows.search(tx, kind=tasks.GRADES_PLAN) == []
