"""The Moodle client against the simulated Moodle: whole rosters, what a service user may not see, and faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from app.clients.http import Http
from app.clients.moodle import MoodleClient
from app.errors import ConnectionBroken, CourseGone, KurasyncError, TransientError
from sandbox.faults import Fault
from sandbox.moodle.sim import SimMoodle
from schemas.moodle import GradableUser, Group, GroupMembers


@pytest.fixture
def moodle() -> Iterator[SimMoodle]:
    with SimMoodle.serving() as sim:
        yield sim


@pytest.fixture
def client(moodle: SimMoodle) -> Iterator[MoodleClient]:
    made = MoodleClient(Http(moodle.url, "moodle", connect_timeout=2, call_timeout=1), moodle.token)
    yield made
    made.close()


@pytest.fixture
def course(moodle: SimMoodle) -> int:
    return moodle.create_course("Physiology 1", shortname="PHY1")


def enrol(moodle: SimMoodle, course: int, count: int) -> list[int]:
    users = [
        moodle.create_user(firstname=f"F{number}", lastname="L", email=f"s{number}@example.edu", idnumber=f"I{number}")
        for number in range(count)
    ]
    for user in users:
        moodle.enrol(user, course, role="student")
    return users


def test_it_reads_a_site_its_courses_and_whole_rosters(moodle: SimMoodle, client: MoodleClient, course: int) -> None:
    users = enrol(moodle, course, 5)
    group = moodle.create_group(course, "Lab A")
    moodle.join_group(users[1], group)
    moodle.suspend_enrolment(users[2], course)
    moodle.suspend_user(users[3])

    assert client.site_info().site_url == moodle.wwwroot
    assert client.course(course).shortname == "PHY1"
    assert course in [each.id for each in client.courses()]
    active = client.enrolled_page(course, start=0, limit=3, only="active")
    active += client.enrolled_page(course, start=3, limit=3, only="active")
    assert [user.id for user in active] == [users[0], users[1], users[3], users[4]]
    assert [user.id for user in client.enrolled_page(course, start=0, limit=9, only="suspended")] == [users[2]]
    assert client.enrolled_page(course, start=9, limit=9, only="active") == []
    assert active[1] == replace(active[0], id=users[1], firstname="F1", email="s1@example.edu", idnumber="I1",
                                groups=(Group(group, "Lab A"),))  # fmt: skip
    assert active[0].roles == ("student",)
    assert GradableUser(users[3], "s3@example.edu", "I3", True) in client.gradable(course)
    assert client.groups(course) == [Group(group, "Lab A")]
    assert client.group_members([group]) == [GroupMembers(group, (users[1],))]
    assert [account.suspended for account in client.accounts([users[3], users[4], 99_999])] == [True, False]


def test_it_reads_hundreds_of_accounts_and_groups(moodle: SimMoodle, client: MoodleClient, course: int) -> None:
    users = enrol(moodle, course, 230)
    groups = [moodle.create_group(course, f"G{number}") for number in range(120)]
    moodle.join_group(users[7], groups[119])
    assert [account.id for account in client.accounts(users)] == users
    assert client.group_members(groups)[119].userids == (users[7],)


SITUATIONS: dict[str, tuple[Any, type[KurasyncError], str]] = {
    "maintenance": (True, TransientError, "sitemaintenance"),
    "cli_maintenance": (True, TransientError, "server_error"),
    "database_down": (True, TransientError, "dbconnectionfailed"),
    "php_down": (True, TransientError, "server_error"),
    "webservices_enabled": (False, ConnectionBroken, "rest_disabled"),
    "rest_enabled": (False, ConnectionBroken, "rest_disabled"),
    "service_enabled": (False, ConnectionBroken, "accessexception"),
    "user_authorised": (False, ConnectionBroken, "accessexception"),
    "service_user_suspended": (True, ConnectionBroken, "wsaccessusersuspended"),
    "ip_allowed": (False, ConnectionBroken, "accessexception"),
}


@pytest.mark.parametrize("switch", SITUATIONS)
def test_it_recognises_every_state_a_site_can_be_in_and_goes_on_afterwards(
    moodle: SimMoodle, client: MoodleClient, course: int, switch: str
) -> None:
    value, kind, reason = SITUATIONS[switch]
    healthy = getattr(moodle, switch)
    moodle.set_switch(switch, value)
    with pytest.raises(KurasyncError) as caught:
        client.course(course)
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    moodle.set_switch(switch, healthy)
    assert client.course(course).id == course


def test_an_expired_and_a_wrong_token_break_the_connection(
    moodle: SimMoodle, client: MoodleClient, course: int
) -> None:
    moodle.rotate_token("another")
    with pytest.raises(ConnectionBroken) as caught:
        client.course(course)
    assert caught.value.reason == "invalidtoken"


def test_a_site_that_calls_itself_otherwise_says_which_address_to_configure(
    moodle: SimMoodle, client: MoodleClient
) -> None:
    moodle.wwwroot = "https://moodle.example.edu"
    with pytest.raises(ConnectionBroken) as caught:
        client.site_info()
    assert "Configure https://moodle.example.edu as its address" in caught.value.message


def test_a_deleted_course_is_gone(moodle: SimMoodle, client: MoodleClient, course: int) -> None:
    group = moodle.create_group(course, "A")
    moodle.delete_course(course)
    calls: list[Callable[[int], object]] = [
        client.course,
        client.gradable,
        client.groups,
        partial(client.enrolled_page, start=0, limit=9, only="active"),
    ]
    for call in calls:
        with pytest.raises(CourseGone):
            call(course)
    with pytest.raises(KurasyncError):
        client.group_members([group])


def test_an_answer_that_moodle_cuts_silently_is_short_and_no_error(
    moodle: SimMoodle, client: MoodleClient, course: int
) -> None:
    enrol(moodle, course, 3)
    moodle.without("moodle/user:viewdetails")
    assert len(client.enrolled_page(course, start=0, limit=9, only="active")) < 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("hang", match="gradable"), "no_answer"),
        (Fault("reset_before", match="gradable"), "no_answer"),
        (Fault("short_read", match="gradable"), "no_answer"),
        (Fault("truncated", match="gradable"), "not_json"),
        (Fault("html", match="gradable"), "not_json"),
        (Fault("status", match="gradable", status=429, retry_after=7), "rate_limited"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else str(value),
)
def test_a_fault_on_the_way_is_transient_and_reading_does_nothing(
    moodle: SimMoodle, client: MoodleClient, course: int, fault: Fault, reason: str
) -> None:
    moodle.faults.add(fault)
    with pytest.raises(TransientError) as caught:
        client.gradable(course)
    assert (caught.value.reason, caught.value.acted) == (reason, False)
    assert client.groups(course) == []
