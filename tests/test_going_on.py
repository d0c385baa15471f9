"""Continue: a plan that was shown is carried out, once, as far as a fresh one still contains it (design.md 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.errors import NotFound, Refused
from app.kit import Kit
from app.setup import mappings as setup
from app.setup import repointing, tasks
from app.store import audit, holds, runs
from app.store.holds import Hold
from app.store.runs import Run
from app.store.tasks import Task
from app.sync.going_on import go_on
from app.sync.holds import approve, reject
from tests.conftest import SetClock
from tests.grading import course
from tests.showing_plans import ADMIN, carried_on, planned
from tests.world import World, world


@pytest.fixture
def new(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """A mapping of which nothing was approved yet: everything waits."""
    with world(sqlite_kit, clock, started=False) as made:
        yield made


@pytest.fixture
def six(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """Six students in step; Moodle's stock functions cannot prove that one left, so that each removal waits."""
    with world(sqlite_kit, clock) as made:
        for _ in range(6):
            made.enrol()
        made.sync()
        made.kura.calls.clear()
        yield made


def leave(made: World, *places: int) -> None:
    """Students leave, by the order in which they came."""
    userids = sorted(link.userid for link in (*made.links(), *made.links(ended=True)))
    for place in places:
        made.moodle.unenrol(userids[place], made.course)


def shown(made: World) -> Task:
    """A plan that somebody looks at, a moment after the last thing that happened."""
    made.clock.advance(1)
    task = planned(made.kit, made.mapping_id)
    made.clock.advance(1)
    return task


def run(made: World) -> Run:
    """The run that was asked for."""
    assert made.wanted()
    assert made.turn() == "done"
    with made.kit.database.reading() as tx:
        last = runs.last(tx, made.mapping_id, "roster")
    assert last is not None
    return last


def every(made: World) -> list[Hold]:
    """All holds, the oldest first."""
    with made.kit.database.reading() as tx:
        return holds.search(tx, mapping_id=made.mapping_id)[::-1]


def states(made: World) -> list[tuple[str, str | None]]:
    return [(each.state, each.decided_by) for each in every(made)]


def test_the_first_plan_of_a_mapping_is_carried_out_as_it_was_shown(new: World) -> None:
    for _ in range(3):
        new.enrol()
    task = shown(new)
    gone = carried_on(new.kit, task)
    assert run(new).counts == {"add": 3}
    assert states(new) == [("applied", "user:ada")]
    assert (gone.mapping_id, gone.kind, gone.hold_id) == (new.mapping_id, "roster", every(new)[0].id)
    assert new.sync().counts == {}


def test_what_is_new_by_then_is_held_on_the_first_run(new: World) -> None:
    new.enrol(email="ana@example.edu")
    task = shown(new)
    new.enrol(email="late@example.edu")
    carried_on(new.kit, task)
    assert run(new).counts == {"add": 1, "held": 1}
    assert new.emails() == ["ana@example.edu"]


def test_removals_that_were_not_shown_are_held_anew(six: World) -> None:
    leave(six, 0)
    task = shown(six)
    leave(six, 1)
    carried_on(six.kit, task)
    assert run(six).counts == {"delete": 1, "held": 1}
    assert states(six) == [("applied", "user:ada"), ("open", None)]
    assert six.sync().counts == {"held": 1}


def test_what_nobody_wants_any_more_is_not_done(six: World) -> None:
    leave(six, 0, 1)
    task = shown(six)
    six.moodle.enrol(min(link.userid for link in six.links()), six.course)
    carried_on(six.kit, task)
    assert run(six).counts == {"delete": 1}
    assert len(six.emails()) == 5


def test_a_plan_of_which_nothing_waits_needs_no_approval(six: World) -> None:
    six.enrol()
    gone = carried_on(six.kit, shown(six))
    assert gone.hold_id is None
    assert run(six).counts == {"add": 1}
    assert every(six) == []


def test_what_waits_already_is_approved_where_it_is_just_what_was_shown(six: World) -> None:
    leave(six, 0)
    six.sync()
    waiting = six.hold()
    assert waiting is not None
    gone = carried_on(six.kit, shown(six))
    assert gone.hold_id == waiting.id
    assert run(six).counts == {"delete": 1}
    assert states(six) == [("applied", "user:ada")]


def test_what_waits_and_is_more_than_was_shown_is_overtaken(six: World) -> None:
    leave(six, 0)
    task = shown(six)
    leave(six, 1)
    six.sync()
    carried_on(six.kit, task)
    assert run(six).counts == {"delete": 1, "held": 1}
    assert states(six) == [("overtaken", "user:ada"), ("applied", "user:ada"), ("open", None)]


def test_what_waits_for_a_reason_that_the_plan_did_not_show_is_asked_about_by_itself(six: World) -> None:
    leave(six, 0)
    six.sync()
    first = six.hold()
    assert first is not None
    six.set(mode="review")
    carried_on(six.kit, shown(six))
    second = six.hold()
    assert second is not None
    assert (second.items[0]["reasons"], second.digest) == (["review", "unproven"], first.digest)
    assert states(six) == [("overtaken", "user:ada"), ("approved", "user:ada")]


def test_what_somebody_approved_meanwhile_is_approved_once(six: World) -> None:
    leave(six, 0)
    six.sync()
    task, waiting = shown(six), six.hold()
    assert waiting is not None
    approve(six.kit, waiting.id, waiting.digest, "user:ben")
    assert carried_on(six.kit, task).hold_id == waiting.id
    assert run(six).counts == {"delete": 1}
    assert states(six) == [("applied", "user:ben")]


def test_what_somebody_approved_and_is_not_carried_out_yet_is_not_undone(six: World) -> None:
    leave(six, 0)
    six.sync()
    six.decide()
    leave(six, 1)
    task = shown(six)
    with pytest.raises(Refused, match="Hold 1 was approved before and is not carried out yet") as refused:
        carried_on(six.kit, task)
    assert refused.value.reason == "approved_before"
    assert states(six) == [("approved", "a teacher")]
    assert tasks.found(six.kit, task.id, ADMIN).state == "done"


def test_what_was_rejected_before_may_be_carried_out_by_whoever_asks_for_the_plan_afterwards(six: World) -> None:
    leave(six, 0)
    six.sync()
    waiting = six.hold()
    assert waiting is not None
    reject(six.kit, waiting.id, "user:ben")
    six.sync()
    carried_on(six.kit, shown(six))
    assert run(six).counts == {"delete": 1}
    assert states(six) == [("rejected", "user:ben"), ("applied", "user:ada")]


def test_what_was_rejected_since_the_plan_was_made_is_not_carried_out(six: World) -> None:
    leave(six, 0)
    six.sync()
    task, waiting = shown(six), six.hold()
    assert waiting is not None
    reject(six.kit, waiting.id, "user:ben")
    with pytest.raises(Refused, match="was rejected since you asked for this plan") as refused:
        carried_on(six.kit, task)
    assert refused.value.reason == "rejected_since"
    assert states(six) == [("rejected", "user:ben")]


def test_a_plan_is_used_once(six: World) -> None:
    leave(six, 0)
    task = shown(six)
    carried_on(six.kit, task)
    for again in (task, tasks.found(six.kit, task.id, ADMIN)):
        with pytest.raises(Refused, match="This plan is being carried out already") as refused:
            carried_on(six.kit, again)
        assert refused.value.reason == "used"
    assert run(six).counts == {"delete": 1}
    assert not six.wanted()


def test_another_plan_that_showed_the_same_does_nothing_twice(six: World) -> None:
    leave(six, 0)
    first, second = shown(six), shown(six)
    carried_on(six.kit, first)
    assert run(six).counts == {"delete": 1}
    userid = min(link.userid for link in six.links(ended=True))
    six.moodle.enrol(userid, six.course)
    assert six.sync().counts == {"restore": 1}
    six.moodle.unenrol(userid, six.course)
    carried_on(six.kit, second)
    assert run(six).counts == {"held": 1}
    assert len(six.emails()) == 6


def test_what_was_done_before_the_plan_was_made_may_be_done_again(six: World) -> None:
    """A student who comes, leaves, comes and leaves: the second leaving is approved like the first."""
    for _ in range(2):
        leave(six, 0)
        carried_on(six.kit, shown(six))
        assert run(six).counts == {"delete": 1}
        six.moodle.enrol(min(link.userid for link in six.links(ended=True)), six.course)
        assert six.sync().counts == {"restore": 1}


def test_another_digest_is_not_what_was_shown(six: World) -> None:
    leave(six, 0)
    task = shown(six)
    with pytest.raises(Refused, match="This is not the plan that you looked at") as refused:
        go_on(six.kit, task, "0" * 64, "user:ada")
    assert refused.value.reason == "stale_digest"
    assert (six.wanted(), every(six)) == (False, [])


@pytest.mark.parametrize("state", ["wanted", "running", "failed"])
def test_a_plan_that_is_not_there_cannot_be_carried_out(six: World, state: Any) -> None:
    task = replace(shown(six), state=state, result=None)
    with pytest.raises(Refused, match=f"Task {task.id} shows no plan") as refused:
        carried_on(six.kit, replace(task, result={"digest": ""}))
    assert refused.value.reason == "no_plan"


def test_what_is_no_plan_cannot_be_carried_out(six: World) -> None:
    task = planned(six.kit, six.mapping_id, tasks.MAPPING_CHECK)
    with pytest.raises(Refused, match="shows no plan that could be carried out"):
        carried_on(six.kit, replace(task, result={**task.result, "digest": ""}))


def test_a_plan_goes_with_its_mapping(six: World) -> None:
    task = shown(six)
    setup.remove(six.kit, six.mapping_id, "user:ben")
    with pytest.raises(NotFound, match=f"There is no mapping {six.mapping_id} any more"):
        carried_on(six.kit, task)


def test_a_plan_for_other_courses_is_forgotten_with_them(six: World) -> None:
    leave(six, 0)
    task = shown(six)
    six.kura.add_course("Anatomy", code="ANA")
    move = repointing.planned(six.kit, six.mapping_id, kuracloud=("kura", "ANA"))
    repointing.repoint(six.kit, move, "user:ben")
    with pytest.raises(NotFound):
        tasks.found(six.kit, task.id, ADMIN)
    with pytest.raises(Refused):
        carried_on(six.kit, task)
    assert every(six) == []


def test_it_is_written_down_who_let_what_go_ahead(six: World) -> None:
    leave(six, 0)
    task = shown(six)
    gone = carried_on(six.kit, task, "moodle:uni:5")
    run(six)
    with six.kit.database.reading() as tx:
        on, approved, deleted = (
            audit.search(tx, mapping_id=six.mapping_id, operation=operation)[-1]
            for operation in ("go_on", "hold_approved", "delete_students")
        )
    digest = task.result["digest"]
    assert (on.actor, on.subject) == ("moodle:uni:5", {"task": task.id, "digest": digest, "hold": gone.hold_id})
    assert (approved.actor, approved.subject["hold"], approved.subject["items"]) == ("moodle:uni:5", gone.hold_id, 1)
    assert deleted.actor == "approved by moodle:uni:5"


def test_a_paused_mapping_is_carried_on_with_when_it_goes_on(six: World) -> None:
    leave(six, 0)
    task = shown(six)
    setup.pause(six.kit, six.mapping_id, "user:ben")
    carried_on(six.kit, task)
    assert six.turn() == "refused"
    setup.resume(six.kit, six.mapping_id, "user:ben")
    assert run(six).counts == {"delete": 1}


def test_grades_are_carried_on_like_students(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made, course(made) as heart:
        userid = heart.in_step()
        made.set(mode="review")
        heart.grade(userid, 6)
        clock.advance(1)
        task = planned(sqlite_kit, made.mapping_id, tasks.GRADES_PLAN)
        clock.advance(1)
        gone = carried_on(sqlite_kit, task)
        assert (gone.kind, heart.turns().counts) == ("grades", {"grade_set": 1})
        with sqlite_kit.database.reading() as tx:
            found = holds.get(tx, gone.hold_id or 0)
        assert found is not None
        assert (found.state, found.kind, found.decided_by) == ("applied", "grades", "user:ada")
