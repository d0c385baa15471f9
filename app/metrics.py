"""What is counted for Prometheus, over all processes of a machine and their restarts (docs/metrics.md).

Names of sites and instances are labels, and a few words of ours: nothing that grows with students or courses.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, values
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

from app.settings import Settings

_KINDS_OF_FILES = ("counter", "histogram")
# Taken from the disk beforehand: writing to a page that a full disk has no room for would kill the process.
_ROOM = 256 << 10

_log = structlog.get_logger()

disable_created_metrics()  # type: ignore[no-untyped-call]
_COUNTED = CollectorRegistry()

_EVENTS = Counter(
    "kurasync_events",
    "Events of a site: accepted (something is looked at because of them), ignored, duplicate, rejected.",
    ["site", "result"],
    registry=_COUNTED,
)
_DELIVERIES = Counter(
    "kurasync_deliveries", "Deliveries of events by the HTTP status of the answer.", ["status"], registry=_COUNTED
)
_CLAIMS = Counter("kurasync_claims", "Runs that a worker began.", ["kind"], registry=_COUNTED)
_RUNS = Counter(
    "kurasync_runs",
    "Runs that ended; reaped: their worker was killed, hung or was frozen.",
    ["kind", "outcome"],
    registry=_COUNTED,
)
_LAG = Histogram(
    "kurasync_lag_seconds",
    "From the oldest event that a run covers, or whatever else asked for it, to its end.",
    ["kind"],
    buckets=(1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600, 21600),
    registry=_COUNTED,
)
_CALLS = Counter(
    "kurasync_calls",
    "Requests to moodle, kuracloud and the webhook of alerts, by class of HTTP status; none: no answer came.",
    ["system", "status"],
    registry=_COUNTED,
)
_CALL_SECONDS = Histogram(
    "kurasync_call_seconds",
    "How long these requests took, the whole answer included.",
    ["system"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
    registry=_COUNTED,
)


class _Counting:
    """Where this process counts; no folder: in its memory alone."""

    folder: Path | None = None
    number: TextIO | None = None


def keep(settings: Settings) -> None:
    """Count in files in the home folder from now on; once a process, after any fork.

    Each process has files of its own, named by the lowest number that no other process here has: the kernel takes it
    back however the process ends, and the next one goes on counting there. So there are never more files than
    processes ran at once, and nothing that was counted is lost. Where nothing can be written, it counts in memory.
    """
    folder = settings.home.absolute() / "metrics"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = _take_number(folder)
        for kind in _KINDS_OF_FILES:
            _prepare(folder / f"{kind}_{number}.db")
    except OSError as error:
        _log.warning("metrics_not_kept", error=type(error).__name__)
        return
    _Counting.folder = folder
    # Where the library looks for the folder when it opens its files.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]


def collected() -> Iterable[Metric]:
    """What all processes that keep their files in this one's folder have counted."""
    if _Counting.folder is None:
        return _COUNTED.collect()
    files = [str(path) for path in _Counting.folder.glob("*.db") if _is_whole(path)]
    merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
    return merged


def events_taken(site: str, *, accepted: int, ignored: int, duplicates: int, rejected: int) -> None:
    """A delivery of a site was answered; the numbers add up to its events."""
    results = {"accepted": accepted, "ignored": ignored, "duplicate": duplicates, "rejected": rejected}
    for result, number in results.items():
        if number:
            _EVENTS.labels(site, result).inc(number)


def delivery_answered(status: int) -> None:
    """Somebody delivered events and got this HTTP status."""
    _DELIVERIES.labels(str(status)).inc()


def run_began(kind: str) -> None:
    """A worker claimed a mapping."""
    _CLAIMS.labels(kind).inc()


def run_ended(kind: str, outcome: str, lag: float | None = None) -> None:
    """A run ended; `lag` is since when what it covers was wanted, in seconds, where that is done now."""
    _RUNS.labels(kind, outcome).inc()
    if lag is not None:
        _LAG.labels(kind).observe(lag)


def called(system: str, status: int | None, seconds: float) -> None:
    """A request was sent; `status` None: no answer came."""
    _CALLS.labels(system, "none" if status is None else f"{status // 100}xx").inc()
    _CALL_SECONDS.labels(system).observe(seconds)


def _take_number(folder: Path) -> int:
    for number in count(1):
        file = (folder / f"{number}.lock").open("a")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            _Counting.number = file  # held open for as long as the process lives
            return number
    raise AssertionError("count never ends")


def _prepare(path: Path) -> None:
    """A file with room, and nothing in it that a machine which broke down has left half written."""
    if path.exists() and not _is_whole(path):
        path.unlink()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, _ROOM)
    finally:
        os.close(descriptor)


def _is_whole(path: Path) -> bool:
    try:
        list(MmapedDict.read_all_values_from_file(str(path)))  # type: ignore[no-untyped-call]
    except Exception:  # whatever garbage makes of it
        return False
    return True
