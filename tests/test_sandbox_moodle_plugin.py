"""Our plugin in the simulated Moodle, seen through the client: installed or not, rosters, grades, outbox, faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.clients.http import Http
from app.clients.moodle import MoodleClient
from app.clients.moodle_plugin import MoodlePlugin, in_calls
from app.errors import ConnectionBroken, KurasyncError, PermanentError, TransientError
from sandbox.faults import Fault
from sandbox.moodle import SimMoodle
from sandbox.moodle.senders import Signed
from sandbox.moodle.state import SERVICE_USER
from schemas.plugin_grades import GradeToSave, ItemKey, ItemToSave, PluginGrade
from schemas.plugin_status import Outbox

SECRET = "whsec_c2FuZGJveC1zZWNyZXQtb2YtbW9vZGxl"
FUNCTIONS = {
    f"local_kurasync_{name}" for name in ("get_roster", "get_grades", "save_grades", "delete_items", "get_status")
}


@pytest.fixture
def moodle() -> Iterator[SimMoodle]:
    with SimMoodle.serving() as sim:
        sim.install_plugin()
        yield sim


@pytest.fixture
def client(moodle: SimMoodle) -> Iterator[MoodleClient]:
    made = MoodleClient(Http(moodle.url, "moodle", connect_timeout=2, call_timeout=5), moodle.token)
    yield made
    made.close()


@pytest.fixture
def plugin(client: MoodleClient) -> MoodlePlugin:
    return client.plugin


@pytest.fixture
def course(moodle: SimMoodle) -> int:
    return moodle.create_course("Physiology", "PHY")


def heart(*grades: GradeToSave) -> ItemToSave:
    return ItemToSave(12, 34, grades, "Heart kuraID: 12-34", 10.0)


def reason_of(caught: pytest.ExceptionInfo[KurasyncError]) -> str:
    return caught.value.reason


def test_the_functions_are_there_only_while_the_plugin_is(moodle: SimMoodle, client: MoodleClient, course: int) -> None:
    assert client.site_info().functions >= FUNCTIONS
    moodle.uninstall_plugin()
    assert not client.site_info().functions & FUNCTIONS
    with pytest.raises(ConnectionBroken) as caught:
        client.plugin.roster(course)
    assert reason_of(caught) == "plugin_missing"
    moodle.install_plugin()
    assert client.plugin.roster(course).total == 0


def test_a_fresh_moodle_has_no_plugin_and_one_whose_service_lacks_a_function_refuses_it(
    moodle: SimMoodle, plugin: MoodlePlugin, course: int
) -> None:
    assert not FUNCTIONS & SimMoodle().functions.keys()
    moodle.service_functions.discard("local_kurasync_get_roster")
    with pytest.raises(ConnectionBroken) as caught:
        plugin.roster(course)
    assert reason_of(caught) == "plugin_missing"


def test_the_next_moment_is_the_first_at_which_an_enrolment_begins_or_ends(
    moodle: SimMoodle, plugin: MoodlePlugin, course: int
) -> None:
    moodle.now = lambda: 1000.0
    users = [moodle.create_user("F", str(number), f"u{number}@example.edu") for number in range(5)]
    moodle.enrol(users[0], course)
    assert plugin.roster(course).next == 0
    moodle.enrol(users[1], course, timestart=500, timeend=1000)
    assert plugin.roster(course).next == 0
    moodle.enrol(users[2], course, timestart=3000, timeend=4000)
    assert plugin.roster(course).next == 3000
    moodle.enrol(users[3], course, timeend=2000)
    assert plugin.roster(course).next == 2000
    moodle.suspend_enrolment(users[3], course)
    assert plugin.roster(course).next == 3000
    moodle.delete_user(users[2])
    assert plugin.roster(course).next == 0


def test_who_is_in_a_course_twice_is_there_once_and_a_role_given_twice_shows_once(
    moodle: SimMoodle, plugin: MoodlePlugin, course: int
) -> None:
    moodle.enable_enrol_method(course, "self")
    ana = moodle.create_user("Ana", "Lab", "ana@example.edu")
    for method in ("manual", "cohort"):
        moodle.enrol(ana, course, method=method)
    moodle.suspend_enrolment(ana, course)
    moodle.assign_role(ana, moodle.system_context, "student")
    roster = plugin.roster(course)
    assert (roster.total, [user.active for user in roster.users]) == (1, [True])
    assert [(role.shortname, role.contextlevel) for role in roster.users[0].roles] == [("student", 50), ("student", 10)]
    moodle.disable_enrol_method(course, "cohort")
    assert [user.active for user in plugin.roster(course).users] == [False]


def test_grades_are_written_read_back_and_cleared(moodle: SimMoodle, plugin: MoodlePlugin, course: int) -> None:
    ana, ben = moodle.create_students(course, 2)
    saved = plugin.save_grades(course, [heart(GradeToSave(ana, 7.123456, None), GradeToSave(ben, 1.0, None))])
    assert [(item.outcome, [each.outcome for each in item.grades]) for item in saved.items] == [
        ("created", ["written", "written"])
    ]
    book = plugin.grades(course)
    assert (book.userid, book.students) == (SERVICE_USER, (ana, ben))
    assert book.items[0].grades == (
        PluginGrade(ana, 7.12346, False, SERVICE_USER),
        PluginGrade(ben, 1.0, False, SERVICE_USER),
    )
    plugin.save_grades(course, [heart(GradeToSave(ana, None, 7.12346))])
    assert plugin.grades(course).items[0].grades[0] == PluginGrade(ana, None, False, SERVICE_USER)
    assert [item.outcome for item in plugin.delete_items(course, [ItemKey(12, 34)]).items] == ["deleted"]
    assert plugin.grades(course).items == ()


def test_a_whole_course_of_grades_goes_in_calls_that_php_takes_whole(
    moodle: SimMoodle, plugin: MoodlePlugin, course: int
) -> None:
    students = moodle.create_students(course, 700)
    calls = list(in_calls([heart(*(GradeToSave(user, 1 / 3, None) for user in students))]))
    for call in calls:
        plugin.save_grades(course, call)
    assert len(calls) == 3
    assert {each.grade for each in plugin.grades(course).items[0].grades} == {0.33333}


def test_a_form_that_php_cuts_clears_nothing_and_is_found_out(
    moodle: SimMoodle, plugin: MoodlePlugin, course: int
) -> None:
    students = moodle.create_students(course, 40)
    plugin.save_grades(course, [heart(*(GradeToSave(user, 5.0, None) for user in students))])
    for limit in range(40, 70):
        moodle.max_input_vars = limit
        with pytest.raises(TransientError) as caught:
            plugin.save_grades(course, [heart(*(GradeToSave(user, 5.0, 5.0) for user in students))])
        assert reason_of(caught) == "cut"
        assert {each.grade for each in plugin.grades(course).items[0].grades} == {5.0}


def test_a_busy_gradebook_is_tried_again(moodle: SimMoodle, plugin: MoodlePlugin, course: int) -> None:
    moodle.set_switch("gradebook_busy", True)
    for call in (lambda: plugin.save_grades(course, [heart()]), lambda: plugin.delete_items(course, [ItemKey(1, 2)])):
        with pytest.raises(TransientError) as caught:
            call()
        assert reason_of(caught) == "locktimeout"
    assert plugin.grades(course).items == ()


def test_writing_grades_regrades_the_course(moodle: SimMoodle, plugin: MoodlePlugin, course: int) -> None:
    moodle.set_needs_regrading(course)
    plugin.save_grades(course, [heart()])
    assert moodle.needs_regrading == set()
    moodle.set_needs_regrading(course)
    plugin.delete_items(course, [ItemKey(12, 34)])
    assert moodle.needs_regrading == set()


@pytest.mark.parametrize("kind", ["reset_after", "hang_after", "short_read", "html"])
def test_grades_whose_answer_was_lost_are_unchanged_the_next_time(moodle: SimMoodle, course: int, kind: str) -> None:
    (ana,) = moodle.create_students(course, 1)
    impatient = MoodleClient(Http(moodle.url, "moodle", connect_timeout=2, call_timeout=0.5), moodle.token)
    moodle.faults.add(Fault(kind, match="save_grades", times=1))
    with pytest.raises(TransientError) as caught:
        impatient.plugin.save_grades(course, [heart(GradeToSave(ana, 7.0, None))])
    assert caught.value.acted
    saved = impatient.plugin.save_grades(course, [heart(GradeToSave(ana, 7.0, None))])
    written = kind == "html"
    assert [each.outcome for each in saved.items[0].grades] == ["written" if written else "unchanged"]
    impatient.close()


def test_a_maximum_that_cannot_be_kept_leaves_the_whole_call_undone(
    moodle: SimMoodle, plugin: MoodlePlugin, course: int
) -> None:
    with pytest.raises(PermanentError):
        plugin.save_grades(course, [heart(), ItemToSave(13, 35, (), "Lung", 100_000.0)])
    assert plugin.grades(course).items == ()


def test_the_status_says_what_waits_and_whether_this_is_a_copy(moodle: SimMoodle, plugin: MoodlePlugin) -> None:
    assert plugin.status().outbox == Outbox(0, 0, 0, 0, "")
    moodle.now = lambda: 1_700_000_000.0
    moodle.attach(Signed("http://127.0.0.1:9", SECRET))
    moodle.send_test_event()
    moodle.send_test_event()
    status = plugin.status()
    assert status.outbox == Outbox(2, 1_700_000_000, 0, 0, "")
    assert (status.clone, status.missing, status.wwwroot) == (False, (), moodle.wwwroot)
    moodle.set_switch("is_clone", True)
    moodle.without("moodle/grade:edit")
    status = plugin.status()
    assert (status.clone, status.missing) == (True, ("moodle/grade:edit",))
    assert status.siteidentifier == plugin.status().siteidentifier
    assert len(status.siteidentifier) == 64


def test_people_ask_for_grades_have_data_erased_and_try_the_connection(moodle: SimMoodle, course: int) -> None:
    (ana,) = moodle.create_students(course, 1)
    moodle.events.clear()
    moodle.request_grades(course)
    moodle.erase_user(ana)
    moodle.send_test_event()
    assert [(event["eventname"], event["courseid"], event["relateduserid"]) for event in moodle.events] == [
        (r"\local_kurasync\event\grades_requested", str(course), None),
        (r"\local_kurasync\event\user_erased", 0, str(ana)),
        (r"\local_kurasync\event\test_sent", 0, None),
    ]


@pytest.mark.parametrize("installed", [True, False])
def test_the_plugin_announces_a_deletion_before_anything_else_says_so(
    moodle: SimMoodle, course: int, installed: bool
) -> None:
    if not installed:
        moodle.uninstall_plugin()
    moodle.events.clear()
    moodle.delete_course(course)
    first = str(moodle.events[0]["eventname"])
    assert first.endswith("course_deletion_started") is installed
