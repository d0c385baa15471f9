"""A mapping may ask for a capability in place of a role: through the plugin, and with Moodle's stock functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.errors import PermanentError, RosterUnverified
from app.kit import Kit
from app.planning.plugin_students import told
from app.planning.rules import Rules, from_settings
from app.planning.students import basis, students
from app.setup import mappings, sites
from tests.conftest import SetClock
from tests.test_planning_plugin_students import TEACHER, roster, user
from tests.test_planning_students import enrolled, reading_of
from tests.world import World, world

SUBMIT = "mod/assign:submit"
ROSTER = "local_kurasync_get_roster"


@pytest.fixture(params=["plugin", "stock"])
def made(request: pytest.FixtureRequest, sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """A mapping that asks who may submit assignments, read in both ways."""
    with world(sqlite_kit, clock) as small:
        if request.param == "plugin":
            small.moodle.install_plugin()
        small.set(capability=SUBMIT)
        yield small


def enrol(made: World, role: str | None = "student") -> int:
    number = len(made.moodle.state()["users"]) + 1
    userid = int(made.moodle.create_user("Ana", "Lee", f"user{number}@example.edu"))
    made.moodle.enrol(userid, made.course, role=role)
    return userid


def test_whoever_has_the_capability_is_a_student_wherever_the_role_is_held(made: World) -> None:
    student, above = enrol(made), enrol(made, role=None)
    made.moodle.assign_role(above, made.moodle.category_context(1), "student")
    enrol(made, role=None)
    enrol(made, role="editingteacher")
    made.sync()
    assert [link.userid for link in made.links()] == [student, above]


def test_neither_suspended_accounts_nor_suspended_enrolments_are_students(made: World) -> None:
    account, enrolment, student = enrol(made), enrol(made), enrol(made)
    made.moodle.suspend_user(account)
    made.moodle.suspend_enrolment(enrolment, made.course)
    made.sync()
    assert [link.userid for link in made.links()] == [student]


def test_pages_of_those_who_have_it_are_read_to_the_end(sqlite_kit: Kit, clock: SetClock) -> None:
    paged = replace(sqlite_kit, settings=replace(sqlite_kit.settings, page_size=2))
    with world(paged, clock) as made:
        made.set(capability=SUBMIT)
        everybody = [enrol(made) for _ in range(5)]
        made.sync()
        assert [link.userid for link in made.links()] == everybody


def test_another_rule_reads_the_roster_whole_again(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        made.moodle.install_plugin()
        teacher = enrol(made, role="teacher")
        made.sync()
        assert made.links() == []
        made.set(capability="mod/assign:grade")
        made.sync()
        assert [link.userid for link in made.links()] == [teacher]


def test_the_service_user_must_be_allowed_to_ask_and_the_site_goes_on(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        made.set(capability=SUBMIT)
        made.moodle.rights.revoke("moodle/role:review")
        run = made.sync()
        assert (run.outcome, run.reason) == ("retry", "roster_unverified_review")
        assert "moodle/role:review" in str(run.message)


def test_a_capability_that_moodle_does_not_know_is_told(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        made.moodle.install_plugin()
        made.set(capability="mod/assign:submitt")
        run = made.sync()
        assert (run.outcome, run.reason) == ("retry", "capability_unknown")


def test_setting_it_asks_moodle_first(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        mappings.set_rules(sqlite_kit, made.mapping_id, {"capability": SUBMIT}, (), "somebody")
        made.moodle.rights.revoke("moodle/role:review")
        with pytest.raises(RosterUnverified, match="moodle/role:review"):
            mappings.set_rules(sqlite_kit, made.mapping_id, {"capability": "mod/quiz:attempt"}, (), "somebody")
        mappings.set_rules(sqlite_kit, made.mapping_id, {"mode": "review"}, (), "somebody")
        made.moodle.install_plugin()
        sites.test(sqlite_kit, "uni")
        with pytest.raises(PermanentError, match="no capability of the name"):
            mappings.set_rules(sqlite_kit, made.mapping_id, {"capability": "mod/quiz:attempts"}, (), "somebody")
        chosen = mappings.set_rules(sqlite_kit, made.mapping_id, {"capability": "mod/quiz:attempt"}, (), "somebody")
        assert (chosen.capability, chosen.mode) == ("mod/quiz:attempt", "review")


def test_the_plugin_tells_of_each_whether_she_has_it() -> None:
    users = (user(1, TEACHER, capable=True), user(2, capable=False), user(3, capable=True, active=False))
    found = told(roster(*users), Rules(capability=SUBMIT))
    assert [member.userid for member in found.members] == [1]


def test_an_answer_that_does_not_tell_of_everybody_is_not_believed() -> None:
    with pytest.raises(RosterUnverified, match=SUBMIT):
        told(roster(user(1, capable=True), user(2)), Rules(capability=SUBMIT))


def test_who_has_it_and_is_not_enrolled_shows_that_the_list_changed_meanwhile() -> None:
    found = replace(reading_of(enrolled(1)), capable=frozenset({1, 2}))
    with pytest.raises(RosterUnverified, match="changed while it was being read"):
        students(found, Rules(capability=SUBMIT))


def test_it_makes_another_basis() -> None:
    assert len({basis(2, Rules()), basis(2, Rules(capability=SUBMIT)), basis(2, Rules(roles=(SUBMIT,)))}) == 3


@pytest.mark.parametrize("given", ["", SUBMIT, " moodle/course:view ", "local/kurasync:map"])
def test_a_capability_is_taken(given: str) -> None:
    assert from_settings({"capability": given}).capability == given.strip()


@pytest.mark.parametrize("given", ["submit", "mod/assign", "mod:assign", "mod/assign:submit now", None, 3])
def test_what_is_no_capability_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="such as mod/assign:submit"):
        from_settings({"capability": given})


def test_roles_and_a_capability_are_not_asked_for_together() -> None:
    with pytest.raises(ValueError, match="not both"):
        from_settings({"capability": SUBMIT, "roles": "student"})
