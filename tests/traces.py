"""A search of everything the suite logs: a log line with an address, a token or a secret in it fails its test.

It looks at what a test that passed printed or logged, as far as it has the form of a log line, and at the log files and
append-only files of Redis that it left in its folder (design.md 4, invariant 11). Names are searched for in
tests/test_no_traces.py, where they are marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

_LINE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S* \[\w+ *\] .*|\{.*\"event\": .*\}")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]*example\.(?:edu|org|com)")
_KEYS = re.compile(r"sandbox-moodle-token|kura-token|whsec_[A-Za-z0-9+/]{16}")
_LARGEST = 20 << 20


def found_in(text: str) -> list[str]:
    """Addresses and keys in a text."""
    return [*_ADDRESS.findall(text), *_KEYS.findall(text)]


def logged(text: str) -> str:
    """The lines of a text that have the form of log lines."""
    return "\n".join(_LINE.findall(text))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Fail a test that passed when something is found in its log lines or files."""
    report: pytest.TestReport = yield  # type: ignore[misc,assignment]
    if report.when == "call" and report.passed:
        found = found_in(logged(report.capstdout + report.capstderr) + report.caplog)
        found += [word for path in _files(item) for word in found_in(path.read_bytes().decode("latin-1"))]
        if found:
            report.outcome = "failed"
            report.longrepr = f"what was logged holds {sorted(set(found))[:5]}"
    return report  # type: ignore[return-value]


def _files(item: pytest.Item) -> Iterator[Path]:
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if folder is not None:
        for pattern in ("kurasync.log*", "appendonly.aof"):
            yield from (path for path in folder.rglob(pattern) if path.stat().st_size < _LARGEST)
