"""`kurasync sandbox`: both simulators in a process of their own."""

from __future__ import annotations

import json
import signal
import socket
import urllib.request

import pytest

from tests.fixtures_desk import Desk
from tests.fixtures_processes import Processes, wait_until

COMMAND = ("-c", "from app.cli import main; main()", "sandbox")


def told(processes: Processes, *options: str) -> dict[str, dict[str, str]]:
    """How to connect, once both answer."""
    process = processes.start(*COMMAND, "--json", *options, environ={})
    wait_until(lambda: processes.output(process).endswith("}\n"), 20)
    found: dict[str, dict[str, str]] = json.loads(processes.output(process))
    return found


def test_what_it_tells_is_enough_to_connect_and_map_the_sample_course(desk: Desk, processes: Processes) -> None:
    both = told(processes, "--students", "4")
    moodle, kura = both["moodle"], both["kuracloud"]
    desk.done("site", "add", "uni", moodle["url"], "--token-file", "-", typed=moodle["token"])
    desk.done("instance", "add", "kura", "--url", kura["url"], "--token-file", "-", typed=kura["token"])
    desk.done("mapping", "add", "uni:PHY1", "kura:PHY")
    desk.work()
    assert desk.json("holds", "list")[0]["actions"] == {"add and invite": 4}


def test_it_tells_people_what_to_type(processes: Processes) -> None:
    process = processes.start(*COMMAND, environ={})
    wait_until(lambda: "Ctrl-C ends both." in processes.output(process), 20)
    said = processes.output(process)
    assert "kurasync site add uni http://127.0.0.1:" in said
    assert "kurasync mapping add uni:PHY1 kura:PHY" in said
    assert "attach_sender" in said


def test_without_students_there_is_no_course(processes: Processes) -> None:
    url = told(processes, "--students", "0")["kuracloud"]["url"]
    with urllib.request.urlopen(f"{url}/_sandbox/state", timeout=10) as answer:
        assert json.load(answer)["courses"] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_it_is_told_to(processes: Processes, number: signal.Signals) -> None:
    process = processes.start(*COMMAND, environ={})
    wait_until(lambda: "Ctrl-C ends both." in processes.output(process), 20)
    process.send_signal(number)
    assert process.wait(10) == 0
    assert "Traceback" not in processes.output(process)


def test_a_port_that_is_taken_is_told(processes: Processes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = processes.start(*COMMAND, "--moodle-port", str(taken.getsockname()[1]), environ={})
        assert process.wait(20) == 1
    assert "A port cannot be used" in processes.output(process)


def test_a_number_that_is_no_port_is_a_usage_error(desk: Desk) -> None:
    assert desk.run("sandbox", "--moodle-port", "70000").exit_code == 2
