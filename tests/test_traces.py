"""The search of what the suite logs finds what it is there to find, and nothing else."""

from __future__ import annotations

import pytest

from tests.traces import found_in, logged
from tests.world import SECRET

CONSOLE = "2026-01-31 12:00:00 [info     ] run_ended     outcome=done reason="
JSON = '{"outcome": "done", "event": "run_ended", "level": "info"}'
MAIL, KEY = "ana.lee@example.edu", "kura-token"


LINES = [CONSOLE, JSON, CONSOLE.replace(" 12:00:00 [", "T12:00:00.123Z [")]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("word", [MAIL, KEY, SECRET])
def test_what_is_in_a_log_line_is_found(line: str, word: str) -> None:
    spoiled = line.replace("done", f"done {word}")
    [found] = found_in(logged(f"a page\n{spoiled}\nanother"))
    assert word.startswith(found)


def test_what_a_command_prints_for_people_is_no_log_line() -> None:
    assert logged(f"Ana Lee <{MAIL}> was added.\n  {MAIL}  2026-01-31 12:00") == ""


def test_a_usual_line_holds_nothing() -> None:
    assert found_in(logged(f"{CONSOLE}\n{JSON}")) == []
