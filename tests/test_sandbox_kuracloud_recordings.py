"""The simulated kuraCloud answers what the stand-in answered in tests/recordings/block: same statuses, keys and types.

Where the contract says something else than the stand-in, the simulator's default is the contract's: one student sent is
answered as one object, not as a list. Delete and restore are recorded as `[]` while the README of the recordings says
`{}`: the simulator answers `{}`, and Dialect.done_answer has the others; a client need not read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from sandbox.kuracloud.sim import SimKuraCloud

RECORDINGS = sorted((Path(__file__).parent / "recordings" / "block").glob("[ug]*.json"))
STAND_IN = Dialect(one_answer="list")
LOWER_CASE = ("u10b_new_upper_email_api_lowercases",)
WAITING = "RUNNING"


def runs(case: dict[str, Any]) -> list[dict[str, Any]]:
    return [case, *case.get("next_runs", [])]


CASES: list[tuple[str, dict[str, Any]]] = [
    (path.stem, run) for path in RECORDINGS for run in runs(json.loads(path.read_text()))
]
every_run = pytest.mark.parametrize(("case", "run"), CASES, ids=[case for case, _ in CASES])


class Replay:
    """One recorded run, asked again of a simulator in the recorded state."""

    def __init__(self, case: str, run: dict[str, Any]) -> None:
        dialect = replace(STAND_IN, email_kept="lower_case") if case in LOWER_CASE else STAND_IN
        self.sim = SimKuraCloud(dialect)
        self.sim.load(run["kuracloud_before"])
        self.tasks: dict[str, str] = {}
        self.requests = run["api_requests"]
        self._prepare_export(run.get("kuracloud_export", []))
        self._prepare_failures()

    def _prepare_export(self, lessons: list[Any]) -> None:
        statuses = [self._response(request).get("status") for request in self.requests if request["method"] == "GET"]
        self.sim.set_export(polls=statuses.count(WAITING), fails="FAILED" in statuses)
        if lessons:
            self.sim.set_lessons(101, lessons)

    def _prepare_failures(self) -> None:
        for request in self.requests:
            if request["status"] == 500:
                body = request["response"]
                self.sim.faults.add(Fault("status", match=f"{request['path']}$", method="POST", body=body))
            if request["status"] == 401:
                self.sim.rotate_token("another")

    def ask(self, request: dict[str, Any]) -> TestResponse:
        path = request["path"]
        for recorded, ours in self.tasks.items():
            path = path.replace(recorded, ours)
        answer = Client(self.sim.wsgi).open(
            path,
            method=request["method"],
            data=None if request["body"] is None else json.dumps(request["body"]),
            headers={"X-Kura-Token": "kura-token", "Content-Type": "application/json"},
        )
        if "taskToken" in self._response(request):
            self.tasks[request["response"]["taskToken"]] = answer.get_json()["taskToken"]
        return answer

    @staticmethod
    def _response(request: dict[str, Any]) -> dict[str, Any]:
        response = request.get("response")
        return response if isinstance(response, dict) else {}


def shape(value: Any) -> Any:
    """Keys and types; a list has the shapes that its entries have."""
    if isinstance(value, dict):
        return {name: shape(entry) for name, entry in value.items()}
    if isinstance(value, list):
        shapes = [shape(entry) for entry in value]
        return [one for number, one in enumerate(shapes) if one not in shapes[:number]]
    return type(value).__name__


def is_move(request: dict[str, Any]) -> bool:
    return str(request["path"]).endswith(("/student/delete", "/student/restore"))


def without_ids(students: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**student, "studentId": 0, "createdDate": 0} for student in students]


@every_run
def test_it_answers_like_the_stand_in(case: str, run: dict[str, Any]) -> None:
    replay = Replay(case, run)
    for request in replay.requests:
        answer = replay.ask(request)
        assert answer.status_code == request["status"], request
        if is_move(request):
            assert answer.get_json() == {}
        elif "response" in request:
            assert shape(answer.get_json()) == shape(request["response"]), request


@every_run
def test_it_ends_in_the_recorded_state(case: str, run: dict[str, Any]) -> None:
    replay = Replay(case, run)
    for request in replay.requests:
        replay.ask(request)
    for course_id, students in run["kuracloud_after"]["students"].items():
        assert without_ids(replay.sim.students(int(course_id))) == without_ids(students)
    for course_id, students in run["kuracloud_after"]["deleted"].items():
        assert without_ids(replay.sim.deleted(int(course_id))) == without_ids(students)


@every_run
def test_it_reads_out_what_is_there(case: str, run: dict[str, Any]) -> None:
    replay = Replay(case, run)
    before = run["kuracloud_before"]
    answers = {request["path"].split("/")[-1]: replay.ask(request) for request in replay.requests}
    if answers["course"].status_code == 200:
        assert answers["course"].get_json() == before["courses"]
    if "student?deleted=true" in answers:
        assert answers["student?deleted=true"].get_json() == before["deleted"].get("101", [])
    if "download" in answers:
        assert answers["download"].get_json() == run["kuracloud_export"]


def test_messages_of_the_stand_in_are_kept() -> None:
    recorded = {"u24_user_without_email": "Invalid email: ", "u28_invalid_token": "Invalid token"}
    for case, run in CASES:
        if case in recorded:
            replay = Replay(case, run)
            answers = [replay.ask(request) for request in replay.requests]
            assert answers[-1].get_json() == {"message": recorded.pop(case)}
    assert recorded == {}


def test_by_default_the_contract_wins_and_one_student_is_one_object() -> None:
    sim = SimKuraCloud()
    course = sim.add_course("Physiology")
    recorded = dict(reversed(CASES))["u01_new_student"]
    (request,) = (request for request in recorded["api_requests"] if request["method"] == "POST")
    headers = {"X-Kura-Token": sim.token, "Content-Type": "application/json"}
    answer = Client(sim.wsgi).post(f"/v2/course/{course}/student", json=request["body"], headers=headers)
    assert shape(answer.get_json()) == shape(request["response"][0])
