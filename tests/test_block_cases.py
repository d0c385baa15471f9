"""The cases of recordings/block about users: the outcome that design.md 5 and 6 ask for, often not the plugin's.

Each recorded run is set up on both simulators as it was before, then looked at until nothing is left to do. Where the
recording lists no defects, the writes must be those recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.kit import Kit
from app.store import instances, links
from app.store.links import NewLink
from app.store.runs import Run
from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from tests.conftest import SetClock
from tests.world import World, world

FOLDER = Path(__file__).parent / "recordings" / "block"
RECORDED_AT = 1_795_340_000.0  # between the two dates of u14_future_and_expired_new
DIALECTS = {"u10b_new_upper_email_api_lowercases": Dialect(email_kept="lower_case")}
LINKED_BY_MOODLE = ("u09_email_changed_kura_mapped",)  # in the others the link is as old as kuraCloud's address
OUTSIDERS = {"5174": "dup1607720476@example.edu"}  # accounts that are not in the course
HIDDEN = ("u31_guest_and_hidden_course",)

Recorded = dict[str, Any]


def runs_of(case: str) -> list[Recorded]:
    first = json.loads((FOLDER / f"{case}.json").read_text())
    return [{**run, "case": case, "defects": first["defects"]} for run in (first, *first.get("next_runs", []))]


def each_run(case: str, only: int | None = None) -> pytest.MarkDecorator:
    runs = [pytest.param(run, id=f"run{number}") for number, run in enumerate(runs_of(case), 1)]
    return pytest.mark.parametrize("run", runs if only is None else [runs[only - 1]])


@pytest.fixture
def at(sqlite_kit: Kit, clock: SetClock, run: Recorded) -> Iterator[World]:
    """The world as it was before a recorded run."""
    clock.at = RECORDED_AT
    with world(sqlite_kit, clock, DIALECTS.get(run["case"])) as made:
        made.kura.load(run["kuracloud_before"])
        users = {user["id"]: _user(made, user) for user in run["moodle_before"]["users"]}
        _link(made, run, users)
        if run["case"] in HIDDEN:
            made.moodle.hide_course(made.course)
        yield made


def _user(made: World, user: Recorded) -> int:
    names = {name: user[name] for name in ("firstname", "lastname", "email", "idnumber", "username")}
    userid = made.moodle.create_user(**names)
    start, end, status = (int(user[name]) for name in ("timestart", "timeend", "enrolstatus"))
    role = user["roles"][0] if user["roles"] else None
    made.moodle.enrol(userid, made.course, role=role, timestart=start, timeend=end, status=status)
    if user["suspended"] == "1":
        made.moodle.suspend_user(userid)
    for name in user["groups"]:
        made.moodle.join_group(userid, made.moodle.create_group(made.course, name))
    return int(userid)


def _link(made: World, run: Recorded, users: dict[str, int]) -> None:
    before = run["kuracloud_before"]
    students = [*before["students"].get("101", []), *before["deleted"].get("101", [])]
    shown = {str(student["studentId"]): student["email"] for student in students}
    rows = []
    for link in run["moodle_before"]["links"]:
        email = shown[link["remote_studentid"]]
        userid = users.get(link["userid"]) or _outsider(made, link["userid"])
        if run["case"] in LINKED_BY_MOODLE:
            email = next(user["email"] for user in run["moodle_before"]["users"] if user["id"] == link["userid"])
        rows.append(NewLink(userid, int(link["remote_studentid"]), email, {}))
    with made.kit.database.transaction() as tx:
        links.create(tx, made.clock(), made.mapping_id, rows)


def _outsider(made: World, recorded_id: str) -> int:
    email = OUTSIDERS.get(recorded_id, f"left{recorded_id}@example.edu")
    return int(made.moodle.create_user(firstname="Outside", lastname="Lab", email=email))


def writes(made: World) -> list[tuple[str, str]]:
    """What was written to kuraCloud: path and body, as text, so that 1 is not true."""
    sent = [call for call in made.kura.calls if call.method != "GET"]
    return [(call.path, _text(call.body)) for call in sent]


def recorded_writes(run: Recorded) -> list[tuple[str, str]]:
    sent = [request for request in run["api_requests"] if request["method"] != "GET"]
    return [(request["path"], _text(request["body"])) for request in sent]


def good_edits(run: Recorded) -> list[tuple[str, str]]:
    """The recorded writes without the plugin's `inviteComplete: 1`."""
    recorded = recorded_writes(run)
    return [(path, body.replace('"inviteComplete": 1,', '"inviteComplete": true,')) for path, body in recorded]


def _text(body: Any) -> str:
    return json.dumps(body, sort_keys=True, ensure_ascii=False)


def run_of(made: World) -> Run:
    run = made.sync()
    assert run.outcome == "done", run.message
    return run


def assert_in_step(made: World) -> None:
    """Another run finds nothing and writes nothing."""
    before = len(made.kura.calls.matching("^P"))
    assert (run_of(made).counts, made.hold()) == ({}, None)
    assert len(made.kura.calls.matching("^P")) == before


def as_recorded(made: World, run: Recorded, **counts: int) -> None:
    """A fair model: nothing waits, and the requests are the recorded ones."""
    assert run["defects"] == []
    assert run_of(made).counts == counts
    assert writes(made) == recorded_writes(run)
    assert_in_step(made)


def held(made: World) -> list[tuple[str, list[str]]]:
    """What waits after a run: actions with reasons. Nothing of it was done."""
    run_of(made)
    assert writes(made) == []
    hold = made.hold()
    assert hold is not None
    return [(item["action"], item["reasons"]) for item in hold.items]


def linked(made: World) -> list[tuple[str, int]]:
    """Links in force, as (user name's e-mail in Moodle, student)."""
    users = {user["id"]: user["email"] for user in made.moodle.state()["users"]}
    return [(users[link.userid], link.studentid) for link in made.links()]


def test_every_recorded_case_about_users_has_its_test() -> None:
    cases = {path.stem for path in FOLDER.glob("u*.json")}
    assert {name.removeprefix("test_") for name in globals() if name.startswith("test_u")} == cases


@each_run("u01_new_student")
def test_u01_new_student(at: World, run: Recorded) -> None:
    as_recorded(at, run, **({} if run["moodle_before"]["links"] else {"add": 1}))


@each_run("u02_new_varied")
def test_u02_new_varied(at: World, run: Recorded) -> None:
    as_recorded(at, run, **({} if run["moodle_before"]["links"] else {"add": 2}))


@each_run("u03_name_changed")
def test_u03_name_changed(at: World, run: Recorded) -> None:
    assert run_of(at).counts == {"edit": 1}
    assert writes(at) == good_edits(run)
    assert_in_step(at)


@each_run("u04_idnumber_changed")
def test_u04_idnumber_changed(at: World, run: Recorded) -> None:
    assert run_of(at).counts == {"edit": 1}
    assert writes(at) == good_edits(run)
    assert_in_step(at)


@each_run("u05_group_section_changed")
def test_u05_group_section_changed(at: World, run: Recorded) -> None:
    assert run_of(at).counts == {"edit": 1}
    assert writes(at) == good_edits(run)
    assert_in_step(at)


@each_run("u05b_group_removed")
def test_u05b_group_removed(at: World, run: Recorded) -> None:
    assert run_of(at).counts == {"edit": 1}
    assert writes(at) == good_edits(run)
    assert_in_step(at)


@each_run("u07_email_changed_moodle_mapped")
def test_u07_email_changed_moodle_mapped(at: World, run: Recorded) -> None:
    """The guide's answer, once a person has agreed: delete the old account, invite the new address."""
    assert held(at) == [("reinvite", ["email_changed"])]
    assert at.approve().counts == {"reinvite": 1}
    assert [path.rpartition("/")[2] for path, _ in writes(at)] == ["delete", "student"]
    assert at.emails() == ["k9_a_063.6983@example.edu"]
    assert_in_step(at)


@each_run("u09_email_changed_kura_mapped")
def test_u09_email_changed_kura_mapped(at: World, run: Recorded) -> None:
    """Moodle decides the address; that it was linked before is said too, since it would be a second invitation."""
    assert held(at) == [("reinvite", ["email_changed", "invited_before"])]
    assert at.approve().counts == {"reinvite": 1}
    assert at.emails() == ["k12_a_064.0178@example.edu"]
    assert_in_step(at)


@each_run("u10_email_case_differs_unmapped")
def test_u10_email_case_differs_unmapped(at: World, run: Recorded) -> None:
    as_recorded(at, run, link=1)
    assert linked(at) == [("Case.Diff968204912@Example.EDU", 1)]


@each_run("u10b_new_upper_email_api_lowercases")
def test_u10b_new_upper_email_api_lowercases(at: World, run: Recorded) -> None:
    as_recorded(at, run, **({} if run["moodle_before"]["links"] else {"add": 1}))
    assert linked(at) == [("Upper740505173@Example.EDU", 5001)]


@each_run("u11_deleted_remote_reenrolled_mapped")
def test_u11_deleted_remote_reenrolled_mapped(at: World, run: Recorded) -> None:
    as_recorded(at, run, restore=1)
    assert at.kura.invites == []


@each_run("u11b_deleted_remote_mapped_and_renamed")
def test_u11b_deleted_remote_mapped_and_renamed(at: World, run: Recorded) -> None:
    assert run_of(at).counts == {"restore": 1, "edit": 1}
    assert writes(at) == good_edits(run)
    assert_in_step(at)


@each_run("u13_suspended_enrolment")
def test_u13_suspended_enrolment(at: World, run: Recorded) -> None:
    """Not a student any more: removed as soon as a person agrees, with the link ended."""
    assert held(at) == [("delete", ["unproven"])]
    assert at.approve().counts == {"delete": 1}
    assert (at.emails(), linked(at)) == ([], [])
    assert_in_step(at)


@each_run("u14_future_and_expired_new")
def test_u14_future_and_expired_new(at: World, run: Recorded) -> None:
    assert run_of(at).counts == {}
    assert (writes(at), at.hold()) == ([], None)


@each_run("u15_suspended_account")
def test_u15_suspended_account(at: World, run: Recorded) -> None:
    assert held(at) == [("delete", ["unproven"])]
    assert at.approve().counts == {"delete": 1}
    assert (at.emails(), linked(at)) == ([], [])
    assert_in_step(at)


@each_run("u16b_no_role")
def test_u16b_no_role(at: World, run: Recorded) -> None:
    as_recorded(at, run)


@each_run("u17_unenrolled", only=1)
def test_u17_unenrolled(at: World, run: Recorded) -> None:
    """The plugin's request, once a person has agreed; unlike there, the link ends with the student."""
    assert held(at) == [("delete", ["unproven"])]
    assert at.approve().counts == {"delete": 1}
    assert writes(at) == recorded_writes(run)
    assert [link.ended_reason for link in at.links(ended=True)] == ["removed"]
    assert_in_step(at)


@each_run("u17_unenrolled", only=2)
def test_the_second_run_of_u17_finds_the_student_deleted_and_does_nothing(at: World, run: Recorded) -> None:
    assert_in_step(at)
    assert writes(at) == recorded_writes(run) == []


@each_run("u18c_duplicate_email_outside_course", only=1)
def test_u18c_duplicate_email_outside_course(at: World, run: Recorded) -> None:
    """The student belongs to the user in the course, whoever else has the address."""
    outsider = _outsider(at, "5174")
    assert run_of(at).counts == {"add": 1}
    assert writes(at) == recorded_writes(run)
    assert [link.userid for link in at.links()] != [outsider]
    assert_in_step(at)


@each_run("u18c_duplicate_email_outside_course", only=2)
def test_the_second_run_of_u18c_asks_before_it_gives_anothers_student_to_the_user(at: World, run: Recorded) -> None:
    assert held(at) == [("relink", ["merge"])]
    assert at.approve().counts == {"relink": 1, "conflicts": 1}
    assert [link.ended_reason for link in at.links(ended=True)] == ["merged"]
    assert writes(at) == []
    assert_in_step(at)


@each_run("u20_empty_course_remote_students")
def test_u20_empty_course_remote_students(at: World, run: Recorded) -> None:
    """Nobody is deleted because nobody is enrolled; who was added by hand stays until a person says otherwise."""
    assert held(at) == [("remove_unmanaged", ["unmanaged"])] * 2
    at.set(unmanaged="keep")
    assert_in_step(at)
    assert at.emails() == ["a@x.edu", "b@x.edu"]


@each_run("u21_empty_both")
def test_u21_empty_both(at: World, run: Recorded) -> None:
    as_recorded(at, run)


@each_run("u22_remote_course_missing")
def test_u22_remote_course_missing(at: World, run: Recorded) -> None:
    """The mapping is suspended, nothing is written, and the course's return lets it go on."""
    ended = at.sync()
    assert (ended.outcome, ended.reason) == ("parked", "kuracloud_course_gone")
    assert "Restore it in kuraCloud" in str(ended.message)
    assert writes(at) == recorded_writes(run) == []
    assert [call.name for call in at.kura.calls] == ["GET /v2/course"]


@each_run("u24_user_without_email")
def test_u24_user_without_email(at: World, run: Recorded) -> None:
    """One bad address stops nobody else: the one is a conflict, the other is added."""
    ended = run_of(at)
    assert ended.counts == {"add": 1, "conflicts": 1}
    assert [conflict["conflict"] for conflict in ended.plan["conflicts"]] == ["no_email"]
    assert at.emails() == ["k34_b_066.3537@example.edu"]
    assert run_of(at).counts == {"conflicts": 1}


@each_run("u25_api_500_on_add")
def test_u25_api_500_on_add(at: World, run: Recorded) -> None:
    """Tried again by itself, and nobody is invited twice."""
    at.kura.faults.add(Fault("status", match="POST .*/student$", times=1, status=500))
    assert at.sync().outcome == "retry"
    assert writes(at) == recorded_writes(run)
    at.clock.advance(3600)
    assert run_of(at).counts == {"add": 1}
    assert [address for _, address, _ in at.kura.invites] == ["k35_a_066.4557@example.edu"]
    assert_in_step(at)


@each_run("u27_add_returns_other_email")
def test_u27_add_returns_other_email(at: World, run: Recorded) -> None:
    as_recorded(at, run, add=1)


@each_run("u28_invalid_token")
def test_u28_invalid_token(at: World, run: Recorded) -> None:
    """The instance is parked with its mappings, and the message says where a new token comes from."""
    at.kura.rotate_token("another")
    ended = at.sync()
    assert (ended.outcome, ended.reason) == ("parked", "token_refused")
    assert "kurasync instance rotate" in str(ended.message)
    with at.kit.database.reading() as tx:
        instance = instances.get(tx, at.instance_id)
    assert instance is not None
    assert (instance.gate, instance.gate_reason) == ("parked", "token_refused")
    assert writes(at) == []


@each_run("u29_remote_only_student")
def test_u29_remote_only_student(at: World, run: Recorded) -> None:
    """The plugin's request only after a person has agreed."""
    assert held(at) == [("remove_unmanaged", ["unmanaged"])]
    assert at.approve().counts == {"remove_unmanaged": 1}
    assert writes(at) == recorded_writes(run)
    assert_in_step(at)


@each_run("u31_guest_and_hidden_course")
def test_u31_guest_and_hidden_course(at: World, run: Recorded) -> None:
    as_recorded(at, run, add=1)
