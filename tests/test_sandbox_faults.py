"""Faults on demand, and the control routes both simulators have."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from sandbox.calls import Calls
from sandbox.control import SandboxApp
from sandbox.faults import KINDS, Fault, Faults
from sandbox.server import Server

ANSWER = {"answer": "the right one"}


class Ledger:
    """A simulator that notes what it is told and answers always the same."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.calls = Calls()
        self.noted: list[str] = []
        self.wsgi = SandboxApp(self._answer, self, views={"motto": lambda: "note everything"})
        self.server = Server(self.wsgi)

    def _answer(self, environ: Any, start_response: Any) -> Any:
        self.noted.append(Request(environ).get_data(as_text=True))
        return Response('{"answer": "the right one"}', content_type="application/json")(environ, start_response)

    def state(self) -> dict[str, Any]:
        return {"noted": self.noted}

    def note(self, text: str) -> int:
        """Note a text by hand; returns how many there are."""
        if not text:
            raise ValueError("nothing to note")
        self.noted.append(text)
        return len(self.noted)

    def post(self, body: str = "x", path: str = "/note", timeout: float = 5) -> requests.Response:
        return requests.post(f"{self.server.url}{path}", data=body, timeout=timeout)

    def control(self, method: str, page: str, body: object = None) -> requests.Response:
        return requests.request(method, f"{self.server.url}/_sandbox/{page}", json=body, timeout=5)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    ledger = Ledger()
    with ledger.server:
        yield ledger


def eventually(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.005)


def test_without_a_fault_the_request_is_carried_out(ledger: Ledger) -> None:
    assert ledger.post().json() == ANSWER
    assert ledger.noted == ["x"]


def test_latency_answers_later(ledger: Ledger) -> None:
    ledger.faults.add(Fault("latency", seconds=0.1))
    started = time.monotonic()
    assert ledger.post().json() == ANSWER
    assert time.monotonic() - started >= 0.1


@pytest.mark.parametrize(("kind", "noted"), [("hang", []), ("hang_after", ["x"])])
def test_a_hanging_request_never_answers(ledger: Ledger, kind: str, noted: list[str]) -> None:
    ledger.faults.add(Fault(kind))
    with pytest.raises(requests.ReadTimeout):
        ledger.post(timeout=0.1)
    assert ledger.noted == noted


@pytest.mark.parametrize("let_go", [Faults.clear, lambda faults: faults.remove(Fault("hang", times=1))])
def test_a_hanging_request_is_let_go_when_its_fault_is_removed(
    ledger: Ledger, let_go: Callable[[Faults], None]
) -> None:
    ledger.faults.add(Fault("hang", times=1))
    ended: list[type[Exception]] = []

    def ask() -> None:
        try:
            ledger.post()
        except requests.ConnectionError as reset:
            ended.append(type(reset))

    client = threading.Thread(target=ask)
    client.start()
    eventually(lambda: len(ledger.calls) and ledger.calls[0].fault == "hang")
    let_go(ledger.faults)
    client.join(5)
    assert ended == [requests.ConnectionError]
    assert ledger.noted == []


@pytest.mark.parametrize("fault", [Fault("hang"), Fault("latency", seconds=60), Fault("late", seconds=60)])
def test_stop_ends_what_waits(fault: Fault) -> None:
    ledger = Ledger()
    before = set(threading.enumerate())
    with ledger.server:
        ledger.faults.add(fault)
        with pytest.raises(requests.ReadTimeout):
            ledger.post(timeout=0.05)
        started = time.monotonic()
    assert time.monotonic() - started < 1
    assert set(threading.enumerate()) <= before
    assert ledger.noted == []


@pytest.mark.parametrize(("kind", "noted"), [("reset_before", []), ("reset_after", ["x"])])
def test_a_reset_connection_gives_no_answer(ledger: Ledger, kind: str, noted: list[str]) -> None:
    ledger.faults.add(Fault(kind))
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        ledger.post()
    assert ledger.noted == noted


@pytest.mark.parametrize(("kind", "noted"), [("status", []), ("status_after", ["x"])])
def test_a_status_is_answered_with_its_header_and_body(ledger: Ledger, kind: str, noted: list[str]) -> None:
    ledger.faults.add(Fault(kind, status=503, retry_after=2, body={"message": "Busy"}))
    answer = ledger.post()
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (503, "2", {"message": "Busy"})
    assert ledger.noted == noted


def test_a_text_for_body_is_sent_as_a_page(ledger: Ledger) -> None:
    ledger.faults.add(Fault("status", status=502, body="<h1>Bad gateway</h1>"))
    answer = ledger.post()
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Retry-After" not in answer.headers
    assert answer.text == "<h1>Bad gateway</h1>"


def test_a_status_without_a_body_has_a_message(ledger: Ledger) -> None:
    ledger.faults.add(Fault("status"))
    answer = ledger.post()
    assert answer.status_code == 500
    assert answer.json() == {"message": "The sandbox answers 500"}


def test_html_is_a_page_with_status_200(ledger: Ledger) -> None:
    ledger.faults.add(Fault("html"))
    answer = ledger.post()
    assert answer.status_code == 200
    assert answer.text.startswith("<!DOCTYPE html>")
    assert ledger.noted == []


def test_a_truncated_answer_is_no_json(ledger: Ledger) -> None:
    ledger.faults.add(Fault("truncated"))
    answer = ledger.post()
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert ledger.noted == ["x"]


def test_a_short_read_breaks_off(ledger: Ledger) -> None:
    ledger.faults.add(Fault("short_read"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        ledger.post()
    assert ledger.noted == ["x"]


def test_an_exception_is_a_200_with_the_body_given(ledger: Ledger) -> None:
    body = {"exception": "moodle_exception", "errorcode": "sitemaintenance", "message": "Maintenance"}
    ledger.faults.add(Fault("exception", body=body))
    answer = ledger.post()
    assert (answer.status_code, answer.json()) == (200, body)
    assert ledger.noted == []


def test_an_empty_list_is_a_200(ledger: Ledger) -> None:
    ledger.faults.add(Fault("empty_list"))
    answer = ledger.post()
    assert (answer.status_code, answer.json()) == (200, [])
    assert ledger.noted == []


def test_a_late_request_is_carried_out_after_the_client_lost_it(ledger: Ledger) -> None:
    ledger.faults.add(Fault("late", seconds=0.1))
    with pytest.raises(requests.ConnectionError):
        ledger.post()
    assert ledger.noted == []
    eventually(lambda: ledger.noted)
    assert ledger.noted == ["x"]


def test_every_kind_has_been_shown_here() -> None:
    shown = {
        "latency", "hang", "hang_after", "reset_before", "reset_after", "status", "status_after", "html", "truncated",
        "short_read", "exception", "empty_list", "late",
    }  # fmt: skip
    assert set(KINDS) == shown


def test_a_fault_strikes_so_many_times_after_so_many_were_let_through(ledger: Ledger) -> None:
    ledger.faults.add(Fault("status", skip=1, times=2))
    assert [ledger.post().status_code for _ in range(5)] == [200, 500, 500, 200, 200]


def test_a_fault_strikes_until_it_is_removed(ledger: Ledger) -> None:
    fault = Fault("status")
    ledger.faults.add(fault, Fault("status", match="elsewhere"))
    assert ledger.post().status_code == 500
    ledger.faults.remove(fault)
    assert ledger.post().status_code == 200
    assert len(ledger.faults) == 1


def test_the_fault_added_first_strikes_first(ledger: Ledger) -> None:
    ledger.faults.add(Fault("status", times=1, status=502), Fault("status", status=503))
    assert [ledger.post().status_code for _ in range(2)] == [502, 503]


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        (Fault("status", match="POST .*/note$"), True),
        (Fault("status", match="/note\\?draft=1"), False),
        (Fault("status", match="/note", method="GET"), False),
        (Fault("status", method="POST"), True),
    ],
)
def test_a_fault_concerns_calls_by_method_and_path(ledger: Ledger, fault: Fault, struck: bool) -> None:
    ledger.faults.add(fault)
    assert (ledger.post().status_code == 500) is struck


def test_a_fault_sees_the_query(ledger: Ledger) -> None:
    ledger.faults.add(Fault("status", match="draft=1"))
    assert ledger.post(path="/note?draft=1").status_code == 500


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no such kind"):
        Fault("earthquake")


def test_a_call_is_recorded_with_what_became_of_it(ledger: Ledger) -> None:
    monotonic, wall = time.monotonic(), time.time()
    ledger.post('{"a": 1}', path="/note?b=2")
    call = ledger.calls[0]
    assert (call.name, call.method, call.path, call.body) == ("POST /note?b=2", "POST", "/note?b=2", {"a": 1})
    assert (call.status, call.fault, call.dropped) == (200, "", False)
    assert call.acted_at is not None
    assert monotonic <= call.at <= call.acted_at <= time.monotonic()
    assert wall <= call.wall <= time.time()
    eventually(lambda: call.ended is not None)


def test_a_call_that_gets_no_answer_is_recorded_without_a_status(ledger: Ledger) -> None:
    ledger.faults.add(Fault("reset_before"))
    with pytest.raises(requests.ConnectionError):
        ledger.post()
    call = ledger.calls[0]
    assert (call.status, call.acted_at, call.fault, call.dropped) == (None, None, "reset_before", True)


def test_a_form_is_recorded_as_its_fields(ledger: Ledger) -> None:
    requests.post(f"{ledger.server.url}/note", data={"wsfunction": "f", "x": "ü"}, timeout=5)
    assert ledger.calls[0].body == {"wsfunction": "f", "x": "ü"}
    assert ledger.noted == ["wsfunction=f&x=%C3%BC"]


def test_calls_are_found_by_name_and_forgotten(ledger: Ledger) -> None:
    ledger.post(path="/one")
    ledger.post(path="/two")
    assert [call.path for call in ledger.calls.matching("/t")] == ["/two"]
    ledger.calls.clear()
    assert len(ledger.calls) == 0


def test_faults_can_be_laid_and_taken_away_over_http(ledger: Ledger) -> None:
    added = ledger.control("POST", "faults", [{"kind": "status", "match": "note", "status": 503}])
    assert added.json() == {"added": 1}
    assert ledger.post().status_code == 503
    assert ledger.control("DELETE", "faults").json() == {}
    assert ledger.post().status_code == 200


@pytest.mark.parametrize(
    "faults", [[{"kind": "earthquake"}], [{"kind": "status", "colour": "red"}], [{"kind": "status", "match": "("}], [1]]
)
def test_a_fault_that_makes_no_sense_is_refused_over_http(ledger: Ledger, faults: object) -> None:
    assert ledger.control("POST", "faults", faults).status_code == 400
    assert len(ledger.faults) == 0


def test_calls_are_shown_and_forgotten_over_http(ledger: Ledger) -> None:
    ledger.post("hello")
    (call,) = ledger.control("GET", "calls").json()
    assert (call["name"], call["body"], call["status"]) == ("POST /note", "hello", 200)
    ledger.control("DELETE", "calls")
    assert ledger.control("GET", "calls").json() == []


def test_state_and_further_pages_are_shown(ledger: Ledger) -> None:
    ledger.post("hello")
    assert ledger.control("GET", "state").json() == {"noted": ["hello"]}
    assert ledger.control("GET", "motto").json() == "note everything"
    assert ledger.control("GET", "nothing").status_code == 404


def test_an_action_calls_the_simulator(ledger: Ledger) -> None:
    assert ledger.control("POST", "action", {"action": "note", "text": "by hand"}).json() == {"result": 1}
    assert ledger.noted == ["by hand"]


@pytest.mark.parametrize(
    "action",
    [{"action": "_answer"}, {"action": "noted"}, {"action": "absent"}, {}, {"action": "note"},
     {"action": "note", "text": ""}, ["note"]],
)  # fmt: skip
def test_an_action_that_makes_no_sense_is_refused(ledger: Ledger, action: object) -> None:
    answer = ledger.control("POST", "action", action)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_control_routes_are_neither_recorded_nor_struck(ledger: Ledger) -> None:
    ledger.faults.add(Fault("status"))
    assert ledger.control("GET", "state").status_code == 200
    assert len(ledger.calls) == 0
