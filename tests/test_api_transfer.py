"""Files of mappings over the API: written, looked through, taken in line by line."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from app.web.api import transfer
from tests.api_desk import ApiDesk

FILE = "site,course,instance,kura_course,mode\nuni,PHY1,kura,PHY,review\nuni,NONE,kura,PHY,\n"


@pytest.fixture
def connected(api: ApiDesk) -> ApiDesk:
    """With both sides, and nothing mapped."""
    api.desk.connect()
    return api


def mapped(api: ApiDesk) -> list[dict[str, Any]]:
    """All mappings with their rules."""
    found: list[dict[str, Any]] = api.get("/mappings/export?format=json", role="viewer")
    return found


def test_a_dry_run_says_what_would_change_and_changes_nothing(connected: ApiDesk) -> None:
    first, second = connected.post("/mappings/import", {"file": FILE, "dry_run": True})["items"]
    assert (first["line"], first["what"], first["details"], first["done"]) == (2, "add", "mode: auto -> review", False)
    assert second["what"] == "refused"
    assert "no course 'NONE'" in second["details"]
    assert mapped(connected) == []


def test_what_is_wrong_with_a_line_stops_no_other(connected: ApiDesk) -> None:
    first, second = connected.post("/mappings/import", {"file": FILE})["items"]
    assert (first["done"], first["failed"]) == (True, None)
    assert not second["done"]
    [mapping] = mapped(connected)
    assert (mapping["course_name"], mapping["mode"]) == ("Physiology 1", "review")


def test_what_was_written_is_taken_in_unchanged(connected: ApiDesk) -> None:
    connected.post("/mappings/import", {"file": FILE})
    written = connected.ask("GET", "/mappings/export", role="viewer")
    assert written.mimetype == "text/csv"
    assert [row["course_name"] for row in csv.DictReader(io.StringIO(written.text))] == ["Physiology 1"]
    again = connected.post("/mappings/import", {"file": "\ufeff" + written.text})["items"]
    assert [each["what"] for each in again] == ["unchanged"]


@pytest.mark.parametrize("file", ["", "site,course\n", "{", '{"site": 1}'])
def test_a_file_that_is_none_is_refused(connected: ApiDesk, file: str) -> None:
    assert connected.refused("POST", "/mappings/import", {"file": file}, status=409) == "refused"


def test_many_at_once_are_left_to_the_terminal(connected: ApiDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "MOST", 0)
    assert connected.refused("POST", "/mappings/import", {"file": FILE}, status=409) == "too_many"
    assert mapped(connected) == []
    assert connected.post("/mappings/import", {"file": FILE, "dry_run": True})["items"]


def test_files_are_for_keys_of_every_site(connected: ApiDesk) -> None:
    assert connected.refused("GET", "/mappings/export", site="uni", status=403) == "forbidden"
    assert connected.refused("POST", "/mappings/import", {"file": FILE}, site="uni", status=403) == "forbidden"
    assert connected.refused("POST", "/mappings/import", {"file": FILE}, role="operator", status=403) == "forbidden"
