"""What a log line never shows (design.md 4, invariant 11), and where it goes."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from app import log
from app.cli import up
from app.settings import Settings


class Lines:
    """What was written to standard error."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured
        self._read = ""

    def text(self) -> str:
        self._read += self._captured.readouterr().err
        return self._read

    def last(self) -> dict[str, object]:
        line = json.loads(self.text().splitlines()[-1])
        assert isinstance(line, dict)
        return line


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield Lines(capsys)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_a_line_is_json_with_time_and_level(lines: Lines) -> None:
    log.configure(Settings())
    structlog.get_logger().warning("run_ended", mapping_id=7, outcome="done")
    line = lines.last()
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {"event": "run_ended", "mapping_id": 7, "outcome": "done", "level": "warning"}


def test_a_line_may_be_for_a_terminal(lines: Lines) -> None:
    log.configure(Settings(log_json=False))
    structlog.get_logger().warning("run_ended", mapping_id=7)
    assert "run_ended" in lines.text()
    assert "mapping_id=7" in lines.text()


def test_lines_below_the_level_are_left_out(lines: Lines) -> None:
    log.configure(Settings(log_level="warning"))
    structlog.get_logger().info("tick")
    assert lines.text() == ""


@pytest.mark.parametrize(
    "key",
    ["token", "wstoken", "secret", "webhook_secret", "email", "firstname", "familyName", "given_name", "Authorization"],
)
def test_what_is_personal_or_secret_is_hidden_by_its_key(lines: Lines, key: str) -> None:
    log.configure(Settings())
    structlog.get_logger().warning("event", **{key: "Ana", "deep": [{key: {"more": "Ana"}}]})
    assert "Ana" not in lines.text()
    assert lines.last()[key] == "***"


def test_addresses_are_hidden_wherever_they_stand(lines: Lines) -> None:
    log.configure(Settings())
    structlog.get_logger().warning("DETAIL: Key (email)=(ana.lee@example.edu) exists", seen=("x", "bo@example.edu"))
    assert "example.edu" not in lines.text()
    assert lines.last()["event"] == "DETAIL: Key (email)=(***) exists"


def test_a_traceback_shows_no_local_variable_and_no_address(lines: Lines) -> None:
    def fail(word: str) -> None:
        raise ValueError("cannot invite ana@example.edu")

    log.configure(Settings())
    try:
        fail("hunter" + "2")
    except ValueError:
        structlog.get_logger().exception("run_ended")
    shown = str(lines.last()["exception"])
    assert "ValueError: cannot invite ***" in shown
    assert "hunter2" not in lines.text()


def test_lines_of_libraries_take_the_same_way(lines: Lines) -> None:
    log.configure(Settings())
    logging.getLogger("gunicorn.error").warning("asked by %s", "ana@example.edu")
    assert lines.last()["event"] == "asked by ***"
    assert lines.last()["level"] == "warning"


def test_rq_says_only_what_is_wrong(lines: Lines) -> None:
    log.configure(Settings())
    logging.getLogger("rq.worker").info("listening")
    assert lines.text() == ""


def test_on_a_terminal_lines_are_readable_whatever_the_setting(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    log.configure(Settings())
    structlog.get_logger().warning("run_ended", mapping_id=7)
    assert "mapping_id=7" in lines.text()


def test_a_line_of_json_is_put_in_words_and_any_other_left_as_it_is() -> None:
    at = "2026-01-31T12:00:00.5Z"
    said = log.readable(json.dumps({"event": "run_ended", "level": "info", "timestamp": at, "mapping_id": 7}))
    assert re.match(r"\d\d:\d\d:\d\d \[info +\] run_ended +mapping_id=7$", said)
    odd = json.dumps({"event": 1, "timestamp": at})
    for other in ("Ready to accept connections", "{", "[1]", '{"event": "x"}', odd):
        assert log.readable(other) == other


def test_lines_are_kept_in_a_file_for_its_owner_alone_that_does_not_grow(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    with log.kept(path) as keep:
        for number in range(24):
            keep(f"{number:02} " + "x " * (1 << 19))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith("18 ")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept.jsonl", "kept.jsonl.1", "kept.jsonl.2"]


def test_lines_that_cannot_be_kept_stop_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (tmp_path / "nowhere" / "kurasync.log", None):
        with log.kept(path) as keep:
            keep("a line")
    assert capsys.readouterr().err == ""


def test_where_lines_are_kept_is_a_setting(tmp_path: Path) -> None:
    assert Settings(home=tmp_path).log_path == tmp_path / "kurasync.log"
    assert Settings(log_file="/var/log/k.log").log_path == Path("/var/log/k.log")
    assert Settings(log_file="none").log_path is None


@pytest.mark.parametrize("terminal", [True, False])
def test_up_keeps_json_and_shows_words_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: bool
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    kept: list[str] = []
    line = json.dumps({"event": "run_ended", "level": "info", "timestamp": "2026-01-31T12:00:00Z", "mapping_id": 7})
    up.shows(Settings(), kept.append)("worker", line)
    assert kept == [line]
    shown = capsys.readouterr().out
    assert shown.startswith("worker | ")
    assert ("mapping_id=7" in shown) is terminal
    assert (line in shown) is not terminal
