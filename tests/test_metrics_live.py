"""What the processes of `kurasync up` count is told by its web server, also after one of them was killed."""

from __future__ import annotations

import os
import signal
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.fixtures_processes import Processes, wait_until
from tests.live import Live, live


def told(service: Live) -> dict[str, float]:
    """Each series over the wire, all its labels together."""
    url = service.sender.url.replace("/events/uni", "/metrics")
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


def enrol(service: Live) -> None:
    service.world.enrol()
    service.come_to_rest()


def test_runs_of_workers_and_signs_of_the_clock_are_told_by_the_web_server(
    tmp_path: Path, sqlite_url: str, processes: Processes
) -> None:
    with live(tmp_path, sqlite_url, processes) as service:
        service.start()
        enrol(service)
        before = told(service)
        assert before["kurasync_events_total"] >= 1
        assert before["kurasync_runs_total"] == before["kurasync_claims_total"] >= 1
        assert before["kurasync_lag_seconds_count"] >= 1
        assert before["kurasync_calls_total"] >= 4
        assert before["kurasync_clock_beat_timestamp_seconds"] > 0
        for worker in processes.find("kurasync-worker"):
            os.kill(worker, signal.SIGKILL)
        enrol(service)
        wait_until(lambda: told(service)["kurasync_runs_total"] > before["kurasync_runs_total"], 30)
        assert told(service)["kurasync_calls_total"] > before["kurasync_calls_total"]
