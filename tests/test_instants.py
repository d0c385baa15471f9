"""Events committed at 200 instants around a run: each leads to a run that covers it, and none is missing at the end.

Four workers share the work. At the instant that is chosen for a course something happens in Moodle, and its events are
committed by another connection, as the receiver does. INSTANTS says how many there are in all, SEED draws others.
"""

from __future__ import annotations

import os
import queue
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.kit import Kit
from app.store import runs, sites, tables, worklist
from app.store.db import Database
from app.sync import intake
from app.sync.turn import take_turn
from schemas import events
from tests import points
from tests.conftest import PATIENT, SetClock
from tests.verdict import is_idle, out_of_step
from tests.world import World, world

INSTANTS = int(os.environ.get("INSTANTS", "200"))
SEED = int(os.environ.get("SEED", "1"))
WORKERS = 4
GROUPS = {
    "before the claim": ("before claim", "in claim"),
    "between claim and first read": ("after claim",),
    "between the reads": ("before reading Moodle", "after reading Moodle", "before reading kuraCloud"),
    "after the reads, before the writes": (
        "after reading kuraCloud",
        "after look",
        "in linking",
        "after linking",
        "before writing down add_students",
        "before add_students",
    ),
    "after the writes, before settling": (
        "after add_students",
        "after writing the end of add_students",
        "after read-back",
        "in linking the new",
        "before holding",
        "in holding",
        "after holding",
    ),
    "in the middle of settling": ("before release", "after release", "in settling"),
    "after it": ("after settling",),
}
IN_A_TRANSACTION = ("before release", "after release", "in ")
_WAIT = 0.03  # seconds for a commit that may itself have to wait until the transaction it falls into has ended


@dataclass(slots=True)
class Instant:
    """What happens in one course, once, when its run passes a step."""

    made: World
    step: str
    seed: int
    uids: list[str] = field(default_factory=list)
    struck: bool = False

    def happen(self) -> list[dict[str, Any]]:
        """Somebody enrols, joins a group or changes her name; the events of that, not posted yet."""
        moodle, course = self.made.moodle, self.made.course
        with moodle.lock:
            before, first = len(moodle.events), moodle.site.enrolments.user_ids(course)[0]
            if self.kind == "enrols":
                self.made.enrol(email=f"late{course}@example.edu")
            elif self.kind == "joins":
                moodle.join_group(first, moodle.create_group(course, "Lab"))
            else:
                moodle.rename_user(first, firstname="Anna")
            happened = [{"id": str(uuid4()), **event} for event in moodle.events[before:]]
        self.uids = [event["id"] for event in happened]
        return happened

    @property
    def kind(self) -> str:
        """What happens."""
        return ("enrols", "joins", "renames")[self.seed % 3]

    @property
    def asks(self) -> bool:
        """Whether the events must ask for a look: those of an account that no run has seen yet need not."""
        return self.kind != "renames" or self.step not in GROUPS["before the claim"]


class Instants:
    """The courses of one group of steps, and the workers that see to them."""

    def __init__(self, kit: Kit, other: Database, first: World, steps: tuple[str, ...], seeds: range) -> None:
        self._kit = kit
        self._other = replace(kit, database=other)
        self._site_id = first.site_id
        self._posting: list[threading.Thread] = []
        self._jobs: queue.Queue[int] = queue.Queue()
        self._thread = threading.local()
        worlds = [first, *(first.another() for _ in seeds[1:])]
        chance = random.Random(f"{SEED} {steps}")
        self.instants = [
            Instant(made, steps[seed % len(steps)], chance.randrange(1000))
            for made, seed in zip(worlds, seeds, strict=True)
        ]

    def passing(self, step: str) -> None:
        """The hook of tests.points."""
        instant: Instant | None = getattr(self._thread, "instant", None)
        if instant is None or instant.struck or step != instant.step:
            return
        instant.struck = True
        posting = threading.Thread(target=self._post, args=(instant.happen(),))
        posting.start()
        posting.join(_WAIT if step.startswith(IN_A_TRANSACTION) else None)
        self._posting.append(posting)

    def run(self) -> None:
        """Begin with one new student in each course, and go on until nothing is wanted."""
        for instant in self.instants:
            before = len(instant.made.moodle.events)
            instant.made.enrol(email=f"first{instant.made.course}@example.edu")
            self._post([{"id": str(uuid4()), **event} for event in instant.made.moodle.events[before:]])
        threads = [threading.Thread(target=self._work, args=(number,)) for number in range(WORKERS)]
        for thread in threads:
            thread.start()
        try:
            self._dispatch_until_idle()
        finally:
            for _ in threads:
                self._jobs.put(0)
            for thread in threads:
                thread.join()

    def uncovered(self) -> Iterator[str]:
        """Instants whose events no run that was done has covered, or whose course is not in step."""
        with self._kit.database.reading() as tx:
            known = {row.event_uid: row.id for row in tx.execute(select(tables.events)) if row.wanted}
            for each in self.instants:
                wanting = [known[uid] for uid in each.uids if uid in known]
                covering = [{run.outcome for run in runs.covering(tx, event_id)} for event_id in wanting]
                if (each.asks and not covering) or not all("done" in outcomes for outcomes in covering):
                    yield f"{each.step}, {each.seed}: {covering}"
        for each in self.instants:
            yield from (f"{each.step}, {each.seed}: {complaint}" for complaint in out_of_step(each.made))

    def _dispatch_until_idle(self) -> None:
        ends = time.monotonic() + 60
        while not (self._jobs.unfinished_tasks == 0 and self._is_quiet()):
            assert time.monotonic() < ends
            with self._kit.database.reading() as tx:
                due = worklist.due(tx, self._kit.database.now(tx), 100, WORKERS)
            for mapping_id, _ in due[: 2 * WORKERS - self._jobs.unfinished_tasks]:
                self._jobs.put(mapping_id)
            time.sleep(0.005)

    def _is_quiet(self) -> bool:
        return is_idle(self._kit) and not any(thread.is_alive() for thread in self._posting)

    def _work(self, number: int) -> None:
        by_mapping = {each.made.mapping_id: each for each in self.instants}
        while mapping_id := self._jobs.get():
            self._thread.instant = by_mapping[mapping_id]
            take_turn(self._kit, mapping_id, "roster", f"test:{number}:0:{uuid4()}")
            self._jobs.task_done()

    def _post(self, happened: list[dict[str, Any]]) -> None:
        document = {"type": "moodle.events", "data": {"wwwroot": "", "events": happened}}
        delivered = [event for _, event in events.signed(document, most=1000).events]
        with self._other.database.reading() as tx:
            site = sites.get(tx, self._site_id)
        assert site is not None
        intake.accept(self._other, [intake.Parcel(site, "signed", None, delivered)])


@pytest.fixture
def at_once(kit: Kit) -> Kit:
    """A kit with which nothing settles; its clock stands still, so nothing may have to be tried again later."""
    settings = replace(kit.settings, quiet=0.0, cap=0.0, runs_per_instance=WORKERS, **PATIENT)
    return replace(kit, settings=settings)


def share(group: str, whole: int) -> range:
    """The numbers of a group's instants, so that the groups have even shares of them all."""
    place, size = list(GROUPS).index(group), len(GROUPS)
    return range(place * whole // size, (place + 1) * whole // size)


def committed_around_a_run(
    kit: Kit, url: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch, group: str, whole: int
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(world(kit, clock))
        other = Database(url, clock=clock)
        stack.callback(other.dispose)
        trial = Instants(kit, other, first, GROUPS[group], share(group, whole))
        points.install(monkeypatch.setattr, trial.passing)
        stack.enter_context(points.committing(trial.passing))
        trial.run()
        assert [each for each in trial.instants if not each.struck] == []
        assert list(trial.uncovered()) == []


@pytest.mark.parametrize("group", GROUPS)
def test_an_event_committed_at_any_instant_leads_to_a_run_that_covers_it(
    at_once: Kit, database_url: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    committed_around_a_run(at_once, database_url, clock, monkeypatch, group, INSTANTS)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("group", GROUPS)
def test_events_committed_at_many_more_instants_are_all_covered(
    at_once: Kit, database_url: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    committed_around_a_run(at_once, database_url, clock, monkeypatch, group, 2000)
