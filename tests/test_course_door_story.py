"""A teacher's day, over HTTP: map the course, preview, continue, grades, and give the mapping up again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.kit import Kit
from app.setup import mappings, tasks
from app.web import create_app
from sandbox.moodle.course_client import CourseClient
from sandbox.server import Server
from tests.conftest import SetClock
from tests.grading import course as a_course
from tests.world import SECRET
from tests.world import world as a_world

TEACHER = 5


def test_a_course_is_mapped_kept_in_step_graded_and_given_up_from_within_moodle(
    kit: Kit, clock: SetClock
) -> None:
    with a_world(kit, clock) as world, Server(create_app(kit)) as server:
        course = world.moodle.create_course("Anatomy", shortname="ANA")
        world.kura.add_course("Anatomy", lmsEnabled=False)
        plugin = CourseClient(f"{server.url}/courses/uni", SECRET, world.moodle.url)

        def ask(verb: str, **arguments: Any) -> Any:
            answer = plugin.ask(course, TEACHER, verb, **arguments)
            assert answer.status == 200, answer.document
            return answer.document

        assert ask("status")["mapping"] is None
        (chosen,) = ask("candidates", search="anat")["courses"]
        number = ask("map", instance=chosen["instance"], course=chosen["course"])["mapping"]
        here = replace(world, mapping_id=number, course=course, kura_course=chosen["course"], outcomes=[])
        ana = here.enrol("Ana")

        shown = ask("preview", kind="roster")["task"]
        tasks.do(kit, shown, "host:1:0:")
        plan = ask("task", task=shown)
        assert plan["counts"] == {"add": 1}
        assert plan["sections"][0]["remark"] == "Why: The first plan of a mapping waits for approval."
        ask("continue", task=shown, digest=plan["digest"])
        assert here.turn() == "done"
        status = ask("status")
        assert (status["counts"], status["holds"], status["mapping"]["started"]) == ({"invited": 1}, [], True)
        assert status["mapping"]["last_in_step"] == status["mapping"]["last_run"]["at"]
        assert [each["userid"] for each in ask("students")["students"]] == [ana]

        with a_course(here) as made:
            clock.advance(1)
            made.grade(ana, 4)
            ask("sync", kind="grades")
            made.turns()
            (grade,) = ask("grades")["cells"]
            assert (grade["userid"], grade["standing"], grade["shown"]) == (ana, "in_step", 4.0)

        assert ask("unmap", mapping=number) == {"given_back": True}
        assert ask("status")["mapping"] is None
        assert plugin.ask(course, TEACHER, "students").status == 404


def test_the_plugin_that_is_set_up_can_ask(sqlite_kit: Kit, clock: SetClock) -> None:
    with a_world(sqlite_kit, clock) as world, Server(create_app(sqlite_kit)) as server:
        world.moodle.set_up_plugin(f"{server.url}/events/uni")
        assert world.moodle.course_client is not None
        answer = world.moodle.course_client.ask(world.course, TEACHER, "status")
        assert (answer.status, answer.document["reason"]) == (401, "bad_signature"), "its secret is not known here yet"


@pytest.mark.parametrize("state", ["parked", "paused"])
def test_what_is_in_the_way_is_told_without_commands(sqlite_kit: Kit, clock: SetClock, state: str) -> None:
    with a_world(sqlite_kit, clock) as world, Server(create_app(sqlite_kit)) as server:
        plugin = CourseClient(f"{server.url}/courses/uni", SECRET, world.moodle.url)
        if state == "paused":
            mappings.pause(sqlite_kit, world.mapping_id, "cli:tester")
        else:
            world.kura.rotate_token("another")
            world.sync()
        found = plugin.ask(world.course, TEACHER, "status").document["mapping"]
        assert found["obstacle_reason"] == ("paused" if state == "paused" else "instance_parked")
        assert "those who run kurasync" in found["obstacle"].lower()
