"""Previews and checks over the API, and going on from a preview: a job with a result, used once."""

from __future__ import annotations

from typing import Any

import pytest

from app.setup import tasks
from schemas.api import tasks as said
from tests.api_desk import ApiDesk

DIGEST = "0" * 64


@pytest.fixture
def mapped(api: ApiDesk) -> ApiDesk:
    """With one mapping and two students to add."""
    api.desk.enrol(2)
    api.desk.map()
    return api


def _done(api: ApiDesk, **body: Any) -> Any:
    """A task that was asked for and done."""
    answer = api.ask("POST", "/tasks", body, role="operator")
    assert answer.status_code == 202, answer.text
    tasks.do(api.desk.kit, answer.get_json()["id"], "host:1:start:")
    return api.get(answer.headers["Location"].removeprefix("/api/v1"))


def test_the_kinds_that_can_be_asked_for_are_those_that_can_be_done() -> None:
    assert set(said.KINDS) == set(tasks.KINDS)


def test_a_preview_is_asked_for_and_fetched_when_it_is_done(mapped: ApiDesk) -> None:
    asked = mapped.post("/tasks", {"kind": "roster_plan", "mapping": 1}, status=202)
    assert (asked["state"], asked["asked_by"]) == ("wanted", "key:admin-all")
    assert mapped.get(f"/tasks/{asked['id']}")["result"] is None
    again = mapped.post("/tasks", {"kind": "roster_plan", "mapping": 1}, status=202)
    assert again["id"] == asked["id"]
    tasks.do(mapped.desk.kit, asked["id"], "host:1:start:")
    done = mapped.get(f"/tasks/{asked['id']}")
    assert (done["state"], len(done["result"]["plan"]["held"])) == ("done", 2)
    assert mapped.desk.kura.students(mapped.desk.kura_course) == []


def test_going_on_does_what_was_shown_and_is_done_once(mapped: ApiDesk) -> None:
    done = _done(mapped, kind="roster_plan", mapping=1)
    digest = done["result"]["digest"]
    path = f"/tasks/{done['id']}/continue"
    assert mapped.refused("POST", path, {"digest": DIGEST}, status=409) == "stale_digest"
    gone = mapped.post(path, {"digest": digest}, status=202, role="operator")
    assert mapped.refused("POST", path, {"digest": digest}, status=409) == "used"
    assert mapped.get(f"/holds/{gone['hold']}")["decided_by"] == "key:operator-all"
    mapped.desk.work()
    assert len(mapped.desk.kura.students(mapped.desk.kura_course)) == 2
    [run] = mapped.get("/runs?mapping=1")["items"]
    assert run["covers"][1] >= gone["generation"]
    assert mapped.get(f"/tasks/{done['id']}")["state"] == "used"


def test_nothing_is_gone_on_with_that_shows_no_plan(mapped: ApiDesk) -> None:
    for body in ({"kind": "roster_plan", "mapping": 1}, {"kind": "mapping_check", "mapping": 1}):
        number = mapped.post("/tasks", body, status=202)["id"]
        assert mapped.refused("POST", f"/tasks/{number}/continue", {"digest": DIGEST}, status=409) == "no_plan"


def test_a_mapping_is_checked(mapped: ApiDesk) -> None:
    checks = _done(mapped, kind="mapping_check", mapping=1)["result"]["checks"]
    assert {each["name"]: each["state"] for each in checks}["lmsEnabled"] == "ok"


def test_the_audit_is_verified(mapped: ApiDesk) -> None:
    assert _done(mapped, kind="audit_check")["result"]["wrong"] == 0


def test_what_failed_says_why(mapped: ApiDesk) -> None:
    mapped.desk.moodle.delete_course(mapped.desk.course)
    failed = _done(mapped, kind="roster_plan", mapping=1)
    assert (failed["state"], failed["result"]) == ("failed", None)
    assert failed["reason"] == "course_gone"


@pytest.mark.parametrize("body", [{"kind": "roster_plan"}, {"kind": "audit_check", "mapping": 1}])
def test_a_task_about_a_mapping_says_which(mapped: ApiDesk, body: Any) -> None:
    answer = mapped.ask("POST", "/tasks", body)
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "mapping")


def test_tasks_are_listed_by_what_they_are_about(mapped: ApiDesk) -> None:
    numbers = [mapped.post("/tasks", {"kind": kind}, status=202)["id"] for kind in ("audit_check", "doctor")]
    numbers.append(mapped.post("/tasks", {"kind": "mapping_check", "mapping": 1}, status=202)["id"])
    listed = mapped.get("/tasks")
    assert [each["id"] for each in listed["items"]] == numbers[::-1]
    assert [each["kind"] for each in mapped.get("/tasks?mapping=1&state=wanted")["items"]] == ["mapping_check"]
    first = mapped.get("/tasks?limit=2")
    assert [each["id"] for each in mapped.get(f"/tasks?cursor={first['next']}")["items"]] == numbers[:1]
