"""The simulated Moodle with our plugin answers as a real Moodle 4.5 with it did, and the client understands both."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from app.clients.http import Http
from app.clients.moodle import MoodleClient
from app.clients.moodle_plugin import MoodlePlugin
from app.clients.phpform import php_form
from app.errors import CourseGone, KurasyncError, PermanentError
from sandbox.moodle import SimMoodle
from sandbox.moodle.state import SERVICE_USER
from schemas.plugin_grades import GradeToSave, ItemKey, ItemToSave
from tests.line_server import Line, answer, listening
from tests.plugin_story import DELETE, GRADES, ROSTER, SAVE, STATUS, Case, Story

RECORDINGS = Path(__file__).parent / "recordings" / "moodle" / "plugin"
RECORDED = {path.stem: json.loads(path.read_text()) for path in sorted(RECORDINGS.glob("*.json"))}
REFUSED: dict[str, type[KurasyncError]] = {
    "course_missing": CourseGone,
    "save_course_missing": CourseGone,
    "parameter_wrong": PermanentError,
    "roster_capability_unknown": PermanentError,
    "save_infinite": PermanentError,
    "save_maximum_too_high": PermanentError,
    "save_no_number": PermanentError,
}


@pytest.fixture(scope="module")
def told() -> dict[str, Case]:
    with SimMoodle.serving() as moodle:
        moodle.install_plugin()
        story = Story(moodle, moodle.url, moodle.token, SERVICE_USER)
    return {case.name: case for case in story.cases}


def test_the_story_is_told_as_it_was_recorded(told: dict[str, Case]) -> None:
    assert told.keys() == RECORDED.keys()


@pytest.mark.parametrize("name", RECORDED)
def test_the_simulator_answers_as_recorded(told: dict[str, Case], name: str) -> None:
    recorded, case = RECORDED[name], told[name]
    assert recorded["request"] == {"wsfunction": case.function, "params": case.params}
    assert case.body == recorded["body"]
    assert kinds(case.body) == kinds(recorded["body"])


def kinds(value: Any) -> Any:
    """The types of JSON, in which 1 and 1.0 are one, and true is none of them."""
    if isinstance(value, dict):
        return {name: kinds(each) for name, each in value.items()}
    if isinstance(value, list):
        return [kinds(each) for each in value]
    return "number" if type(value) in (int, float) else type(value).__name__


def items_sent(params: dict[str, Any]) -> list[ItemToSave]:
    return [
        ItemToSave(
            item["lessonid"],
            item["revisionid"],
            tuple(
                GradeToSave(each["userid"], each.get("grade"), each.get("previous")) for each in item.get("grades", [])
            ),
            item.get("name"),
            item.get("maximum"),
        )
        for item in params["items"]
    ]


CALLS: dict[str, Callable[[MoodlePlugin, dict[str, Any]], Any]] = {
    ROSTER: lambda plugin, params: plugin.roster(params["courseid"], params.get("userids", ())),
    GRADES: lambda plugin, params: plugin.grades(params["courseid"]),
    SAVE: lambda plugin, params: plugin.save_grades(params["courseid"], items_sent(params)),
    DELETE: lambda plugin, params: plugin.delete_items(params["courseid"], [ItemKey(**key) for key in params["items"]]),
    STATUS: lambda plugin, params: plugin.status(),
}


def replayed(name: str) -> tuple[dict[str, str], Any]:
    """The form that the client sends for a recorded call, and what it makes of the answer."""
    recorded, forms = RECORDED[name], []

    def conversation(line: Line) -> None:
        while request := line.request():
            forms.append(dict(parse_qsl(request.body.decode(), keep_blank_values=True)))
            line.send(answer(json.dumps(recorded["body"]).encode()))

    with listening(conversation) as server:
        client = MoodleClient(Http(server.url, "moodle", connect_timeout=2, call_timeout=5), "MOODLE_TOKEN")
        try:
            found = CALLS[recorded["request"]["wsfunction"]](client.plugin, recorded["request"]["params"])
        finally:
            client.close()
    return forms[0], found


@pytest.mark.parametrize("name", sorted(RECORDED.keys() - REFUSED.keys() - {"parameter_missing"}))
def test_the_client_asks_and_understands_as_recorded(name: str) -> None:
    form, found = replayed(name)
    recorded = RECORDED[name]
    body, request = recorded["body"], recorded["request"]
    terms = {"wstoken": "MOODLE_TOKEN", "wsfunction": request["wsfunction"], "moodlewsrestformat": "json"}
    assert form == dict(php_form({**terms, **request["params"]}))
    assert list(found.missing) == body["missing"]
    rows = found.users if hasattr(found, "users") else getattr(found, "items", ())
    assert len(rows) == len(body.get("users", body.get("items", [])))


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_the_client_sorts_the_refusals_that_were_recorded(name: str) -> None:
    with pytest.raises(KurasyncError) as caught:
        replayed(name)
    assert type(caught.value) is REFUSED[name]
