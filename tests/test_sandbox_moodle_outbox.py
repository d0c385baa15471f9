"""The signed sender of the simulated Moodle keeps and delivers events as the outbox of our plugin does."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.wrappers import Request, Response

from sandbox.moodle import SimMoodle
from sandbox.moodle.senders import LocalWebhooks, Signed
from sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

OBSERVED = Path(__file__).parents[1] / "plugin" / "local_kurasync" / "db" / "events.php"
SECRET = "whsec_c2FuZGJveC1zZWNyZXQtb2YtbW9vZGxl"


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Receiver:
    """Answers each batch as `judge` says, and keeps the names of the cohorts that it was told of, batch by batch."""

    def __init__(self) -> None:
        self.url = ""
        self.judge: Callable[[list[int]], Reply] = lambda cohorts: Reply()
        self.batches: list[list[int]] = []
        self.events: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.times: list[float] = []
        self.got = threading.Semaphore(0)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        self.times.append(time.monotonic())
        self.events = json.loads(request.get_data())["data"]["events"]
        self.ids.append(request.headers["webhook-id"])
        self.batches.append([int(event["objectid"] or 0) for event in self.events])
        reply = self.judge(self.batches[-1])
        self.got.release()
        return Response(json.dumps(reply.body), reply.status, {"Content-Type": "application/json", **reply.headers})(
            environ, start_response
        )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with Server(receiver) as server:
        receiver.url = server.url
        yield receiver


@pytest.fixture
def moodle() -> Iterator[SimMoodle]:
    moodle = SimMoodle()
    yield moodle
    moodle.detach_senders()


def outbox(moodle: SimMoodle, receiver: Receiver, **how: Any) -> Signed:
    sender = Signed(receiver.url, SECRET, **how)
    moodle.attach(sender)
    return sender


def cohorts(moodle: SimMoodle, count: int) -> None:
    for number in range(count):
        moodle.create_cohort(f"Cohort {number}")


def test_what_comes_after_a_failure_waits_its_turn(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = outbox(moodle, receiver, batch=2)
    cohorts(moodle, 3)
    receiver.judge = lambda cohorts: Reply(500)
    assert not sender.flush()
    receiver.judge = lambda cohorts: Reply()
    cohorts(moodle, 1)
    assert sender.flush()
    assert receiver.batches == [[1, 2], [1, 2], [3, 4]]
    assert receiver.ids[0] == receiver.ids[1] != receiver.ids[2]


def test_a_batch_that_is_too_large_goes_in_halves_and_then_in_larger_ones_again(
    moodle: SimMoodle, receiver: Receiver
) -> None:
    sender = outbox(moodle, receiver, batch=8)
    cohorts(moodle, 16)
    receiver.judge = lambda cohorts: Reply(413) if len(cohorts) > 3 else Reply()
    assert sender.flush()
    assert [len(batch) for batch in receiver.batches] == [8, *[4, 2] * 7, 2]
    delivered = [each for batch in receiver.batches if len(batch) <= 3 for each in batch]
    assert delivered == list(range(1, 17))
    assert sender.set_aside == []


@pytest.mark.parametrize("status", [413, 422])
def test_an_event_that_is_refused_alone_is_set_aside_and_the_rest_goes_on(
    moodle: SimMoodle, receiver: Receiver, status: int
) -> None:
    sender = outbox(moodle, receiver)
    cohorts(moodle, 7)
    receiver.judge = lambda cohorts: Reply(status) if 5 in cohorts else Reply()
    assert sender.flush()
    assert [(each.occurrence.event["objectid"], each.reason) for each in sender.set_aside] == [
        (5, f"refused with {status}")
    ]
    delivered = [each for batch in receiver.batches if 5 not in batch for each in batch]
    assert delivered == [1, 2, 3, 4, 6, 7]
    assert sender.summary()["setaside"] == 1


def test_events_that_the_answer_names_are_set_aside_with_its_reason(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = outbox(moodle, receiver)
    cohorts(moodle, 4)
    rejected = [{"index": 1, "field": "courseid", "reason": "is not a number"}, {"index": 99}, "nonsense"]
    receiver.judge = lambda cohorts: Reply(200, {"accepted": 3, "rejected": rejected})
    assert sender.flush()
    assert [(each.occurrence.event["objectid"], each.reason) for each in sender.set_aside] == [
        (2, "courseid is not a number")
    ]
    assert receiver.batches == [[1, 2, 3, 4]]


def test_events_that_a_refusal_names_are_set_aside_and_the_others_sent_again(
    moodle: SimMoodle, receiver: Receiver
) -> None:
    sender = outbox(moodle, receiver)
    cohorts(moodle, 4)
    errors = [{"index": 0, "field": "id", "reason": "is missing"}, {"index": 3, "reason": "too odd"}]
    receiver.judge = lambda cohorts: Reply(422, {"errors": errors}) if len(cohorts) == 4 else Reply()
    assert sender.flush()
    assert receiver.batches == [[1, 2, 3, 4], [2, 3]]
    assert [each.reason for each in sender.set_aside] == ["id is missing", "too odd"]


@pytest.mark.parametrize(
    "reply",
    [Reply(302), Reply(401), Reply(403), Reply(429), Reply(500), Reply(200, headers={"Content-Type": "text/html"})],
    ids=lambda reply: f"{reply.status}{reply.headers.get('Content-Type', '')}",
)
def test_rows_are_kept_until_kurasync_itself_says_that_it_has_them(
    moodle: SimMoodle, receiver: Receiver, reply: Reply
) -> None:
    sender = outbox(moodle, receiver)
    cohorts(moodle, 2)
    receiver.judge = lambda cohorts: reply
    assert not sender.flush()
    assert sender.summary()["waiting"] == 2
    assert sender.summary()["lasterror"] != ""
    receiver.judge = lambda cohorts: Reply(202)
    assert sender.flush()
    summary = sender.summary()
    assert (summary["waiting"], summary["oldest"], summary["lasterror"]) == (0, 0, "")
    assert summary["lastdelivery"] > 0


def test_in_the_background_it_waits_longer_after_each_failure(moodle: SimMoodle, receiver: Receiver) -> None:
    receiver.judge = lambda cohorts: Reply(503 if len(receiver.batches) <= 4 else 200)
    outbox(moodle, receiver, background=True, retry_after=0.05)
    cohorts(moodle, 1)
    for _ in range(5):
        assert receiver.got.acquire(timeout=10)
    waits = [after - before for before, after in zip(receiver.times[:-1], receiver.times[1:], strict=True)]
    assert all(wait >= least for wait, least in zip(waits, (0.05, 0.1, 0.2, 0.4), strict=True))


def test_in_the_background_it_waits_as_long_as_it_is_asked_to_whatever_happens(
    moodle: SimMoodle, receiver: Receiver
) -> None:
    receiver.judge = lambda cohorts: Reply() if len(receiver.batches) > 1 else Reply(503, headers={"Retry-After": "1"})
    outbox(moodle, receiver, background=True, retry_after=0.01)
    cohorts(moodle, 1)
    assert receiver.got.acquire(timeout=10)
    cohorts(moodle, 1)
    assert receiver.got.acquire(timeout=10)
    assert receiver.times[1] - receiver.times[0] >= 1
    assert receiver.batches == [[1], [1, 2]]


def test_an_outbox_that_waits_ends_at_once(moodle: SimMoodle, receiver: Receiver) -> None:
    receiver.judge = lambda cohorts: Reply(503, headers={"Retry-After": "60"})
    outbox(moodle, receiver, background=True)
    cohorts(moodle, 1)
    assert receiver.got.acquire(timeout=10)
    started = time.monotonic()
    moodle.detach_senders()
    assert time.monotonic() - started < 10


def test_an_enrolment_that_is_rolled_back_leaves_no_row_and_has_been_posted_by_others(
    moodle: SimMoodle, receiver: Receiver
) -> None:
    course, user = moodle.create_course("Physiology", "PHY"), moodle.create_user("Ana", "Lab", "ana@example.edu")
    sender, hook = outbox(moodle, receiver), LocalWebhooks("http://127.0.0.1:9", "token")
    moodle.attach(hook)
    moodle.enrol_and_roll_back(user, course)
    assert sender.summary()["waiting"] == 0
    hook.flush()
    assert len(hook.answers) == 2
    moodle.enrol(user, course)
    assert sender.summary()["waiting"] == 2


def test_ids_only_is_what_the_real_plugin_keeps_and_sends(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = outbox(moodle, receiver, ids_only=True)
    course = moodle.create_course("Physiology", "PHY")
    user = moodle.create_user("Ana", "Lab", "ana@example.edu")
    assert sender.summary()["waiting"] == 3
    sender.flush()
    assert {event["eventname"] for event in receiver.events} == {r"\core\event\enrol_instance_created"}
    moodle.enrol(user, course)
    moodle.request_grades(course)
    moodle.delete_user(user)
    sender.flush()
    enrolled, deleted = receiver.events[0], receiver.events[-1]
    assert {name: type(value).__name__ for name, value in enrolled.items()} == {
        "id": "str",
        "eventname": "str",
        "courseid": "int",
        "userid": "int",
        "relateduserid": "int",
        "objectid": "int",
        "contextlevel": "int",
        "contextinstanceid": "int",
        "timecreated": "int",
    }
    assert (enrolled["courseid"], enrolled["relateduserid"]) == (course, user)
    assert "ana@example.edu" not in json.dumps(receiver.events)
    assert deleted["eventname"] == r"\core\event\user_deleted"
    assert r"\local_kurasync\event\grades_requested" in {event["eventname"] for event in receiver.events}


def test_ids_only_keeps_the_events_that_the_plugin_observes(moodle: SimMoodle, receiver: Receiver) -> None:
    observed = set(re.findall(r"'(\\\w+\\event\\\w+)'", OBSERVED.read_text()))
    assert len(observed) > 20
    for name in sorted({*observed, r"\core\event\user_created", r"\core\event\user_graded"}):
        sender = Signed(receiver.url, SECRET, ids_only=True)
        sender.accept({"eventname": name, "component": name.split("\\")[1], "timecreated": 1}, "")
        assert sender.summary()["waiting"] == int(name in observed), name
        sender.close()
