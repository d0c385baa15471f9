"""The audit over the API: listed by what fits, and written out so that it can be proven elsewhere."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from app.setup import auditing
from app.setup.acts import record
from tests.api_desk import ApiDesk
from tests.audit_attack import PERSON, sealed
from tests.making import add_instance, add_mapping, add_site


@pytest.fixture
def acts(api: ApiDesk) -> list[int]:
    """Acts at 1000, 2000 and 3000 s: of everything, of a mapping of `uni`, of one of `other`; the mappings' numbers."""
    with api.desk.kit.database.transaction() as tx:
        uni, other, lab = add_site(tx, 1.0, "uni"), add_site(tx, 1.0, "other"), add_instance(tx, 1.0)
        made = [add_mapping(tx, 1.0, site_id, lab, number) for number, site_id in enumerate((uni, other), 1)]
        record(tx, 1000.0, "user:anna", "set_ways", {"site": "uni"})
        record(tx, 2000.0, "key:lab", "pause", {}, made[0])
        record(tx, 3000.0, "user:anna", "pause", {}, made[1])
    return made


def listed(api: ApiDesk, query: str = "", **whose: Any) -> list[str]:
    """What was begun, the newest first."""
    rows = api.get(f"/audit{query}", **whose)["items"]
    return [f"{each['actor']} {each['operation']} {each['at'][11:16]}" for each in rows if each["phase"] == "begin"]


FIRST, SECOND, THIRD = "user:anna set_ways 00:16", "key:lab pause 00:33", "user:anna pause 00:50"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?system=kurasync", [THIRD, SECOND, FIRST]),
        ("?mapping=1", [SECOND]),
        ("?actor=user:anna", [THIRD, FIRST]),
        ("?actor=user:anna&operation=pause", [THIRD]),
        ("?since=1970-01-01T00:33:20Z&until=1970-01-01T00:50:00Z", [SECOND]),
        ("?since=1970-01-01T01:33:20%2B01:00&until=1970-01-01T00:50:00", [SECOND]),
        ("?run=1", []),
    ],
)
def test_filters(api: ApiDesk, acts: list[int], query: str, found: list[str]) -> None:
    named = [each for each in listed(api, query, role="viewer") if not each.startswith("test ")]
    assert named == found


@pytest.mark.parametrize("query", ["?since=yesterday", "?system=paper", "?mapping=one", "?who=anna"])
def test_filters_that_cannot_be_used(api: ApiDesk, query: str) -> None:
    field = query[1:].partition("=")[0]
    assert [each["field"] for each in api.told("GET", f"/audit{query}", status=422)["errors"]] == [field]


def test_it_pages_on(api: ApiDesk, acts: list[int]) -> None:
    page = api.get("/audit?actor=user:anna&limit=3")
    rest = api.get(f"/audit?actor=user:anna&limit=3&cursor={page['next']}")
    numbers = [each["id"] for each in (*page["items"], *rest["items"])]
    assert (numbers, rest["next"]) == (sorted(numbers, reverse=True), None)
    assert len(numbers) == 4


def test_rows_say_what_was_written_and_to_whom(api: ApiDesk) -> None:
    sealed(api.desk.kit, 1)
    begun = next(each for each in api.get("/audit?system=kuracloud")["items"] if each["phase"] == "begin")
    assert begun["subject"]["records"][0]["email"] == PERSON["email"]


def test_an_export_can_be_proven_without_the_database(api: ApiDesk, tmp_path: Path) -> None:
    sealed(api.desk.kit, 2)
    answer = api.ask("GET", "/audit/export", role="viewer")
    assert answer.mimetype == "application/jsonl"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="kurasync-audit.jsonl"'
    file = tmp_path / "audit.jsonl"
    file.write_bytes(answer.data)
    verdict = auditing.verify_export(file, api.desk.kit.settings.anchor)
    assert (verdict.wrong, verdict.rows) == (0, 4)


def test_an_export_for_spreadsheets(api: ApiDesk, acts: list[int]) -> None:
    answer = api.ask("GET", "/audit/export?format=csv&mapping=1")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(each["actor"], each["phase"]) for each in rows] == [("key:lab", "begin"), ("key:lab", "end")]


def test_a_key_for_one_site_sees_its_mappings_alone(api: ApiDesk, acts: list[int]) -> None:
    assert listed(api, site="other") == [THIRD]
    assert listed(api, "?mapping=1", site="other") == []
    assert api.refused("GET", "/audit/export", site="other", status=403) == "forbidden"
    assert api.refused("GET", "/audit/export?mapping=1", site="other", status=404) == "not_found"
    assert "key:lab" not in api.ask("GET", "/audit/export?mapping=2", site="other").text
