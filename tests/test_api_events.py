"""Events over the API: listed, shown with what came of them, and looked at again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from app.store import audit, events, worklist
from tests.api_desk import ApiDesk
from tests.making import add_instance, add_mapping, add_site, event


@dataclass
class Heard:
    """What was heard of two sites: `ours` of courses 1 and 2 of `uni`, where 1 is mapped; `theirs` of `other`."""

    mapping_id: int
    ours: list[int]
    theirs: int


@pytest.fixture
def heard(api: ApiDesk) -> Heard:
    with api.desk.kit.database.transaction() as tx:
        uni, other, lab = add_site(tx, 1.0, "uni"), add_site(tx, 1.0, "other"), add_instance(tx, 1.0)
        mapping_id = add_mapping(tx, 1.0, uni, lab, 1)
        batch = [event("a", courseid=1), event("b", courseid=1, userid=8), event("c", courseid=2)]
        ours = events.insert(tx, 86400.0, uni, "signed", "d1", batch, wanted=(0, 1))
        (theirs,) = events.insert(tx, 86400.0, other, "signed", "d2", [event("a")])
    assert theirs is not None
    return Heard(mapping_id, [each for each in ours if each is not None], theirs)


def found(api: ApiDesk, query: str = "", **whose: Any) -> list[int]:
    return [each["id"] for each in api.get(f"/events{query}", **whose)["items"]]


def wanted(api: ApiDesk, mapping_id: int) -> int:
    with api.desk.kit.database.reading() as tx:
        row = worklist.get(tx, mapping_id, "roster")
    return row.wanted if row else 0


def test_it_lists_the_newest_first(api: ApiDesk, heard: Heard) -> None:
    assert found(api, role="viewer") == [heard.theirs, *reversed(heard.ours)]
    first = api.get("/events")["items"][-1]
    assert (first["site"], first["event_uid"], first["wanted"]) == ("uni", "a", True)
    assert (first["received_at"], first["timecreated"]) == ("1970-01-02T00:00:00+00:00", "2023-11-14T22:13:20+00:00")


def test_it_pages_on(api: ApiDesk, heard: Heard) -> None:
    page = api.get("/events?limit=3")
    assert [each["id"] for each in page["items"]] == [heard.theirs, *heard.ours[:0:-1]]
    rest = api.get(f"/events?limit=3&cursor={page['next']}")
    assert ([each["id"] for each in rest["items"]], rest["next"]) == ([heard.ours[0]], None)


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("?site=uni", [2, 1, 0]),
        ("?site=uni&course=1", [1, 0]),
        ("?user=8", [1]),
        ("?site=uni&wanted=false", [2]),
        (r"?name=\core\event\role_assigned", []),
    ],
)
def test_filters(api: ApiDesk, heard: Heard, query: str, places: list[int]) -> None:
    assert found(api, query) == [heard.ours[place] for place in places]


def test_one_comes_with_the_runs_that_looked(api: ApiDesk, heard: Heard) -> None:
    one = api.get(f"/events/{heard.ours[0]}", role="viewer")
    assert (one["event_uid"], one["runs"]) == ("a", [])
    assert api.refused("GET", "/events/999", status=404) == "not_found"


def test_requeueing_asks_for_a_look(api: ApiDesk, heard: Heard) -> None:
    done = api.post("/events/requeue", {"events": heard.ours}, role="operator")
    look = {"mapping": heard.mapping_id, "kind": "roster", "events": 2}
    assert done == {"events": 3, "more": False, "looks": [look]}
    assert wanted(api, heard.mapping_id) == 1
    with api.desk.kit.database.reading() as tx:
        assert {each.operation for each in audit.search(tx, actor="key:operator-all")} == {"requeue_events"}


def test_a_dry_run_asks_for_nothing(api: ApiDesk, heard: Heard) -> None:
    done = api.post("/events/requeue", {"all": True, "dry_run": True}, role="operator")
    assert (done["events"], len(done["looks"])) == (4, 1)
    assert wanted(api, heard.mapping_id) == 0


def test_what_fits_is_requeued(api: ApiDesk, heard: Heard) -> None:
    done = api.post("/events/requeue", {"site": "uni", "user": 8}, role="operator")
    assert (done["events"], wanted(api, heard.mapping_id)) == (1, 1)


@pytest.mark.parametrize("body", [{}, {"events": [1], "all": True}, {"site": "uni", "all": True}, {"events": []}])
def test_what_is_to_be_requeued_is_said_in_one_way(api: ApiDesk, heard: Heard, body: dict[str, Any]) -> None:
    problem = api.told("POST", "/events/requeue", body, role="operator", status=422)
    assert [each["field"] for each in problem["errors"]] == ["events"]


def test_a_viewer_requeues_nothing(api: ApiDesk, heard: Heard) -> None:
    assert api.refused("POST", "/events/requeue", {"all": True}, role="viewer", status=403) == "forbidden"


def test_a_key_for_one_site_sees_and_requeues_its_own(api: ApiDesk, heard: Heard) -> None:
    assert found(api, site="other") == [heard.theirs]
    assert api.refused("GET", "/events?site=uni", site="other", status=404) == "not_found"
    assert api.refused("GET", f"/events/{heard.ours[0]}", site="other", status=404) == "not_found"
    assert api.refused("POST", "/events/requeue", {"events": heard.ours}, site="other", status=404) == "not_found"
    assert api.post("/events/requeue", {"all": True}, site="other")["events"] == 1
    assert wanted(api, heard.mapping_id) == 0
