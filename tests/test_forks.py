"""A child that is a copy of its parent: it starts like a program of its own, and ends like one."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.fixtures_processes import Processes, wait_until

PARENT = """
import os, random, signal, sys, time
from app.children import Child, show_as
from app.forks import copy, freeze

def report():
    print("random", random.random())
    print("open", sorted(int(each) for each in os.listdir("/dev/fd"))[:-1])
    print("variable", os.environ["GIVEN"])
    print("default", signal.getsignal(signal.SIGTERM) == signal.getsignal(signal.SIGHUP) == signal.SIG_DFL)
    print("held", signal.pthread_sigmask(signal.SIG_BLOCK, []))
    print("own session", os.getsid(0) == os.getpid())
    print("standard input", sys.stdin.read() == "")
    print("problem", file=sys.stderr)

def refuse():
    sys.exit("there is no key")

def fail():
    raise ValueError("of its own making")

def sleep():
    show_as("-".join(["kurasync", "sleeps"]))  # not as in the command line
    time.sleep(60)

def outlive():
    child = Child("child", copy(sleep))
    child.start()
    time.sleep(60)

signal.signal(signal.SIGTERM, lambda *_: None)
random.seed(1)
"""


def run(processes: Processes, script: str) -> subprocess.Popen[bytes]:
    return processes.start("-c", PARENT + script, environ={})


def output(processes: Processes, script: str) -> list[str]:
    process = run(processes, script)
    assert process.wait(20) == 0, processes.output(process)
    return processes.output(process).splitlines()


def after(word: str, said: list[str]) -> list[str]:
    return [line.removeprefix(word) for line in said if line.startswith(word)]


def test_it_has_of_its_parent_what_a_program_would_have(processes: Processes, tmp_path: Path) -> None:
    said = output(
        processes,
        f"""
kept, other = open({str(tmp_path / "kept")!r}, "w"), open({str(tmp_path / "other")!r}, "w")
child = Child("child", copy(report, environ={{"GIVEN": "yes"}}, descriptors=[kept.fileno()], piped=True))
freeze()
child.start()
child.wait(10)
print("status", child.status, "GIVEN" in os.environ)
print("expected", [0, 1, 2, kept.fileno()])
print(child.output.read().decode())
""",
    )
    assert said[0] == "status 0 False"
    assert after("open ", said) == after("expected ", said)
    for line in ("variable yes", "default True", "held set()", "own session True", "standard input True", "problem"):
        assert line in said


def test_two_copies_do_not_draw_the_same_chances(processes: Processes) -> None:
    said = output(
        processes,
        """
for _ in range(2):
    child = Child("child", copy(report, environ={"GIVEN": ""}))
    child.start()
    child.wait(10)
""",
    )
    first, second = after("random ", said)
    assert first != second


@pytest.mark.parametrize(
    ("main", "status", "word"), [("refuse", 1, "there is no key"), ("fail", 1, "ValueError: of its own making")]
)
def test_how_it_ended_is_told(processes: Processes, main: str, status: int, word: str) -> None:
    said = output(
        processes, f"child = Child('child', copy({main})); child.start(); child.wait(10); print('status', child.status)"
    )
    assert said[-1] == f"status {status}"
    assert word in "\n".join(said)


def test_a_signal_right_after_the_start_is_not_lost(processes: Processes) -> None:
    said = output(
        processes,
        """
for _ in range(50):
    child = Child("child", copy(sleep))
    child.start()
    child.send(signal.SIGTERM)
    child.wait(10)
    print(child.status)
    child.kill()
""",
    )
    assert said == [str(-signal.SIGTERM)] * 50


def test_it_is_gone_when_its_parent_is_killed_and_is_known_by_a_name_of_its_own(processes: Processes) -> None:
    process = run(processes, "outlive()")
    wait_until(lambda: processes.find("kurasync-sleeps"))
    assert processes.find("kurasync-sleeps") == processes.children_of(process.pid)
    process.kill()
    wait_until(lambda: not processes.alive(), 5)


def test_standard_error_comes_with_standard_output_line_by_line(processes: Processes) -> None:
    said = output(
        processes,
        """
child = Child("child", copy(report, environ={"GIVEN": ""}, piped=True))
child.start()
lines = [child.output.readline() for _ in range(8)]
print(lines[-1].decode().strip())
""",
    )
    assert said == ["problem"]


def test_what_is_done_apart_leaves_nothing_behind_but_its_result(processes: Processes) -> None:
    script = """
from app.forks import apart
def load():
    import colorsys
    return 7
print("result", apart(load), "colorsys" in sys.modules)
"""
    assert output(processes, script) == ["result 7 False"]


def test_what_goes_wrong_apart_is_raised_as_if_it_had_been_done_here(processes: Processes) -> None:
    script = """
from app.errors import SettingsError
from app.forks import apart
def refuse():
    raise SettingsError("There is no key.", reason="no_key")
try:
    apart(refuse)
except SettingsError as error:
    print("told", error.message, error.reason)
"""
    assert output(processes, script) == ["told There is no key. no_key"]


def test_who_is_killed_apart_is_no_silent_success(processes: Processes) -> None:
    script = """
from app.forks import apart
try:
    apart(lambda: os.kill(os.getpid(), signal.SIGKILL))
except ChildProcessError as error:
    print("told", "cut off" in str(error))
"""
    assert output(processes, script) == ["told True"]
