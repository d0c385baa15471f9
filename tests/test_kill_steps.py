"""Any process killed (SIGKILL) at any step of a day: nothing is lost, nothing doubled (design.md 4, invariant 7).

One run does everything that a run can do: it restores, edits, adds, links and, by approval, deletes, uses the approval
up and holds something new. Web server, clock, workers and Redis are real; tests.fated kills them where it is told to.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest

from app.store import worklist
from app.store.db import Database
from app.store.migrate import upgrade
from sandbox.faults import Fault
from tests.conftest import postgres_database
from tests.fixtures_processes import Processes, wait_until
from tests.live import Live, live
from tests.points import WRITES

COMMITTED = (
    "in claim",
    "in linking",
    *(f"in {doing} {operation}" for operation in WRITES for doing in ("writing down", "writing the end of")),
    "in linking the new",
    "in holding",
    "in settling",
)
"""Just before a worker commits."""
BETWEEN = (
    "before claim",
    "after claim",
    "before reading Moodle",
    "before reading kuraCloud",
    "after look",
    "after linking",
    *(f"before writing down {operation}" for operation in WRITES),
    *(f"before {operation}" for operation in WRITES),
    *(f"after {operation}" for operation in WRITES),
    *(f"after writing the end of {operation}" for operation in WRITES),
    "before read-back",
    "after read-back",
    "after linking the new",
    "before holding",
    "after holding",
    "before settling",
    "after settling",
)
"""Between a worker's transactions."""
OTHERS = ("before intake", "in intake", "after intake", "before enqueuing", "after enqueuing")
"""Of the web server and the clock."""
STEPS = (*COMMITTED, *BETWEEN, *OTHERS)
ON_POSTGRES = (*COMMITTED, "before add_students", "after add_students", "in intake")
CASES = [
    *(("sqlite", step) for step in STEPS),
    *(
        pytest.param("postgres", step, marks=() if step in ON_POSTGRES else pytest.mark.soak, id=f"postgres-{step}")
        for step in STEPS
    ),
]


Opened = Callable[[Path], AbstractContextManager[str]]
"""Makes a database, which may be a file in this folder; its URL."""


class Stages:
    """Services on either kind of database for all the tests here, one at a time: to start one takes seconds."""

    def __init__(self, opened: dict[str, Opened], folders: Iterator[Path]) -> None:
        self._opened = opened
        self._folders = folders
        self._stack = ExitStack()
        self._kind = ""
        self._stage: Live | None = None

    def on(self, kind: str) -> Live:
        """The one on sqlite or postgres."""
        if self._stage is None or kind != self._kind:
            self.close()
            folder = next(self._folders)
            url = self._stack.enter_context(self._opened[kind](folder))
            self._stage = self._stack.enter_context(live(folder, url, Processes(folder), fated=True, grace_dead=0.5))
            self._stage.start()
            self._kind = kind
        return self._stage

    def close(self) -> None:
        """End it."""
        self._stage = None
        self._stack.close()


@pytest.fixture(scope="module")
def stages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    """A service that outlives its test."""

    @contextmanager
    def sqlite(folder: Path) -> Iterator[str]:
        shutil.copyfile(request.getfixturevalue("sqlite_template"), folder / "kurasync.db")
        yield f"sqlite:///{folder / 'kurasync.db'}"

    @contextmanager
    def postgres(_folder: Path) -> Iterator[str]:
        with postgres_database(request.getfixturevalue("postgres_server")) as url:
            database = Database(url)
            upgrade(database)
            database.dispose()
            yield url

    made = Stages({"sqlite": sqlite, "postgres": postgres}, (tmp_path_factory.mktemp("stage") for _ in count()))
    yield made
    made.close()


@pytest.fixture
def stage(kind: str, stages: Stages) -> Live:
    return stages.on(kind)


ROUTES = {
    "restore_students": "restore",
    "edit_students": "edit",
    "add_students": "student",
    "delete_students": "delete",
}


class Day:
    """What happens in one course: six students, of whom three stay as they are, and more to come."""

    def __init__(self, stage: Live) -> None:
        self._stage = stage
        stage.fates.clear()
        made = self.course = stage.world.another()
        self._renamed, self._deleted, self._leaver, self._next_leaver = (made.enrol() for _ in range(4))
        made.enrol()
        made.enrol()
        stage.come_to_rest()
        made.moodle.unenrol(self._leaver, made.course)
        stage.come_to_rest()
        self._gate(closed=True)

    def happen(self) -> None:
        """Everything at once, for one run to find."""
        made = self.course
        made.moodle.rename_user(self._renamed, firstname="Anna")
        made.kura.delete_student(made.kura_course, self._studentid(self._deleted))
        made.kura.put_student(made.kura_course, givenName="Bo", familyName="Lee", email=f"bo{made.course}@example.edu")
        made.enrol("Bo", email=f"bo{made.course}@example.edu")
        made.enrol()
        made.enrol()
        made.moodle.unenrol(self._next_leaver, made.course)
        self._stage.post()
        made.decide()
        self._gate(closed=False)

    def end(self) -> None:
        """Let all come to rest, what is held included, and look at what has become of it."""
        self._stage.come_to_rest()
        self.course.decide()
        self._stage.come_to_rest()
        assert self._stage.wrong(self.course) == []

    def _studentid(self, userid: int) -> int:
        return next(link.studentid for link in self.course.links() if link.userid == userid)

    def _gate(self, *, closed: bool) -> None:
        database = self._stage.kit.database
        with database.transaction() as tx:
            if closed:
                worklist.pause(tx, self.course.mapping_id)
            else:
                worklist.resume(tx, database.now(tx), self.course.mapping_id)


@pytest.mark.parametrize(("kind", "step"), CASES)
def test_whoever_is_killed_at_a_step_leaves_nothing_lost_and_nothing_doubled(stage: Live, step: str) -> None:
    day = Day(stage)
    stage.fates.arm(step)
    day.happen()
    wait_until(lambda: stage.fates.met(step))
    day.end()


@pytest.mark.parametrize("operation", WRITES)
def test_a_worker_that_is_killed_while_kuracloud_is_at_its_request_has_it_done_once(
    stages: Stages, operation: str
) -> None:
    stage = stages.on("sqlite")
    day, kura = Day(stage), stage.world.kura
    kura.faults.add(Fault("latency", match=f"POST .*/{ROUTES[operation]}$", seconds=0.15, times=1))
    calls = len(kura.calls)
    day.happen()
    wait_until(lambda: any(call.fault and call.ended is None for call in list(kura.calls)[calls:]))
    stage.kill_at_work(day.course.mapping_id)
    day.end()


@pytest.mark.parametrize(
    "step", ["before enqueuing", "after enqueuing", "before claim", "before add_students", "after settling"]
)
def test_redis_may_be_killed_at_any_step(stages: Stages, step: str) -> None:
    stage = stages.on("sqlite")
    day = Day(stage)
    [redis] = stage.processes.find("redis-server")
    stage.fates.arm(step, redis)
    day.happen()
    wait_until(lambda: stage.fates.met(step))
    day.end()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_clock_that_is_killed_while_it_takes_back_a_dead_workers_run_leaves_that_to_the_next(stage: Live) -> None:
    day = Day(stage)
    stage.fates.arm("before add_students")
    stage.fates.arm("in reaping")
    day.happen()
    wait_until(lambda: stage.fates.met("in reaping"))
    day.end()


def test_workers_whose_supervisor_is_killed_too_are_replaced_when_their_lease_has_run_out(stages: Stages) -> None:
    stage = stages.on("sqlite")
    day = Day(stage)
    [crew] = stage.processes.find("kurasync-crew")
    stage.fates.arm("after add_students", crew)
    day.happen()
    wait_until(lambda: stage.fates.met("after add_students"))
    day.end()


@pytest.mark.parametrize("step", ["before add_students", "after add_students", "in settling"])
def test_after_a_power_cut_everything_goes_on_where_it_was(stages: Stages, step: str) -> None:
    stage = stages.on("sqlite")
    day = Day(stage)
    stage.fates.arm(step, stage.pid)
    day.happen()
    wait_until(lambda: not stage.processes.alive())
    stage.start()
    day.end()
