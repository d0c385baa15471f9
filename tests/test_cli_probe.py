"""`kurasync probe` on the command line: what it asks, what it shows, and a sandbox that behaves the same way."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from app.store import instances
from app.sync.experiments import Experiments
from tests.fixtures_desk import Desk
from tests.fixtures_processes import Processes, wait_until

MAILBOX = "lab.tech@example.edu"


@pytest.fixture
def scratch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(Experiments, "_ready", lambda self, token: True)  # else it waits seconds between two looks
    desk.connect()
    desk.kura.add_course("Scratch", "SCRATCH", lmsEnabled=False)
    return desk


def test_it_finds_out_keeps_and_shows(scratch: Desk) -> None:
    assert "was never tried" in scratch.done("probe", "kura")
    said = scratch.done("probe", "kura:SCRATCH", "--mailbox-file", "-", "--yes", typed=MAILBOX)
    assert "adding the e-mail of an active student" in said
    assert "refuse" in said
    assert "not found out" in said  # how students are numbered: there was no second course
    assert scratch.done("probe", "kura") == said
    told = scratch.json("probe", "kura")
    assert (told["instance"], told["answers"]["duplicate_add"]) == ("kura", "refuse")
    assert MAILBOX not in said + json.dumps(told)


def test_it_asks_before_it_invites_anybody(scratch: Desk) -> None:
    done = scratch.run("probe", "kura:SCRATCH", "--mailbox-file", "-", typed=MAILBOX)
    assert done.exit_code == 2
    assert "invitations to your mailbox" in done.output
    assert scratch.kura.invites == []


def test_without_a_mailbox_nothing_is_tried(scratch: Desk) -> None:
    done = scratch.run("probe", "kura:SCRATCH", "--yes")
    assert done.exit_code == 2
    assert "--mailbox-file" in done.output
    assert scratch.run("probe", "kura:SCRATCH", "--yes", "--mailbox-file", "-", typed="nobody").exit_code == 1


def test_a_mapped_course_is_refused(scratch: Desk) -> None:
    scratch.done("mapping", "add", "uni:PHY1", "kura:SCRATCH")
    done = scratch.run("probe", "kura:SCRATCH", "--yes", "--mailbox-file", "-", typed=MAILBOX)
    assert done.exit_code == 1
    assert "is mapped (mapping 1)" in done.output
    assert scratch.kura.invites == []


def test_unknown_names_are_told(scratch: Desk) -> None:
    assert "no instance called" in scratch.run("probe", "cura").output
    done = scratch.run("probe", "kura:SKRATCH", "--yes", "--mailbox-file", "-", typed=MAILBOX)
    assert "Did you mean" in done.output


def test_a_sandbox_behaves_as_was_found_out(scratch: Desk, processes: Processes, tmp_path: Path) -> None:
    with scratch.kit.database.transaction() as tx:
        answers = {"duplicate_add": "conflict", "text_maximum": 20}
        instances.set_dialect(tx, 1, answers, 1.0)
    path = tmp_path / "answers.json"
    path.write_text(scratch.done("probe", "kura", "--json"))
    command = ("-c", "from app.cli import main; main()", "sandbox", "--json", "--dialect", str(path))
    process = processes.start(*command, environ={"TMPDIR": str(tmp_path)})
    wait_until(lambda: processes.output(process).endswith("}\n"), 20)
    url = json.loads(processes.output(process))["kuracloud"]["url"]
    with urllib.request.urlopen(f"{url}/_sandbox/dialect", timeout=10) as answer:
        shown = json.load(answer)
    assert {name: shown[name]["value"] for name in answers} == answers


@pytest.mark.parametrize(
    "text", ["nothing", "[]", '{"answers": {"mood": "good"}}', '{"answers": {}}', '{"duplicate_add": "dance"}']
)
def test_a_file_of_something_else_is_refused(scratch: Desk, tmp_path: Path, text: str) -> None:
    path = tmp_path / "answers.json"
    path.write_text(text)
    done = scratch.run("sandbox", "--dialect", str(path))
    assert done.exit_code == 2
    assert "kurasync probe INSTANCE --json" in done.output
