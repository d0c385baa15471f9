"""Counters outlive the processes that count: renewed, killed, forked, on a disk that is full or damaged."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

COUNT = """
import sys
from pathlib import Path
from app import log, metrics
from app.settings import Settings
settings = Settings(home=Path(sys.argv[1]))
log.configure(settings)
metrics.keep(settings)
for word in sys.stdin:
    if word == "tell\\n":
        told = {
            (sample.name, *sample.labels.values()): int(sample.value)
            for metric in metrics.collected() for sample in metric.samples
        }
        print(told.get(("kurasync_claims_total", "roster"), 0), flush=True)
    else:
        metrics.run_began("roster")
        print("ok", flush=True)
"""


class Counting:
    """A process that counts what it is told to."""

    def __init__(self, home: Path, *, largest_file: int | None = None) -> None:
        def limit() -> None:
            if largest_file is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        self.process = subprocess.Popen(
            [sys.executable, "-c", COUNT, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=limit,
        )

    def say(self, word: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    @property
    def told(self) -> int:
        return int(self.say("tell"))

    def end(self, number: signal.Signals = signal.SIGKILL) -> str:
        """What it wrote to standard error."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=30)[1]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "a [strange] home"


@contextmanager
def counting(home: Path, **given: int) -> Iterator[Counting]:
    made = Counting(home, **given)
    try:
        yield made
    finally:
        made.end()


def files(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "metrics").iterdir())


def test_a_successor_counts_on_where_a_killed_process_was_and_needs_no_new_files(home: Path) -> None:
    for so_far in range(3):
        with counting(home) as process:
            assert process.told == so_far
            process.say("count")
            assert process.told == so_far + 1
        assert files(home) == ["1.lock", "counter_1.db", "histogram_1.db"]


def test_processes_that_run_together_are_told_as_one(home: Path) -> None:
    with counting(home) as one, counting(home) as other:
        one.say("count")
        other.say("count")
        other.say("count")
        assert one.told == other.told == 3
    assert [name for name in files(home) if name.endswith(".lock")] == ["1.lock", "2.lock"]


def test_only_its_owner_may_look_into_the_folder(home: Path) -> None:
    with counting(home) as process:
        process.say("count")
    assert (home / "metrics").stat().st_mode & 0o077 == 0
    assert all((home / "metrics" / name).stat().st_mode & 0o177 == 0 for name in files(home) if name.endswith(".db"))


def test_what_a_power_cut_has_left_half_written_is_begun_anew(home: Path) -> None:
    with counting(home) as process:
        process.say("count")
    (home / "metrics" / "counter_1.db").write_bytes(b"\xff\x7f\x00\x00" + os.urandom(4000))
    with counting(home) as process:
        process.say("count")
        assert process.told == 1


def test_a_damaged_file_of_another_process_hides_no_others(home: Path) -> None:
    with counting(home) as process:
        process.say("count")
        (home / "metrics" / "counter_7.db").write_bytes(b"\xff\x7f\x00\x00" + os.urandom(4000))
        (home / "metrics" / "counter_8.db").write_bytes(b"")
        assert process.told == 1


def test_where_the_disk_is_full_it_counts_in_memory_and_says_so(home: Path) -> None:
    process = Counting(home, largest_file=4096)
    process.say("count")
    assert process.told == 1
    assert "metrics_not_kept" in process.end()


def test_where_the_folder_cannot_be_made_it_counts_in_memory(home: Path) -> None:
    home.write_text("a file where the home folder should be")
    process = Counting(home)
    process.say("count")
    assert process.told == 1
    assert "metrics_not_kept" in process.end()
