"""Moving over from block_kuracloud: a course in step stays in step, and nothing of it is made anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import update

from app.kit import Kit
from app.planning.grade_actions import Column
from app.planning.gradebook import Cell, KnownCell, KnownColumn
from app.setup import instances as instance_verbs
from app.setup.block.adopt import adopt, enable_lms
from app.store import audit, cells, instances, worklist
from app.store.tables import sites
from app.sync import grades, roster
from sandbox.faults import Fault
from schemas.block import Block, WrittenGrade
from tests.conftest import SetClock
from tests.old_block import ACTOR, INSTANCE, OldBlock, encrypted, kinds, old_block


@pytest.fixture
def old(sqlite_kit: Kit) -> Iterator[OldBlock]:
    with old_block(sqlite_kit) as made:
        yield made


@pytest.fixture
def on_both(kit: Kit) -> Iterator[OldBlock]:
    with old_block(kit) as made:
        yield made


def test_a_course_in_step_has_an_empty_first_plan_and_nothing_was_written(on_both: OldBlock) -> None:
    course, kura_course, users = on_both.course(5)
    (done,) = on_both.adopt()
    assert done.mapping_id is not None, done.message
    (mapping,) = on_both.mappings()
    assert (mapping.courseid, mapping.kura_courseid, mapping.started_at) == (course, kura_course, None)
    assert {link.userid: link.studentid for link in on_both.links(mapping.id)} == {
        userid: on_both.studentid(userid) for userid in users
    }
    run = on_both.turn(mapping.id)
    assert (run.outcome, run.message, run.drift) == ("done", "In step: nothing to do.", 0)
    assert on_both.writes() == []
    (mapping,) = on_both.mappings()
    assert mapping.started_at is not None  # there was nothing to ask


def test_students_whose_addresses_differ_by_now_are_not_matched_anew(old: OldBlock) -> None:
    _, _, (userid,) = old.course(1)
    old.moodle.change_email(userid, "new-address@example.edu")
    survey = old.survey()
    assert [pair.userid for pair in kinds(survey)["address_differs"][0].pairs] == [userid]
    old.adopt()
    look = roster.preview(old.kit, 1)
    assert [(held.action.kind, held.reasons) for held in look.verdict.held] == [
        ("reinvite", ("first_run", "email_changed"))
    ]


def test_what_is_out_of_step_waits_for_approval(old: OldBlock) -> None:
    course, _, (leaver, renamed) = old.course(2)
    newcomer = old.moodle.create_user(firstname="Bo", lastname="May", email="bo@example.edu")
    old.moodle.enrol(newcomer, course)
    old.moodle.unenrol(leaver, course)
    old.moodle.rename_user(renamed, firstname="Anna")
    old.adopt()
    run = old.turn(1)
    assert run.message == "3 held."
    assert old.writes() == []
    look = roster.preview(old.kit, 1)
    assert {held.action.kind for held in look.verdict.held} == {"add", "delete", "edit"}
    assert all("first_run" in held.reasons for held in look.verdict.held)


def test_it_can_be_repeated(old: OldBlock) -> None:
    old.course(2)
    old.adopt()
    survey = old.survey()
    assert survey.adoptees == ()
    assert set(kinds(survey)) == {"mapped_already"}
    assert old.adopt() == []


def test_the_instance_is_made_with_the_blocks_token(old: OldBlock) -> None:
    old.course(1)
    (target,) = old.survey().new_instances
    assert (target.name, target.display_name, target.url) == ("sandbox", "Sandbox University", old.kura.url)
    with old.kit.database.reading() as tx:
        assert instances.every(tx) == []
    old.adopt()
    with old.kit.database.reading() as tx:
        (made,) = instances.every(tx)
    assert (made.name, made.remote_id) == ("sandbox", INSTANCE)
    assert old.kit.vault.decrypt(made.token) == old.kura.token
    assert old.kura.token not in repr(old.survey())


def test_an_instance_that_was_added_before_is_used_with_its_own_token(old: OldBlock) -> None:
    old.course(1)
    instance_verbs.add(old.kit, name="kura", url=old.kura.url, token=old.kura.token, actor=ACTOR)
    survey = old.survey(key=None)
    assert survey.new_instances == ()
    assert survey.adoptees[0].target.name == "kura"
    old.adopt()
    with old.kit.database.reading() as tx:
        assert [each.name for each in instances.every(tx)] == ["kura"]


@pytest.mark.parametrize(
    ("instanceid", "name"), [("Example Uni!", "example-uni"), ("4711", "kura-4711"), ("---", "kura"), ("", "kura")]
)
def test_an_instance_gets_a_name_like_kuraclouds(
    old: OldBlock, instanceid: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {**old.kura.instance(), "instanceId": instanceid}
    monkeypatch.setattr(old.kura, "instance", lambda: told)
    block = old.block()
    endpoint = replace(block.endpoints[0], instanceid=instanceid)
    old.course()
    (mapped,) = old.block().courses
    found = old.survey(Block((endpoint,), (replace(mapped, remote_instanceid=instanceid),), ()))
    assert [target.name for target in found.new_instances] == [name]


def test_a_name_that_is_taken_gets_a_number(old: OldBlock) -> None:
    old.course()
    with old.kit.database.transaction() as tx:
        sealed = old.kit.vault.encrypt("another")
        url = "https://kura.example.edu"
        instances.add(tx, 1.0, name="sandbox", url=url, token=sealed, remote_id="other", display_name="Other")
    assert [target.name for target in old.survey().new_instances] == ["sandbox-2"]


def test_lms_enabled_is_switched_on_where_it_is_off_and_both_is_written_down(old: OldBlock) -> None:
    _, kura_course, _ = old.course(1)
    old.kura.set_course(kura_course, lmsEnabled=False)
    survey = old.survey()
    assert (set(kinds(survey)), survey.adoptees) == ({"lms_off"}, ())
    assert old.writes() == []
    enable_lms(old.kit, survey, ACTOR)
    old.adopt()
    assert old.kura.courses[kura_course].lms_enabled
    with old.kit.database.reading() as tx:
        rows = audit.search(tx)
    assert ("set_lms_enabled", "done") in {(row.operation, row.outcome) for row in rows}
    (adopted,) = [row for row in rows if row.operation == "adopt_mapping" and row.phase == "begin"]
    assert (adopted.subject["links"], adopted.mapping_id, adopted.actor) == (1, 1, ACTOR)


def test_a_look_at_every_adopted_course_is_wanted(old: OldBlock) -> None:
    old.course()
    old.course()
    old.adopt()
    with old.kit.database.reading() as tx:
        assert [row.wanted - row.seen for row in worklist.rows(tx)] == [1, 1]


def test_a_course_that_somebody_mapped_meanwhile_stops_no_other(old: OldBlock) -> None:
    old.course(1)
    old.course(1)
    survey, block = old.survey(), old.block()
    old.adopt(replace(block, courses=block.courses[:1]))
    failed, done = adopt(old.kit, survey, ACTOR)
    assert failed.mapping_id is None
    assert "is mapped already" in failed.message
    assert [mapping.id for mapping in old.mappings()] == [1, done.mapping_id]
    assert len(old.links(1)) == 1


def test_a_course_that_cannot_be_looked_at_stops_no_other(old: OldBlock) -> None:
    _, kura_course, _ = old.course(1)
    course, _, _ = old.course(1)
    old.kura.faults.add(Fault("status", match=f"/course/{kura_course}/student", status=400))
    survey = old.survey()
    assert [each.moodle.id for each in survey.adoptees] == [course]
    assert [each.about for each in kinds(survey)["unread"]] == ["uni:2"]


def test_an_instance_that_cannot_be_asked_is_named_once(old: OldBlock) -> None:
    old.course(1)
    old.course(1)
    old.kura.faults.add(Fault("status", match="GET /v2/course", status=400))
    survey = old.survey()
    assert survey.adoptees == ()
    assert [(each.kind, each.about) for each in survey.findings] == [("unread", INSTANCE)]


def adopt_earlier(old: OldBlock, clock: SetClock, block: Block | None = None) -> None:
    """Adopt a moment ago: an export counts no link that was made at the very moment it was asked for."""
    old.adopt(block)
    clock.advance(1)


def test_a_column_of_the_blocks_is_neither_made_twice_nor_renamed_nor_lost(old: OldBlock, clock: SetClock) -> None:
    course, kura_course, (userid,) = old.course(1)
    lesson = old.kura.add_lesson(kura_course, "The heart")
    revision = old.kura.add_revision(kura_course, lesson, "Heart", {"q1": 10})
    old.kura.set_grade(kura_course, revision, old.studentid(userid), {"q1": 4})
    old.wrote(old.graded(course, lesson, revision, "Heart"), userid, 4)
    adopt_earlier(old, clock)
    look = grades.preview(old.kit, 1)
    assert look.plan.actions == ()
    assert look.plan.left == ()


@pytest.fixture
def graded(old: OldBlock) -> tuple[Block, Column, list[int]]:
    """Of four grades the first is the block's, the second was changed by a teacher, the third in some way that the
    history does not know, and the fourth is older than the history; kuraCloud has others by now."""
    course, kura_course, users = old.course(4)
    lesson = old.kura.add_lesson(kura_course, "The heart")
    revision = old.kura.add_revision(kura_course, lesson, "Heart", {"q1": 10})
    for userid in users:
        old.kura.set_grade(kura_course, revision, old.studentid(userid), {"q1": 8})
    item = old.graded(course, lesson, revision, "Heart")
    for userid in users[:3]:
        old.wrote(item, userid, 5)
    old.wrote(item, users[1], 6, "gradebook")
    old.moodle.write_grade(item, users[2], 7)
    old.moodle.write_grade(item, users[3], 5)
    block = old.block()
    place = {"courseid": course, "lesson": lesson, "revision": revision}
    rows = old.rows["grade_grades_history"]
    return (
        replace(
            block,
            grades=tuple(
                WrittenGrade(**place, userid=row["userid"], grade=row["finalgrade"], source=row["source"] or "")
                for row in rows
            ),
        ),
        Column(lesson, revision),
        users,
    )


def test_only_grades_that_moodles_history_shows_as_the_blocks_may_be_overwritten(
    old: OldBlock, clock: SetClock, graded: tuple[Block, Column, list[int]]
) -> None:
    block, column, users = graded
    adopt_earlier(old, clock, block)
    with old.kit.database.reading() as tx:
        assert cells.cells(tx, 1) == {Cell(column, users[0]): KnownCell(5.0, 5.0)}
        assert cells.columns(tx, 1) == {column: KnownColumn("Heart")}
    look = grades.preview(old.kit, 1)
    assert [(action.kind, action.userid) for action in look.plan.actions] == [("grade_set", users[0])]
    assert [(left.reason, left.userid) for left in look.plan.left] == [("person", userid) for userid in users[1:]]
    assert [held.reasons for held in look.verdict.held] == [("first_run",)]


def test_without_the_history_no_grade_that_differs_is_touched(
    old: OldBlock, clock: SetClock, graded: tuple[Block, Column, list[int]]
) -> None:
    _, _, users = graded
    adopt_earlier(old, clock)
    look = grades.preview(old.kit, 1)
    assert look.plan.actions == ()
    assert [(left.reason, left.userid) for left in look.plan.left] == [("person", userid) for userid in users]


def test_a_title_that_changed_since_the_blocks_last_visit_is_noticed(
    old: OldBlock, clock: SetClock, graded: tuple[Block, Column, list[int]]
) -> None:
    block, column, _ = graded
    old.kura.change_revision(old.block().courses[0].remote_courseid, column.revision, title="The new heart")
    adopt_earlier(old, clock, block)
    look = grades.preview(old.kit, 1)
    assert [action.name for action in look.plan.actions if action.kind == "column_edit"] == [
        f"The new heart kuraID: {column.lesson}-{column.revision}"
    ]


def test_a_teachers_name_for_a_column_stays_whatever_the_title(
    old: OldBlock, clock: SetClock, graded: tuple[Block, Column, list[int]]
) -> None:
    block, column, _ = graded
    items = old.moodle.site.gradebook.of_course(block.courses[0].courseid)
    (item,) = [each for each in items if each.itemmodule == "kuracloud"]
    old.moodle.rename_item(item.id, "My own name")
    old.kura.change_revision(block.courses[0].remote_courseid, column.revision, title="The new heart")
    adopt_earlier(old, clock, block)
    assert not [action for action in grades.preview(old.kit, 1).plan.actions if action.kind == "column_edit"]


def test_a_column_that_is_deleted_before_the_first_grades_is_not_made_again_unasked(
    old: OldBlock, clock: SetClock, graded: tuple[Block, Column, list[int]]
) -> None:
    block, _, _ = graded
    adopt_earlier(old, clock, block)
    items = old.moodle.site.gradebook.of_course(block.courses[0].courseid)
    (item,) = [each for each in items if each.itemmodule == "kuracloud"]
    old.moodle.delete_item(item.id)
    held = {each.action.kind: each.reasons for each in grades.preview(old.kit, 1).verdict.held}
    assert held["column_add"] == ("first_run", "column_deleted")


def test_without_the_plugin_rosters_are_moved_over_and_grades_wait_for_it(
    old: OldBlock, graded: tuple[Block, Column, list[int]]
) -> None:
    block, _, users = graded
    old.moodle.uninstall_plugin()
    with old.kit.database.transaction() as tx:
        tx.execute(update(sites).values(plugin=None))
    old.adopt(block)
    assert len(old.links(1)) == len(users)
    with old.kit.database.reading() as tx:
        assert cells.cells(tx, 1) == {}
    assert old.turn(1).message == "In step: nothing to do."


def test_the_token_of_another_instance_is_not_used(old: OldBlock) -> None:
    old.course()
    other = replace(old.block().endpoints[0], instanceid="another")
    mapped = replace(old.block().courses[0], remote_instanceid="another")
    survey = old.survey(Block((other,), (mapped,), ()))
    assert survey.adoptees == ()
    (found,) = kinds(survey)["token"]
    assert "belongs to another instance" in found.message


def test_an_address_that_is_none_stops_nothing_but_its_instance(old: OldBlock) -> None:
    old.course()
    block = old.block()
    for address in ("", "kura", "ftp://kura.example.edu", "http://kura.example.edu"):
        endpoint = replace(block.endpoints[0], api_endpoint=address)
        (found,) = old.survey(replace(block, endpoints=(endpoint,))).findings
        assert found.kind == "token"


@pytest.mark.parametrize(
    ("token", "key", "said"),
    [(None, None, "No key file"), (None, b"x" * 32, "does not open"), ("wrong", bytes(range(32)), "does not accept")],
)
def test_a_token_that_cannot_be_used_says_how_to_add_the_instance_by_hand(
    old: OldBlock, token: str | None, key: bytes | None, said: str
) -> None:
    old.course()
    if token:
        old.rows["block_kuracloud_endpoints"].clear()
        old.endpoint(encrypted(token))
    survey = old.survey(key=key)
    assert survey.adoptees == ()
    (found,) = survey.findings
    assert (found.kind, found.about) == ("token", INSTANCE)
    assert said in found.message
    assert f"kurasync instance add NAME --url {old.kura.url}" in found.message
