"""Pointing a mapping to another Moodle course: what stays known of users, links and grades."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.planning.grade_actions import Column
from app.planning.gradebook import Cell
from app.setup import repointing, sites, stored, whom
from app.store import cells, exemptions, exports, mappings, steps
from app.store.exemptions import Exemption
from sandbox.moodle.sim import SimMoodle
from tests.conftest import SetClock
from tests.moving import ACTOR, Moving, in_step
from tests.world import world


@pytest.fixture
def moving(kit: Kit, clock: SetClock) -> Iterator[Moving]:
    with world(kit, clock) as made:
        yield in_step(made)


@pytest.fixture
def quick(sqlite_kit: Kit, clock: SetClock) -> Iterator[Moving]:
    with world(sqlite_kit, clock) as made:
        yield in_step(made)


def test_another_moodle_course_of_the_site_keeps_the_links_and_asks_about_everything(moving: Moving) -> None:
    made = moving.made
    ana = made.links()[0].userid
    made.moodle.enrol(ana, moving.other)
    assert moving.repoint(moodle=moving.other) is False
    assert (moving.mapping.courseid, moving.mapping.course_name) == (moving.other, "Physiology 2")
    assert moving.enabled()[0]
    assert len(made.links()) == 2
    assert made.sync().counts == {"held": 1}
    hold = made.hold()
    assert hold is not None
    assert [item["action"] for item in hold.items] == ["delete"]


def test_another_moodle_course_with_the_same_students_does_not_begin_by_itself(quick: Moving) -> None:
    made = quick.made
    for link in made.links():
        made.moodle.enrol(link.userid, quick.other)
    quick.repoint(moodle=quick.other)
    assert (made.sync().counts, made.hold()) == ({}, None)
    assert quick.mapping.started_at is None


def test_users_of_another_site_are_other_people(quick: Moving) -> None:
    made = quick.made
    with SimMoodle.serving() as second:
        second.now = made.clock
        course = second.create_course("Physiology 1", shortname="PHY1")
        for number in range(3):
            stranger = second.create_user("Cy", "Lee", f"cy{number}@example.edu")
            second.enrol(stranger, course)
        sites.add(made.kit, name="test", url=second.url, token=second.token, actor=ACTOR)
        with made.kit.database.transaction() as tx:
            exemptions.add(tx, Exemption(made.mapping_id, "moodle", stranger, ACTOR, 0.0))
        move = repointing.planned(made.kit, made.mapping_id, moodle=("test", str(course)))
        repointing.repoint(made.kit, move, ACTOR)
        assert made.links() == []
        assert made.sync().counts["held"] == 5
        actions = [item["action"] for item in (made.hold() or pytest.fail("nothing is held")).items]
        assert sorted(actions) == ["add", "add", "add", "remove_unmanaged", "remove_unmanaged"]


def test_nobody_of_the_former_site_is_taken_for_whoever_has_her_number_at_the_new_one(quick: Moving) -> None:
    made = quick.made
    with SimMoodle.serving() as second:
        second.now = made.clock
        course = second.create_course("Physiology 1", shortname="PHY1")
        sites.add(made.kit, name="test", url=second.url, token=second.token, actor=ACTOR)
        ana = made.links()[0]
        move = repointing.planned(made.kit, made.mapping_id, moodle=("test", str(course)))
        repointing.repoint(made.kit, move, ACTOR)
    with made.kit.database.reading() as tx:
        namesake = whom.by_user(tx, [whom.numbered(tx, f"test:{ana.userid}")])
        found = stored.stored(tx, namesake)
        former = whom.by_address(tx, ana.email)
        assert whom.shown(tx, former) == [f"uni:{ana.userid}"]
        assert set(filter(stored.stored(tx, former).counts.get, found.counts)) == {"audit"}
    assert not any(found.counts.values())


def _remember(kit: Kit, mapping_id: int) -> None:
    """A column, a cell, a step of a grade and an export that is waited for."""
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        cells.keep_columns(tx, mapping_id, {Column(1, 2): "Heart"})
        cells.settle(tx, now, mapping_id, {Cell(Column(1, 2), 7): (5.0, 5.0)})
        step = steps.NewStep("grade_clear", "f", "c", None, False)
        steps.finish(tx, steps.begin(tx, now, mapping_id, 1, [step]), "done")
        exports.begin(tx, now, mapping_id, 0)


def _remembered(kit: Kit, mapping_id: int) -> tuple[int, int, int, bool]:
    with kit.database.reading() as tx:
        return (
            len(cells.columns(tx, mapping_id)),
            len(cells.cells(tx, mapping_id)),
            steps.losses_since(tx, mapping_id, 0.0),
            exports.get(tx, mapping_id) is not None,
        )


def test_another_gradebook_holds_nothing_that_is_known_as_ours(quick: Moving) -> None:
    _remember(quick.made.kit, quick.made.mapping_id)
    quick.repoint(moodle=quick.other)
    assert _remembered(quick.made.kit, quick.made.mapping_id) == (0, 0, 0, False)


def test_the_same_gradebook_is_known_as_it_was_whatever_kuracloud_course_fills_it(quick: Moving) -> None:
    _remember(quick.made.kit, quick.made.mapping_id)
    quick.repoint(kuracloud=quick.other_kura)
    assert _remembered(quick.made.kit, quick.made.mapping_id) == (1, 1, 1, False)


def test_a_deletion_of_the_former_moodle_course_quietens_the_new_one_no_longer(quick: Moving) -> None:
    with quick.made.kit.database.transaction() as tx:
        mappings.quieten(tx, [quick.made.mapping_id], quick.made.clock() + 900)
    quick.repoint(kuracloud=quick.other_kura)
    assert quick.mapping.quiet_until > 0
    quick.repoint(moodle=quick.other)
    assert quick.mapping.quiet_until == 0
