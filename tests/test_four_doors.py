"""One verb, four doors: commands, API, console and jobs preview, sync and approve by one function, to one digest."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.cli import awaiting
from app.errors import Refused
from app.kit import Kit
from app.planning.actions import fingerprint, set_digest
from app.setup import looking, tasks
from app.store import holds as rows
from app.store import runs, worklist
from app.store.holds import Hold
from app.store.worklist import GRADES, ROSTER
from app.sync import going_on, grades, roster
from app.sync import holds as deciding
from app.web import course
from app.web.api import holds as api_holds
from app.web.api import mapping_acts as api_mappings
from app.web.api import tasks as api_tasks
from app.web.console import holds as console_holds
from app.web.console import mapping as console_mapping
from app.web.console import tasks as console_tasks
from tests.api_desk import ApiDesk
from tests.fixtures_desk import Desk
from tests.visiting import Visitor, visiting
from workers import jobs
from workers.workplace import Workplace


@dataclass
class Doors:
    """One mapping whose first plan waits, and the doors to it."""

    desk: Desk
    api: ApiDesk
    console: Visitor
    mapping: int
    called: list[Any] = field(default_factory=list)

    @property
    def kit(self) -> Kit:
        return self.desk.kit

    def watch(self, monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
        """Note what each call of a function gave."""
        original: Callable[..., Any] = getattr(module, name)

        def noted(*args: Any, **kwargs: Any) -> Any:
            given = original(*args, **kwargs)
            self.called.append(given)
            return given

        monkeypatch.setattr(module, name, noted)

    def enrol(self, email: str) -> None:
        """One more student in the Moodle course."""
        self.desk.moodle.enrol(self.desk.moodle.create_user("Ana", "Lee", email), self.desk.course)

    def do_tasks(self) -> None:
        """As workers do what was asked for."""
        with self.kit.database.reading() as tx:
            wanted = tasks.tasks.wanted(tx, 10)
        jobs.work_at(Workplace(self.kit, "start"))
        for number in wanted:
            jobs.do_task(number)

    def hold(self) -> Hold:
        """What waits."""
        with self.kit.database.reading() as tx:
            found = rows.waiting(tx, self.mapping, ROSTER)
        assert found is not None
        return found

    def wanted(self) -> int:
        """How often a look at the students was asked for."""
        with self.kit.database.reading() as tx:
            row = worklist.get(tx, self.mapping, ROSTER)
        return row.wanted if row else 0

    def console_digest(self, path: str) -> str:
        """What the form of a page says was shown."""
        found = re.search(r'name="digest" value="([^"]+)"', self.console.get(path).text)
        assert found
        return found[1]


@pytest.fixture
def doors(desk: Desk, api: ApiDesk) -> Doors:
    mapping = desk.map()
    desk.enrol(2)
    return Doors(desk, api, visiting(desk.kit), mapping)


def test_a_preview_is_one_function_and_one_digest_at_every_door(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    doors.watch(monkeypatch, roster, "preview")
    doors.desk.run("plan", str(doors.mapping), "--json")
    by_api = doors.api.post("/tasks", {"kind": tasks.ROSTER_PLAN, "mapping": doors.mapping}, status=202)["id"]
    doors.do_tasks()
    address = doors.console.post(f"/mappings/{doors.mapping}/preview", kind=ROSTER).headers["Location"]
    doors.do_tasks()
    assert len(doors.called) == 3
    digests = {look.digest for look in doors.called}
    assert digests == {doors.api.get(f"/tasks/{by_api}")["result"]["digest"]}
    assert digests == {doors.console_digest(address)}


def test_a_run_plans_what_every_preview_shows(doors: Doors) -> None:
    """The first plan waits as a whole, so that what the job holds has the digest of the plan."""
    look = roster.preview(doors.kit, doors.mapping)
    shown = [fingerprint(held.action) for held in look.verdict.held]
    assert look.digest == set_digest(shown)
    assert doors.desk.work(doors.mapping) == "done"
    assert doors.hold().digest == look.digest
    with doors.kit.database.reading() as tx:
        run = runs.last(tx, doors.mapping, ROSTER)
    assert run is not None
    assert [item["fingerprint"] for item in run.plan["held"]] == shown
    assert doors.desk.json("holds", "show", "1")["digest"] == look.digest
    assert doors.api.get("/holds/1")["digest"] == look.digest
    assert doors.console_digest("/holds/1") == look.digest


def test_a_sync_is_one_function_at_every_door(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    doors.watch(monkeypatch, looking, "want")
    before = doors.wanted()
    doors.desk.done("sync", str(doors.mapping))
    doors.api.post(f"/mappings/{doors.mapping}/runs", {"kind": ROSTER}, status=202)
    doors.console.post(f"/mappings/{doors.mapping}/sync", kind=ROSTER)
    assert doors.called == [{doors.mapping: generation} for generation in range(before + 1, before + 4)]
    assert doors.desk.work(doors.mapping) == "done"
    assert doors.desk.work(doors.mapping) == "refused"


def test_an_approval_is_one_function_at_every_door(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    doors.watch(monkeypatch, deciding, "approve")
    for number, approve in enumerate(
        (
            lambda hold: doors.desk.done("holds", "approve", str(hold.id), "--digest", hold.digest),
            lambda hold: doors.api.post(f"/holds/{hold.id}/approve", {"digest": hold.digest}),
            lambda hold: doors.console.post(f"/holds/{hold.id}/approve", digest=hold.digest),
        )
    ):
        doors.desk.done("mapping", "set", str(doors.mapping), "mode=review")
        doors.enrol(f"new{number}@example.edu")
        assert doors.desk.work(doors.mapping) == "done"
        hold = doors.hold()
        approve(hold)
        assert (len(doors.called), doors.called[-1].id, doors.called[-1].state) == (number + 1, hold.id, "approved")
        assert doors.called[-1].digest == hold.digest
        assert doors.desk.work(doors.mapping) == "done"
        with doors.kit.database.reading() as tx:
            found = rows.get(tx, hold.id)
        assert found is not None
        assert found.state == "applied"
    assert len({each.decided_by for each in doors.called}) == 3


def test_going_on_from_a_plan_is_one_function_at_every_door(doors: Doors) -> None:
    assert api_tasks.go_on is console_tasks.go_on is course.go_on is going_on.go_on


def test_no_door_has_a_verb_of_its_own() -> None:
    assert awaiting.ask_now is looking.ask_now
    assert api_mappings.looking is console_mapping.looking is course.looking is looking
    assert api_holds.verbs is console_holds.verbs is course.deciding is deciding
    assert api_tasks.verbs is console_tasks.verbs is course.tasks is tasks
    assert tasks.PLANS == {ROSTER: tasks.ROSTER_PLAN, GRADES: tasks.GRADES_PLAN}


def test_a_preview_of_grades_is_one_function_at_every_door(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan is not made, since the site has no gradebook that could be written: that it is asked for is enough."""
    asked: list[int] = []

    def preview(_: Kit, mapping_id: int) -> grades.Preview:
        asked.append(mapping_id)
        raise Refused("There is no gradebook.")

    monkeypatch.setattr(grades, "preview", preview)
    doors.desk.run("plan", str(doors.mapping), "--grades")
    doors.api.post("/tasks", {"kind": tasks.GRADES_PLAN, "mapping": doors.mapping}, status=202)
    doors.do_tasks()
    doors.console.post(f"/mappings/{doors.mapping}/preview", kind=GRADES)
    doors.do_tasks()
    assert asked == [doors.mapping] * 3
