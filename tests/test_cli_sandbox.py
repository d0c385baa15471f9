"""`kurasync sandbox`: both simulators in a process of their own."""

from __future__ import annotations

import json
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from tests.fixtures_desk import Desk
from tests.fixtures_processes import Processes, wait_until

COMMAND = ("-c", "from app.cli import main; main()", "sandbox")


def told(processes: Processes, *options: str) -> dict[str, dict[str, str]]:
    """How to connect, once both answer."""
    process = processes.start(*COMMAND, "--json", *options, environ={"TMPDIR": str(processes.folder)})
    wait_until(lambda: processes.output(process).endswith("}\n"), 20)
    found: dict[str, dict[str, str]] = json.loads(processes.output(process))
    return found


def introduced(processes: Processes, *options: str) -> str:
    """What it tells people."""
    process = processes.start(*COMMAND, *options, environ={"TMPDIR": str(processes.folder)})
    wait_until(lambda: "Ctrl-C ends both." in processes.output(process), 20)
    return processes.output(process)


def act(url: str, **action: object) -> None:
    """Do something in a simulator."""
    body = json.dumps(action).encode()
    request = urllib.request.Request(
        f"{url}/_sandbox/action", data=body, headers={"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()


def test_what_it_tells_is_enough_to_connect_and_map_the_sample_course(desk: Desk, processes: Processes) -> None:
    both = told(processes, "--students", "4")
    moodle, kura = both["moodle"], both["kuracloud"]
    assert (Path(moodle["site_file"]).stat().st_mode & 0o777) == 0o600
    assert desk.json("site", "add", "--file", moodle["site_file"])["site"] == "uni"
    desk.done("instance", "add", "kura", "--url", kura["url"], "--token-file", "-", typed=kura["token"])
    desk.done("mapping", "add", "uni:PHY1", "kura:PHY")
    desk.work()
    assert desk.json("holds", "list")[0]["actions"] == {"add and invite": 4}


def test_its_moodle_reports_events_where_kurasync_will_listen(processes: Processes) -> None:
    url = told(processes, "--students", "4", "--kurasync", "http://127.0.0.1:1/")["moodle"]["url"]
    act(url, action="rename_user", user=4, firstname="Anna")
    token = "sandbox-moodle-token"
    status = f"{url}/webservice/rest/server.php?wstoken={token}&wsfunction=local_kurasync_get_status"
    with urllib.request.urlopen(f"{status}&moodlewsrestformat=json", data=b"", timeout=10) as answer:
        assert json.load(answer)["outbox"]["waiting"] == 1


def test_its_kuracloud_has_a_lesson_whose_grades_can_be_carried_over(desk: Desk, processes: Processes) -> None:
    both = told(processes, "--students", "2")
    desk.done("site", "add", "--file", both["moodle"]["site_file"])
    kura = both["kuracloud"]
    desk.done("instance", "add", "kura", "--url", kura["url"], "--token-file", "-", typed=kura["token"])
    desk.done("mapping", "add", "uni:PHY1", "kura:PHY")
    desk.work()
    desk.done("holds", "approve", "1", "--digest", desk.json("holds", "show", "1")["digest"])
    desk.work()
    act(kura["url"], action="grade_everybody", courseId=101, revisionId=12)
    desk.done("grades", "uni:PHY1")
    desk.work_on_grades()
    assert desk.json("runs", "list", "--kind", "grades")[0]["counts"] == {"column_add": 1, "grade_set": 2}


def test_the_plugin_can_be_left_out(desk: Desk, processes: Processes) -> None:
    moodle = told(processes, "--no-plugin")["moodle"]
    added = desk.json("site", "add", "uni", moodle["url"], "--token-file", "-", typed=moodle["token"])
    assert (moodle["site_file"], added["plugin"]) == (None, None)


def test_it_tells_people_what_to_type(processes: Processes) -> None:
    said = introduced(processes)
    assert "kurasync site add --file /" in said
    assert "kurasync mapping add uni:PHY1 kura:PHY" in said
    assert '"courseId": 101, "revisionId": 12' in said
    assert "kurasync grades uni:PHY1 --wait" in said
    assert "attach_sender" not in said


def test_without_the_plugin_it_tells_people_how_to_attach_a_sender(processes: Processes) -> None:
    said = introduced(processes, "--no-plugin")
    assert "kurasync site add uni http://127.0.0.1:" in said
    assert "attach_sender" in said
    assert "kurasync grades" not in said


def test_without_students_there_is_no_course(processes: Processes) -> None:
    url = told(processes, "--students", "0")["kuracloud"]["url"]
    with urllib.request.urlopen(f"{url}/_sandbox/state", timeout=10) as answer:
        assert json.load(answer)["courses"] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_it_is_told_to(processes: Processes, number: signal.Signals) -> None:
    process = processes.start(*COMMAND, environ={"TMPDIR": str(processes.folder)})
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
