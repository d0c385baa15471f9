"""Rosters through Moodle's plugin: found by asking, then never left; one answer that proves itself (design.md 5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.errors import ConnectionBroken, Refused
from app.kit import Kit
from app.setup import mappings, outside, sites
from app.store import rosters, worklist
from app.store import sites as rows
from app.sync.probe import probe_parked
from sandbox.moodle.actions.gradebook import GradebookActions
from tests.conftest import SetClock
from tests.world import World, world

ROSTER = "local_kurasync_get_roster"
SITE_INFO = "core_webservice_get_site_info"
VERSION = "2026112301"


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """Six students in step by stock functions; the plugin was installed just now."""
    with world(sqlite_kit, clock) as made:
        for number in range(6):
            made.enrol(idnumber=f"S{number}")
        assert made.sync().counts == {"add": 6}
        made.moodle.install_plugin()
        made.moodle.calls.clear()
        made.kura.calls.clear()
        yield made


def calls(made: World) -> Counter[str]:
    return Counter(call.name for call in made.moodle.calls)


def site(made: World) -> rows.Site:
    with made.kit.database.reading() as tx:
        found = rows.get(tx, made.site_id)
    assert found is not None
    return found


def answer(made: World, **changes: Any) -> None:
    """Let the plugin answer with something else in it from now on."""
    original = made.moodle.functions[ROSTER]

    def run(moodle: GradebookActions, given: dict[str, Any]) -> Any:
        return {**original.run(moodle, given), **changes}

    made.moodle.functions[ROSTER] = replace(original, run=run)


def test_it_is_found_by_asking_and_then_not_asked_for_again(small: World) -> None:
    assert (small.sync().counts, calls(small)) == ({}, Counter({SITE_INFO: 1, ROSTER: 1}))
    assert site(small).plugin == VERSION
    small.moodle.calls.clear()
    assert (small.sync().counts, calls(small)) == ({}, Counter({ROSTER: 1}))


def test_a_site_without_it_is_asked_at_each_run_and_nothing_is_remembered(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        made.sync()
        made.sync()
        assert (site(made).plugin, calls(made)[SITE_INFO]) == (None, 2)
        with made.kit.database.reading() as tx:
            assert rosters.get(tx, made.mapping_id) is None


def test_a_preview_reads_through_it_and_writes_nothing(small: World) -> None:
    small.moodle.unenrol(small.links()[0].userid, small.course)
    look = small.preview()
    assert (look.moodle.proven, [action.kind for action in look.verdict.go]) == (True, ["delete"])
    assert site(small).plugin is None
    with small.kit.database.reading() as tx:
        assert rosters.get(tx, small.mapping_id) is None


def test_a_leaver_is_removed_unasked_for_moodle_proves_it(small: World) -> None:
    leaver = small.links()[0].userid
    small.moodle.unenrol(leaver, small.course)
    assert small.sync().counts == {"delete": 1}
    assert leaver not in {link.userid for link in small.links()}


def test_more_leavers_within_a_day_than_the_mapping_allows_wait(small: World) -> None:
    for link in small.links()[:2]:
        small.moodle.unenrol(link.userid, small.course)
        assert small.sync().counts == {"delete": 1}
    small.moodle.unenrol(small.links()[0].userid, small.course)
    run = small.sync()
    assert [held["reasons"] for held in run.plan["held"]] == [["removals"]]
    small.clock.advance(86_401)
    assert small.sync().counts == {"delete": 1}


def test_what_it_tells_is_what_moodle_holds(small: World) -> None:
    group = small.moodle.create_group(small.course, "Section A")
    users = [link.userid for link in small.links()]
    for userid in users[:3]:
        small.moodle.join_group(userid, group)
    small.moodle.suspend_user(users[5])
    small.moodle.suspend_enrolment(users[4], small.course)
    shown = [(each.userid, each.firstname, each.email, each.idnumber, each.groups) for each in small.preview().members]
    assert shown == [
        (each["id"], each["firstname"], each["email"], each["idnumber"],
         tuple((group["id"], group["name"]) for group in each["groups"]))
        for each in small.moodle.expected_students(small.course)
    ]


def test_the_roster_as_last_read_is_kept(small: World) -> None:
    small.sync()
    with small.kit.database.reading() as tx:
        known = rosters.get(tx, small.mapping_id)
    assert known is not None
    assert (known.members, known.read_at, known.next_change) == (small.preview().members, small.clock(), None)


@pytest.mark.parametrize("how", ["uninstalled", "out of the service"])
def test_where_it_is_gone_nothing_is_read_until_it_is_back(small: World, how: str) -> None:
    small.sync()
    small.moodle.calls.clear()
    if how == "uninstalled":
        small.moodle.uninstall_plugin()
    else:
        small.moodle.service_functions.discard(ROSTER)
    run = small.sync()
    assert (run.outcome, run.reason) == ("parked", "plugin_missing")
    assert "local_kurasync is gone" in str(run.message)
    assert set(calls(small)) == {ROSTER}
    with small.kit.database.reading() as tx:
        row = worklist.get(tx, small.mapping_id, "roster")
    assert row is not None
    assert row.gate == "parked"
    small.clock.advance(61)
    assert probe_parked(small.kit) == 0
    small.moodle.install_plugin()
    small.clock.advance(61)
    assert probe_parked(small.kit) == 1
    small.clock.advance(31)
    assert small.turn() == "done"


def test_a_missing_capability_is_named_and_nothing_is_done(small: World) -> None:
    small.moodle.without("moodle/site:accessallgroups", "moodle/user:viewdetails")
    run = small.sync()
    assert (run.outcome, run.reason) == ("retry", "roster_unverified_accessallgroups")
    assert "lacks moodle/site:accessallgroups, moodle/user:viewdetails." in str(run.message)
    assert small.writes() == []


def test_an_answer_that_was_cut_is_not_believed(small: World) -> None:
    small.sync()
    answer(small, users=[])
    run = small.sync()
    assert (run.outcome, run.reason) == ("retry", "roster_unverified")
    assert "listed 0 users and counted 6" in str(run.message)
    assert (small.writes(), small.hold()) == ([], None)


def test_somebody_who_comes_between_the_two_counts_makes_it_ask_once_more(small: World) -> None:
    original = small.moodle.functions[ROSTER]
    totals = iter([7, 6])

    def run(moodle: GradebookActions, given: dict[str, Any]) -> Any:
        return {**original.run(moodle, given), "total": next(totals)}

    small.moodle.functions[ROSTER] = replace(original, run=run)
    assert small.sync().counts == {}
    assert calls(small)[ROSTER] == 2


def test_every_role_of_the_archetype_makes_a_student_unless_the_mapping_names_roles(small: World) -> None:
    small.moodle.create_role("learner", archetype="student")
    learner = small.moodle.create_user("Lea", "Rner", "learner@example.edu")
    small.moodle.enrol(learner, small.course, role="learner")
    assert small.sync().counts == {"add": 1}
    small.set(roles=["student"])
    assert small.sync().counts == {"delete": 1}


def test_a_role_given_in_the_category_alone_makes_no_student(small: World) -> None:
    userid = small.moodle.create_user("Cat", "Egory", "category@example.edu")
    small.moodle.enrol(userid, small.course, role=None)
    small.moodle.assign_role(userid, small.moodle.category_context(1), "student")
    assert small.sync().counts == {}


def test_a_mapping_may_require_a_role_of_the_institution(small: World) -> None:
    small.moodle.create_role("member", archetype="teacher")
    first, second, *others = [link.userid for link in small.links()]
    for userid in others:
        small.moodle.assign_role(userid, small.moodle.system_context, "member")
    small.moodle.assign_role(first, small.moodle.category_context(1), "member")
    small.moodle.assign_role(second, small.moodle.course_context(small.course), "member")
    small.set(institution_role="member")
    small.sync()
    assert {link.userid for link in small.links()} == {first, *others}


def test_a_role_of_the_institution_cannot_be_required_without_it(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        with pytest.raises(Refused, match="site test uni"):
            mappings.set_rules(made.kit, made.mapping_id, {"institution_role": "member"}, (), "somebody")
        made.set(institution_role="member")
        run = made.sync()
        assert (run.outcome, run.reason) == ("retry", "institution_role_unknown")
        assert f"kurasync mapping set {made.mapping_id} --default institution_role" in str(run.message)
        made.moodle.install_plugin()
        sites.test(made.kit, "uni")
        mappings.set_rules(made.kit, made.mapping_id, {"institution_role": "member"}, (), "somebody")


def test_the_course_being_gone_suspends_the_mapping(small: World) -> None:
    small.sync()
    small.moodle.delete_course(small.course)
    assert small.sync().outcome == "parked"
    assert small.writes() == []


def test_a_thousand_students_take_one_call(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        made.moodle.install_plugin()
        made.moodle.create_students(made.course, 1000, groups=4)
        sites.test(made.kit, "uni")
        made.moodle.calls.clear()
        assert len(made.preview().members) == 1000
        assert calls(made) == Counter({ROSTER: 1})


# Administrators


def test_trying_a_site_finds_it_and_afterwards_misses_it(small: World) -> None:
    assert sites.test(small.kit, "uni").plugin == VERSION
    assert site(small).plugin == VERSION
    small.moodle.uninstall_plugin()
    with pytest.raises(ConnectionBroken, match="local_kurasync is gone"):
        sites.test(small.kit, "uni")


def test_a_new_token_finds_it_and_one_without_it_is_not_taken(small: World) -> None:
    small.moodle.rotate_token("b" * 32)
    sites.rotate(small.kit, "uni", "b" * 32, "somebody")
    assert site(small).plugin == VERSION
    before = site(small).token
    small.moodle.service_functions.discard(ROSTER)
    with pytest.raises(ConnectionBroken) as refused:
        sites.rotate(small.kit, "uni", "b" * 32, "somebody")
    assert refused.value.message.endswith("Nothing was saved.")
    assert site(small).token == before


def test_a_site_added_with_it_needs_no_stock_functions_for_rosters(small: World) -> None:
    small.moodle.service_functions -= {"core_enrol_get_enrolled_users", "core_grades_get_gradable_users"}
    added = sites.add(
        small.kit, name="two", url=small.moodle.url, token=small.moodle.token, actor="somebody", shared=True
    )
    assert added.site.plugin == VERSION


def test_the_doctor_says_whether_it_is_there_and_what_it_lacks(small: World) -> None:
    def told() -> dict[str, tuple[str, str]]:
        return {check.name: (check.state, check.message) for check in outside.site(small.kit, site(small))}

    assert told()["site uni plugin"] == ("ok", f"local_kurasync 0.4.0 ({VERSION}) is there.")
    assert "can be read whole: 6" in told()["site uni roster"][1]
    small.moodle.without("moodle/grade:edit")
    assert told()["site uni capability moodle/grade:edit"] == (
        "fail",
        "The service user lacks moodle/grade:edit, to write grades: allow this in its role, for the whole site.",
    )
    small.moodle.service_functions.discard("local_kurasync_save_grades")
    assert told()["site uni plugin"][0] == "warn"
    assert "local_kurasync_save_grades" in told()["site uni plugin"][1]


def test_the_doctor_says_what_is_missing_without_it(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        checks = {check.name: check for check in outside.site(made.kit, site(made))}
        assert checks["site uni plugin"].state == "note"
        assert "docs/moodle-plugin.md" in checks["site uni plugin"].message
