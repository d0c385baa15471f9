"""The three senders of the simulated Moodle post what the real ones posted, and fail as they do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
import requests
from standardwebhooks import Webhook
from werkzeug.wrappers import Request, Response

from sandbox.moodle import SimMoodle
from sandbox.moodle.senders import Disorder, LocalWebhooks, Sender, Signed, ToolTrigger
from sandbox.moodle.senders.sender import THREAD
from sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RECORDINGS = Path(__file__).parent / "recordings" / "moodle" / "events"
SECRET = "whsec_c2FuZGJveC1zZWNyZXQtb2YtbW9vZGxl"


class Receiver:
    """Answers with the statuses in `answers`, then with 200, and keeps what it got."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[int] = []
        self.bodies: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.got = threading.Semaphore(0)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        # `data` would be empty when JSON is labelled as a form.
        self.bodies.append(request.get_data(parse_form_data=False, as_text=True))
        self.headers.append(dict(request.headers))
        status = self.answers.pop(0) if self.answers else 200
        self.got.release()
        return Response("", status)(environ, start_response)

    @property
    def received(self) -> list[Any]:
        return [json.loads(body) for body in self.bodies]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with Server(receiver) as server:
        receiver.url = server.url
        yield receiver


@pytest.fixture
def moodle() -> Iterator[SimMoodle]:
    moodle = SimMoodle()
    moodle.wwwroot = "https://moodle.example.edu"
    yield moodle
    moodle.detach_senders()


def attached(moodle: SimMoodle, sender: Sender) -> Sender:
    moodle.attach(sender)
    return sender


def enrol_somebody(moodle: SimMoodle) -> list[dict[str, Any]]:
    """The events of an enrolment, the only ones the senders get to see."""
    senders, moodle.senders = moodle.senders, []
    course, user = moodle.create_course("Physiology", "PHY"), moodle.create_user("Ana", "Añorve", "ana@example.edu")
    moodle.senders = senders
    moodle.events.clear()
    moodle.enrol(user, course)
    return list(moodle.events)


def cohorts(moodle: SimMoodle, count: int) -> list[int]:
    return [moodle.create_cohort(f"Cohort {number}") for number in range(count)]


def recorded(plugin: str, name: str) -> dict[str, Any]:
    request: dict[str, Any] = json.loads((RECORDINGS / plugin / f"{name}.json").read_text())["request"]
    return request


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    return type(value).__name__


def test_signed_posts_one_batch_that_the_library_verifies(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = attached(moodle, Signed(receiver.url, SECRET))
    events = enrol_somebody(moodle)
    assert sender.flush()
    headers = {name.lower(): text for name, text in receiver.headers[0].items()}
    body = Webhook(SECRET).verify(receiver.bodies[0], headers)
    assert body["type"] == "moodle.events"
    assert body["timestamp"].endswith("Z")
    assert body["data"]["wwwroot"] == "https://moodle.example.edu"
    assert [{key: value for key, value in event.items() if key != "id"} for event in body["data"]["events"]] == events
    assert len({event["id"] for event in body["data"]["events"]}) == 2


def test_signed_posts_500_events_at_most_at_once(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = attached(moodle, Signed(receiver.url, SECRET))
    cohorts(moodle, 1001)
    sender.flush()
    assert [len(body["data"]["events"]) for body in receiver.received] == [500, 500, 1]


@pytest.mark.parametrize("failure", [400, 401, 500, 503])
def test_signed_keeps_a_batch_under_its_id_until_it_is_received(
    moodle: SimMoodle, receiver: Receiver, failure: int
) -> None:
    sender = attached(moodle, Signed(receiver.url, SECRET))
    receiver.answers = [failure]
    enrol_somebody(moodle)
    assert not sender.flush()
    assert sender.flush()
    assert sender.flush()
    assert len(receiver.bodies) == 2
    assert receiver.headers[0]["Webhook-Id"] == receiver.headers[1]["Webhook-Id"]
    assert receiver.received[0]["data"] == receiver.received[1]["data"]


def test_signed_keeps_events_while_nobody_listens(moodle: SimMoodle) -> None:
    with Server(Receiver()) as server:
        url = server.url
    sender = attached(moodle, Signed(url, SECRET))
    enrol_somebody(moodle)
    assert not sender.flush()
    assert sender.answers == [None]


def test_local_webhooks_posts_each_event_as_recorded(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = attached(moodle, LocalWebhooks(receiver.url, "WEBHOOK_TOKEN", extra="extra-field"))
    events = enrol_somebody(moodle)
    sender.flush()
    for body, name in zip(receiver.received, ("user_enrolment_created", "role_assigned"), strict=True):
        request = recorded("local_webhooks", f"06-enrol_student--{name}")
        assert shape(body) == shape(request["body"])
        assert list(body) == list(request["body"])
        assert (body["host"], body["token"]) == ("moodle.example.edu", "WEBHOOK_TOKEN")
    assert [body["eventname"] for body in receiver.received] == [event["eventname"] for event in events]
    wanted = recorded("local_webhooks", "06-enrol_student--role_assigned")["headers"]
    assert {name: receiver.headers[0].get(name) for name in wanted} == wanted


def test_local_webhooks_may_call_its_json_a_form(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = attached(moodle, LocalWebhooks(receiver.url, "token", labelled_as_form=True))
    cohorts(moodle, 1)
    sender.flush()
    assert receiver.headers[0]["Content-Type"] == "application/x-www-form-urlencoded"
    assert receiver.received[0]["eventname"] == "\\core\\event\\cohort_created"


def test_local_webhooks_loses_what_fails(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = attached(moodle, LocalWebhooks(receiver.url, "token"))
    receiver.answers = [500]
    cohorts(moodle, 2)
    assert sender.flush()
    assert sender.flush()
    assert [body["objectid"] for body in receiver.received] == [1, 2]


def test_tool_trigger_posts_its_template_as_recorded(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = attached(moodle, ToolTrigger(receiver.url, "WEBHOOK_TOKEN"))
    enrol_somebody(moodle)
    sender.flush()
    request = recorded("tool_trigger", "06-enrol_student--user_enrolment_created--rt")
    assert list(receiver.received[0]) == list(request["body"])
    assert shape(receiver.received[0]) == shape(request["body"])
    assert receiver.received[0]["unknown"] == "{nosuchfield}"
    assert (receiver.received[0]["other_enrol"], receiver.received[1]["other_enrol"]) == ("manual", "{other_enrol}")
    assert {name: receiver.headers[0].get(name) for name in request["headers"]} == request["headers"]


def test_tool_trigger_posts_a_form_as_recorded(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = attached(moodle, ToolTrigger(receiver.url, "WEBHOOK_TOKEN", mode="form"))
    cohorts(moodle, 1)
    sender.flush()
    request = recorded("tool_trigger", "19-group_member_remove--group_member_removed--rt_form")
    assert [name for name, _ in parse_qsl(receiver.bodies[0], keep_blank_values=True)] == list(request["body"])
    assert receiver.bodies[0].startswith("eventname=%5Ccore%5Cevent%5Ccohort_created&eventid=1&objectid=1&")
    assert receiver.bodies[0].endswith(
        "&other_enrol={other_enrol}&site=https%3A%2F%2Fmoodle.example.edu&unknown={nosuchfield}"
    )
    assert receiver.headers[0]["Content-Type"] == request["headers"]["Content-Type"]


def test_tool_triggers_own_json_loses_plus_and_splits_on_ampersand(moodle: SimMoodle, receiver: Receiver) -> None:
    moodle.wwwroot = "https://moodle.example.edu/a+b&c=d"
    sender = attached(moodle, ToolTrigger(receiver.url, "bearer", mode="json_without_type"))
    cohorts(moodle, 1)
    sender.flush()
    assert receiver.received[0]["site"] == "https://moodle.example.edu/a b"
    assert receiver.received[0]["c"] == "d"
    assert "Content-Type" not in receiver.headers[0]


def test_tool_trigger_by_cron_posts_workflow_by_workflow(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = attached(moodle, ToolTrigger(receiver.url, "bearer", mode="cron"))
    course = moodle.create_course("Physiology", "PHY")
    for number in range(2):
        moodle.enrol(moodle.create_user("Given", str(number), f"p{number}@example.edu"), course)
    sender.flush()
    names = [body["eventname"] for body in receiver.received]
    assert names == sorted(names) != [event["eventname"] for event in moodle.events]


@pytest.mark.parametrize("failure", [202, 500])
def test_tool_trigger_repeats_whatever_is_not_answered_with_200(
    moodle: SimMoodle, receiver: Receiver, failure: int
) -> None:
    sender = attached(moodle, ToolTrigger(receiver.url, "bearer"))
    receiver.answers = [failure]
    cohorts(moodle, 1)
    assert not sender.flush()
    assert sender.flush()
    assert [body["eventid"] for body in receiver.received] == ["1", "1"]


def test_tool_trigger_gives_up_after_six_attempts(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = attached(moodle, ToolTrigger(receiver.url, "bearer"))
    receiver.answers = [500] * 10
    cohorts(moodle, 1)
    assert [sender.flush() for _ in range(7)] == [False] * 5 + [True] * 2
    assert len(receiver.bodies) == 6


@pytest.mark.parametrize(
    ("disorder", "arrived"),
    [
        (Disorder(), [1, 2, 3]),
        (Disorder(lost={0}), [2, 3]),
        (Disorder(duplicated={1}), [1, 2, 2, 3]),
        (Disorder(reordered={0}), [2, 1, 3]),
        (Disorder(lost=1.0), []),
        (Disorder(duplicated=1.0), [1, 1, 2, 2, 3, 3]),
    ],
)
def test_events_can_be_lost_doubled_and_swapped_on_demand(
    moodle: SimMoodle, receiver: Receiver, disorder: Disorder, arrived: list[int]
) -> None:
    sender = attached(moodle, LocalWebhooks(receiver.url, "token", disorder=disorder))
    cohorts(moodle, 3)
    sender.flush()
    assert [body["objectid"] for body in receiver.received] == arrived


def test_the_same_seed_makes_the_same_disorder() -> None:
    numbered = [(number, number) for number in range(200)]
    outcomes = [Disorder(0.2, 0.2, 0.2, seed=seed).applied(list(numbered)) for seed in (7, 7, 8)]
    assert outcomes[0] == outcomes[1] != outcomes[2]


def test_a_doubled_event_keeps_its_id(moodle: SimMoodle, receiver: Receiver) -> None:
    sender = attached(moodle, Signed(receiver.url, SECRET, disorder=Disorder(duplicated={0})))
    cohorts(moodle, 1)
    sender.flush()
    ids = [event["id"] for event in receiver.received[0]["data"]["events"]]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_sender_in_the_background_posts_by_itself_and_tries_again(moodle: SimMoodle, receiver: Receiver) -> None:
    receiver.answers = [503]
    attached(moodle, Signed(receiver.url, SECRET, background=True, retry_after=0.01))
    cohorts(moodle, 1)
    assert receiver.got.acquire(timeout=5)
    assert receiver.got.acquire(timeout=5)
    assert receiver.headers[0]["Webhook-Id"] == receiver.headers[1]["Webhook-Id"]


@pytest.mark.parametrize(
    ("kind", "path_of_name"),
    [
        ("signed", ("data", "events", 0, "eventname")),
        ("local_webhooks", ("eventname",)),
        ("tool_trigger", ("eventname",)),
    ],
)
def test_a_sender_can_be_attached_over_http(receiver: Receiver, kind: str, path_of_name: tuple[str | int, ...]) -> None:
    with SimMoodle.serving() as moodle:
        action = {"action": "attach_sender", "kind": kind, "url": receiver.url, "secret": SECRET}
        assert requests.post(f"{moodle.url}/_sandbox/action", json=action, timeout=10).status_code == 200
        moodle.create_cohort("First years")
        assert receiver.got.acquire(timeout=5)
    found = receiver.received[0]
    for step in path_of_name:
        found = found[step]
    assert found == "\\core\\event\\cohort_created"


def test_only_known_kinds_and_modes_are_attached(moodle: SimMoodle) -> None:
    with pytest.raises(ValueError, match="carrier pigeon"):
        moodle.attach_sender("carrier pigeon", "http://localhost", "secret")
    with pytest.raises(ValueError, match="semaphore"):
        moodle.attach_sender("tool_trigger", "http://localhost", "secret", mode="semaphore")


def test_nothing_is_left_running_when_the_simulator_ends(receiver: Receiver) -> None:
    with SimMoodle.serving() as moodle:
        for kind in ("signed", "local_webhooks", "tool_trigger"):
            moodle.attach_sender(kind, receiver.url, SECRET)
        moodle.create_cohort("First years")
        for _ in range(3):
            assert receiver.got.acquire(timeout=5)
        assert [thread.name for thread in threading.enumerate()].count(THREAD) == 3
    assert THREAD not in [thread.name for thread in threading.enumerate()]
