"""People and grades left alone, over the API: kept, excluded and handed back."""

from __future__ import annotations

import pytest

from tests import test_cli_grades
from tests.api_desk import ApiDesk
from tests.test_cli_grades import Class

graded = test_cli_grades.graded


@pytest.fixture
def mapped(api: ApiDesk) -> ApiDesk:
    """With one mapping of one Moodle user."""
    api.desk.enrol(1)
    api.desk.map()
    return api


def test_a_student_is_kept_until_that_is_taken_back(mapped: ApiDesk) -> None:
    guest = mapped.desk.kura.put_student(mapped.desk.kura_course, email="guest@example.edu")
    kept = mapped.post("/mappings/1/kept", {"student": guest}, role="operator")
    [listed] = kept["items"]
    assert (listed["number"], listed["linked"], listed["by"]) == (guest, None, "key:operator-all")
    assert mapped.get("/mappings/1/kept") == kept
    assert mapped.refused("POST", "/mappings/1/kept", {"student": guest}, status=409) == "refused"
    assert mapped.refused("POST", "/mappings/1/kept", {"student": 10**6}, status=404) == "not_found"
    assert mapped.told("DELETE", f"/mappings/1/kept/{guest}") == {"items": []}
    assert mapped.refused("DELETE", f"/mappings/1/kept/{guest}", status=404) == "not_found"


def test_a_user_is_excluded_until_that_is_taken_back(mapped: ApiDesk) -> None:
    [user] = [each["id"] for each in mapped.desk.moodle.expected_students(mapped.desk.course)]
    excluded = mapped.post("/mappings/1/excluded", {"user": user}, role="operator")
    assert [each["number"] for each in excluded["items"]] == [user]
    assert mapped.get("/mappings/1/excluded") == excluded
    assert mapped.told("DELETE", f"/mappings/1/excluded/{user}") == {"items": []}


def test_a_grade_that_was_changed_by_hand_is_handed_back_as_it_was_shown(api: ApiDesk, graded: Class) -> None:
    graded.sync()
    graded.change_by_hand(graded.users[0], 9.25)
    graded.sync()
    [left] = api.get("/mappings/1/left")["items"]
    assert (left["userid"], left["shown"], left["value"]) == (graded.users[0], 9.25, 7.5)
    seen = {name: left[name] for name in ("userid", "lesson", "revision", "shown")}
    assert api.post("/mappings/1/hand-back", {"grades": [{**seen, "shown": 9.0}]}) == {"items": []}
    assert api.post("/mappings/1/hand-back", {"grades": [seen]}, role="operator") == {"items": [left]}
    graded.sync()
    assert graded.book() == {str(graded.users[0]): "7.50000"}
