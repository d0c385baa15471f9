"""What of a stored plan is whose: every kind of action and conflict, emptied of one person and of nobody else."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest

from app.planning import actions as act
from app.planning import grade_actions as grade_act
from app.planning.personal import Whose, addresses, hers, names, without
from tests.people import HER, HER_STUDENT, HERS, HIM, HIS, HIS_STUDENT, grades_plan, roster_plan

HERSELF = Whose(frozenset({HER}), frozenset({HER_STUDENT}))
HIMSELF = Whose(frozenset({HIM}), frozenset({HIS_STUDENT}))
MARK = "Quetzalcoatl"
VALUES: dict[Any, Any] = {
    str: MARK,
    float: 61.25,
    float | None: 61.25,
    act.Profile: act.Profile(*[MARK] * 5),
    tuple[tuple[str, str, str], ...]: (("given_name", MARK, MARK),),
}
NUMBERS = {"userid": HER, "studentid": HER_STUDENT, "restores": HER_STUDENT, "leaver": 4711}
OF_PEOPLE = [*get_args(act.Action), *grade_act.GRADES]


def _made(kind: Any) -> Any:
    """An action about her with a marked value wherever it holds any."""
    types = get_type_hints(kind)
    given = {field.name: NUMBERS.get(field.name) or VALUES.get(types[field.name]) for field in fields(kind)}
    return kind(**{**given, "column": grade_act.Column(5, 6)} if "column" in given else given)


@pytest.mark.parametrize("kind", OF_PEOPLE)
def test_an_action_of_any_kind_keeps_nothing_but_numbers(kind: Any) -> None:
    of_grades = kind in grade_act.GRADES
    shown = grade_act.shown(_made(kind)) if of_grades else act.shown(_made(kind))
    entry = {**shown, "who": MARK, "reasons": ["review"], "fingerprint": "f", "address": MARK, "message": MARK}
    (emptied,) = without({"held": [entry]}, HERSELF)["held"]
    assert MARK not in str(emptied)
    assert "61.25" not in str(emptied)
    assert emptied.keys() == entry.keys()
    kept = ("action", "userid", "studentid", "restores", "reasons", "fingerprint", "column")
    assert [emptied[name] for name in kept if name in entry] == [entry[name] for name in kept if name in entry]


@pytest.mark.parametrize("plan", [roster_plan(), grades_plan(), roster_plan()["held"]])
def test_nothing_is_said_of_somebody_after_she_was_taken_out(plan: Any) -> None:
    assert hers(plan, HERSELF) != []
    left = without(plan, HERSELF)
    assert hers(left, HERSELF) == []
    assert without(left, HERSELF) == left
    assert [said["who"] for said in hers(left, HIMSELF)] == [said["who"] for said in hers(plan, HIMSELF)]


def test_a_plan_about_others_is_left_as_it_is() -> None:
    nobody = Whose(frozenset({4711}), frozenset({4712}))
    for plan in (roster_plan(), grades_plan(), None, {}, []):
        assert without(plan, nobody) == plan
        assert hers(plan, nobody) == []


def test_a_student_of_a_conflict_about_her_alone_is_hers_unless_it_is_anothers() -> None:
    conflict = {
        "conflict": "once_anothers",
        "message": "It belonged to another.",
        "userids": [HER],
        "studentids": [901, 902],
        "who": ["Ana Lee", "Bo Chen", "Cleo Diaz"],
        "names": {"users": {str(HER): "Ana Lee"}, "students": {"901": "Bo Chen", "902": "Cleo Diaz"}},
    }
    whose = Whose(frozenset({HER}), frozenset(), others=frozenset({902}))
    (left,) = without([conflict], whose)
    assert left["who"] == ["Cleo Diaz"]
    assert left["names"] == {"users": {}, "students": {"902": "Cleo Diaz"}}


def test_one_name_of_two_people_stays_for_the_other() -> None:
    conflict = {
        "conflict": "merge",
        "message": "They look alike.",
        "userids": [HER, HIM],
        "studentids": [],
        "who": ["Ana Lee"],
        "names": {"users": {str(HER): "Ana Lee", str(HIM): "Ana Lee"}, "students": {}},
    }
    (left,) = without([conflict], HERSELF)
    assert (left["who"], left["names"]["users"]) == (["Ana Lee"], {str(HIM): "Ana Lee"})


def test_addresses_are_found_wherever_they_stand() -> None:
    value = {"echo": {"email": {"sent": " Ana@Example.EDU ", "shown": "ana2@example.edu"}}, "n": [1, None, "x"]}
    assert addresses(value) == {"ana@example.edu", "ana2@example.edu"}


def test_names_are_whole_names_and_addresses() -> None:
    entry = roster_plan()["go"][0]
    assert names(entry) == {f"{HERS[0]} {HERS[1]}", HERS[2]}
    member = {"userid": HIM, "firstname": HIS[0], "lastname": HIS[1], "email": HIS[2], "groups": []}
    assert names(member) == {f"{HIS[0]} {HIS[1]}", HIS[2]}
    assert names({"who": "Li"}) == set()
