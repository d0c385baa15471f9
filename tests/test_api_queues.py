"""Queues and dead letters over the API: what is late, what gave up, and trying that again."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from app.store import audit
from app.store.tables import worklist as table
from app.web import create_app
from tests.api_desk import ApiDesk
from tests.making import add_instance, add_mapping, add_site, want


@pytest.fixture
def work(api: ApiDesk) -> list[int]:
    """Mappings 1, 2 and 4 of `uni` and 3 of `other`: 1 and 3 are wanted, 2 and 3 gave up, 4 has nothing to do."""
    with api.desk.kit.database.transaction() as tx:
        uni, other, lab = add_site(tx, 1.0, "uni"), add_site(tx, 1.0, "other"), add_instance(tx, 1.0)
        made = [add_mapping(tx, 1.0, site_id, lab, number) for number, site_id in enumerate((uni, uni, other, uni), 1)]
        want(tx, time.time() - 60, *made[:3])
        gave_up = {"gate": "dead", "attempts": 9, "failing_since": 86400.0}
        tx.execute(update(table).where(table.c.mapping_id.in_(made[1:3])).values(**gave_up))
    return made


def rows(api: ApiDesk, query: str = "", **whose: Any) -> list[tuple[int, str, str]]:
    found = api.get(f"/queues/work{query}", **whose)["items"]
    return [(each["mapping"], each["kind"], each["state"]) for each in found]


def dead(api: ApiDesk, query: str = "", **whose: Any) -> list[int]:
    return [each["mapping"] for each in api.get(f"/dead{query}", **whose)["items"]]


def test_how_late_work_is_comes_first_and_redis_may_be_away(api: ApiDesk, work: list[int]) -> None:
    found = api.get("/queues", role="viewer")
    assert found["due"] == 3
    assert 50 < found["late_seconds"] < 100
    assert {(each["kind"], each["state"], each["rows"]) for each in found["states"]} >= {("roster", "dead", 2)}
    assert (found["redis"]["queues"], found["redis"]["workers"]) == ([], [])
    assert "KURASYNC_REDIS_URL" in found["redis"]["trouble"]


def test_what_redis_carries_is_shown(api: ApiDesk, redis_url: str) -> None:
    kit = replace(api.desk.kit, settings=replace(api.desk.kit.settings, redis_url=redis_url))
    found = ApiDesk(api.desk, create_app(kit).test_client()).get("/queues")["redis"]
    assert found["trouble"] is None
    assert {each["queue"]: each["waiting"] for each in found["queues"]} == {"tasks": 0, "roster": 0, "grades": 0}


def test_rows_that_concern_somebody_are_listed_page_by_page(api: ApiDesk, work: list[int]) -> None:
    assert rows(api, role="viewer") == [(1, "roster", "wanted"), (2, "roster", "dead"), (3, "roster", "dead")]
    assert rows(api, "?concern=late") == [(1, "roster", "wanted")]
    page = api.get("/queues/work?limit=2")
    rest = api.get(f"/queues/work?limit=2&cursor={page['next']}")
    assert [each["mapping"] for each in (*page["items"], *rest["items"])] == [1, 2, 3]
    assert rest["next"] is None


def test_both_kinds_of_a_mapping_may_fall_on_two_pages(api: ApiDesk, work: list[int]) -> None:
    with api.desk.kit.database.transaction() as tx:
        want(tx, time.time(), work[0], kind="grades")
    page = api.get("/queues/work?limit=1")
    rest = api.get(f"/queues/work?limit=1&cursor={page['next']}")
    kinds = [(each["mapping"], each["kind"]) for each in (*page["items"], *rest["items"])]
    assert kinds == [(work[0], "grades"), (work[0], "roster")]


def test_dead_letters_are_chosen_by_site_kind_and_reason(api: ApiDesk, work: list[int]) -> None:
    assert dead(api, role="viewer") == [2, 3]
    assert dead(api, "?site=uni") == [2]
    assert dead(api, "?kind=grades") == []
    assert dead(api, "?reason=timeout") == []
    assert api.refused("GET", "/dead?site=nowhere", status=404) == "not_found"
    assert api.get("/dead")["items"][0]["failing_since"] == "1970-01-02T00:00:00+00:00"


def test_dead_letters_are_listed_page_by_page(api: ApiDesk, work: list[int]) -> None:
    first = api.get("/dead?limit=1")
    rest = api.get(f"/dead?limit=1&cursor={first['next']}")
    assert [each["mapping"] for each in (*first["items"], *rest["items"])] == [2, 3]
    assert rest["next"] is None


def test_what_gave_up_is_tried_again(api: ApiDesk, work: list[int]) -> None:
    tried = api.post("/dead/requeue", {"mappings": [2]}, role="operator")["items"]
    assert [each["mapping"] for each in tried] == [2]
    assert dead(api) == [3]
    with api.desk.kit.database.reading() as tx:
        assert {each.mapping_id for each in audit.search(tx, actor="key:operator-all")} == {2}


def test_a_dry_run_tries_nothing_again(api: ApiDesk, work: list[int]) -> None:
    assert len(api.post("/dead/requeue", {"all": True, "dry_run": True})["items"]) == 2
    assert dead(api) == [2, 3]
    api.post("/dead/requeue", {"all": True})
    assert dead(api) == []


@pytest.mark.parametrize("body", [{}, {"dry_run": True}])
def test_what_is_to_be_tried_again_has_to_be_said(api: ApiDesk, work: list[int], body: dict[str, Any]) -> None:
    problem = api.told("POST", "/dead/requeue", body, status=422)
    assert [each["field"] for each in problem["errors"]] == ["all"]


def test_a_key_for_one_site_sees_and_tries_its_own(api: ApiDesk, work: list[int]) -> None:
    assert api.refused("GET", "/queues", site="other", status=403) == "forbidden"
    assert rows(api, site="other") == [(3, "roster", "dead")]
    assert dead(api, site="other") == [3]
    assert api.refused("GET", "/dead?site=uni", site="other", status=404) == "not_found"
    assert api.post("/dead/requeue", {"mappings": [2]}, site="other") == {"items": []}
    api.post("/dead/requeue", {"all": True}, site="other")
    assert dead(api) == [2]
