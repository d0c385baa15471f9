"""The cases of recordings/block about exports that are late, fail or are refused, through the whole run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.kit import Kit
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.world import world

FOLDER = Path(__file__).parent / "recordings" / "block"
STATUS = r"^GET .*exportgrades\.json/[^/]+$"


@pytest.fixture
def graded(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        yield graded


def replayed(graded: Course, case: str) -> dict[str, Any]:
    """kuraCloud answers this course's questions about an export as recorded, then as the simulator does."""
    recording: dict[str, Any] = json.loads((FOLDER / f"{case}.json").read_text())
    for request in recording["api_requests"]:
        answer = {"status": request["status"], "body": request.get("response"), "times": 1}
        if request["method"] == "POST" and request["status"] != 200:
            graded.world.kura.faults.add(Fault("status", "exportgrades", method="POST", **answer))
        elif "status" in (request.get("response") or {}):
            graded.world.kura.faults.add(Fault("status", STATUS, **answer))
    return recording


def polls(graded: Course) -> int:
    calls = [call for call in graded.world.kura.calls if "exportgrades.json/" in call.name]
    return len([call for call in calls if not call.name.endswith("/download")])


def graded_student(graded: Course) -> int:
    (ana,) = graded.students(1)
    graded.grade(ana, 4, 4)
    return ana


def test_g11_status_pending_3(graded: Course) -> None:
    ana = graded_student(graded)
    graded.world.kura.set_export(polls=0)
    recording = replayed(graded, "g11_status_pending_3")
    assert graded.sync().outcome == "done"
    recorded = [each for each in recording["api_requests"] if "status" in (each.get("response") or {})]
    assert polls(graded) == len(recorded)
    (grade,) = recording["gradebook_after"]["grades"]
    assert graded.book() == {graded.name: {ana: float(grade["finalgrade"])}}


def test_g12_status_failed(graded: Course) -> None:
    """FAILED is final: one look, no grade, no column; the next run asks for an export of its own."""
    ana = graded_student(graded)
    graded.world.kura.set_export(polls=0)
    replayed(graded, "g12_status_failed")
    run = graded.sync()
    assert (run.outcome, run.reason, polls(graded)) == ("retry", "export_failed", 1)
    assert graded.book() == {}
    graded.world.kura.faults.clear()
    assert graded.turns().outcome == "done"
    assert graded.book() == {graded.name: {ana: 8}}


def test_g18_export_refused(graded: Course) -> None:
    """A refusal is a failure like others: the run is repeated, and the columns stay as they are."""
    ana = graded_student(graded)
    graded.sync()
    graded.grade(ana, 5, 4)
    replayed(graded, "g18_export_refused")
    assert graded.sync().outcome == "retry"
    assert graded.book() == {graded.name: {ana: 8}}
    assert graded.turns().outcome == "done"
    assert graded.book() == {graded.name: {ana: 9}}
