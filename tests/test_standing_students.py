"""In a word and a sentence: how it stands with each student."""

from __future__ import annotations

from typing import Any

import pytest

from app.planning import student_standing
from app.planning.guard import DROPPED, REASONS
from app.planning.standing import Standing, Standings
from app.planning.student_standing import Decided

FINGERPRINT = "f" * 64


def _member(userid: int = 1, name: str = "Ana") -> dict[str, Any]:
    facts = {"userid": userid, "firstname": name, "lastname": "Lee", "email": f"user{userid}@example.edu"}
    return {**facts, "idnumber": "", "section": ""}


def _student(studentid: int = 91, *, invited: bool = False) -> dict[str, Any]:
    facts = {"studentid": studentid, "given_name": "Kim", "family_name": "Loo", "email": f"s{studentid}@example.edu"}
    return {**facts, "external_student_id": "", "section": "", "invited": invited}


def _found(
    members: list[dict[str, Any]],
    students: list[dict[str, Any]],
    links: dict[int, int] | None = None,
    decided: Decided | None = None,
    **plan: Any,
) -> list[Standing]:
    return list(student_standing.standings(members, students, links or {}, plan, decided or Decided()))


def _one(*given: Any, **more: Any) -> Standing:
    (found,) = _found(*given, **more)
    return found


def _held(action: str, *reasons: str, **whom: int | None) -> dict[str, Any]:
    return {"action": action, **whom, "reasons": list(reasons or ("removals",)), "fingerprint": FINGERPRINT}


def _conflict(kind: str, userids: list[int], studentids: list[int]) -> dict[str, Any]:
    return {"conflict": kind, "message": "Nobody knows.", "userids": userids, "studentids": studentids}


def test_a_linked_student_is_in_step() -> None:
    found = _one([_member()], [_student()], {1: 91})
    assert found == Standing("in_step", "In step.", 1, 91, "Ana Lee", "user1@example.edu")


def test_an_invitation_that_was_not_accepted_is_told() -> None:
    found = _one([_member()], [_student(invited=True)], {1: 91})
    assert (found.standing, found.studentid) == ("invited", 91)


@pytest.mark.parametrize("links", [{}, {1: 92}])
def test_whom_no_run_has_looked_at_is_pending(links: dict[int, int]) -> None:
    assert _one([_member()], [], links).standing == "pending"


def test_what_is_held_waits_and_says_why() -> None:
    found = _one([_member()], [], held=[_held("add", "adds", "review", userid=1)])
    assert (found.standing, found.reasons) == ("waiting", ("adds", "review"))
    why = " ".join(map(student_standing.sentence, (REASONS["adds"], REASONS["review"])))
    assert found.message == f"The invitation waits for approval. {why}"


def test_what_was_approved_and_is_not_done_yet_says_so() -> None:
    held = [_held("edit", userid=1, studentid=91)]
    found = _one([_member()], [_student()], {1: 91}, Decided(approved={FINGERPRINT}), held=held)
    assert found.standing == "waiting"
    assert found.message == "A change in kuraCloud is approved, and done at the next look."


def test_what_was_rejected_is_left_out() -> None:
    found = _one([_member()], [], {}, Decided(rejected={FINGERPRINT}), held=[_held("add", userid=1)])
    assert (found.standing, found.reasons) == ("left_out", ("rejected",))


def test_a_leaver_whose_removal_waits_is_known_by_number() -> None:
    found = _one([], [_student()], {7: 91}, held=[_held("delete", userid=7, studentid=91)])
    assert (found.standing, found.userid, found.studentid, found.name) == ("waiting", 7, 91, "Kim Loo")


def test_a_leaver_whom_nobody_looked_at_since_is_pending() -> None:
    found = _one([], [_student()], {7: 91})
    assert (found.standing, found.message) == ("pending", student_standing.LEFT_MOODLE)


@pytest.mark.parametrize("reason", ["quiet", "frozen"])
def test_what_a_rule_drops_is_left_out(reason: str) -> None:
    dropped = [{"action": "delete", "userid": 7, "studentid": 91, "reason": reason}]
    found = _one([], [_student()], {7: 91}, dropped=dropped)
    assert (found.standing, found.reasons) == ("left_out", (reason,))
    assert found.message[1:-1] == DROPPED[reason][1:]


def test_an_edit_that_a_new_invitation_makes_needless_says_nothing() -> None:
    dropped = [{"action": "edit", "userid": 1, "studentid": 91, "reason": "superseded"}]
    assert _one([_member()], [_student()], {1: 91}, dropped=dropped).standing == "in_step"


def test_a_conflict_is_told_of_everybody_it_names() -> None:
    named = _conflict("merge", [1, 2], [91])
    found = _found([_member(1), _member(2)], [_student()], conflicts=[named])
    assert [(each.standing, each.message, each.reasons) for each in found] == [
        ("conflict", "Nobody knows.", ("merge",))
    ] * 3


def test_a_conflict_says_more_than_what_waits() -> None:
    found = _one([_member()], [], conflicts=[_conflict("merge", [1], [])], held=[_held("relink", "merge", userid=1)])
    assert found.standing == "conflict"


def test_a_conflict_with_somebody_excluded_names_no_command() -> None:
    found = _one([_member()], [], conflicts=[_conflict("excluded", [1], [])])
    assert found.standing == "conflict"
    assert "excluded from the mapping" in found.message


def test_what_kuracloud_refused_before_is_refused() -> None:
    assert _one([_member()], [], conflicts=[_conflict("refused", [1], [])]).standing == "refused"


def test_what_failed_in_the_last_run_says_what_kuracloud_said() -> None:
    failed = [{"action": "add", "userid": 1, "message": "kuraCloud refuses it."}]
    found = _one([_member()], [], failed=failed)
    assert (found.standing, found.message, found.reasons) == ("refused", "kuraCloud refuses it.", ("add",))


@pytest.mark.parametrize("links", [{}, {1: 91}])
def test_an_excluded_user_is_left_out_with_her_student(links: dict[int, int]) -> None:
    found = _found([_member()], [], links, Decided(excluded={1}), conflicts=[_conflict("merge", [1], [])])
    assert [(each.standing, each.reasons) for each in found] == [("left_out", ("excluded",))]


def test_the_student_of_an_excluded_user_who_is_no_member_is_left_out() -> None:
    found = _one([], [_student()], {7: 91}, Decided(excluded={7}))
    assert (found.standing, found.userid) == ("left_out", 7)


@pytest.mark.parametrize(
    ("decided", "reasons", "message"),
    [
        (Decided(), (), student_standing.ONLY_IN_KURACLOUD),
        (Decided(kept={91}), ("kept",), student_standing.KEPT),
        (Decided(keeps_all=True), ("keep",), student_standing.KEPT_BY_RULE),
    ],
)
def test_a_student_whom_nobody_is_linked_to_is_in_kuracloud_only(
    decided: Decided, reasons: tuple[str, ...], message: str
) -> None:
    found = _one([], [_student()], {}, decided)
    assert (found.standing, found.reasons, found.message, found.userid) == (
        "only_in_kuracloud",
        reasons,
        message,
        None,
    )


@pytest.mark.parametrize(
    ("decided", "says"), [(Decided(), "the removal waits"), (Decided(rejected={FINGERPRINT}), "decided against it")]
)
def test_the_removal_of_such_a_student_that_waits_or_was_rejected_is_told(decided: Decided, says: str) -> None:
    held = [_held("remove_unmanaged", "unmanaged", studentid=91)]
    found = _one([], [_student()], {}, decided, held=held)
    assert found.standing == "only_in_kuracloud"
    assert says in found.message


def test_both_accounts_of_a_merge_that_waits_are_told() -> None:
    held = [_held("relink", "merge", userid=1, studentid=91, leaver=2)]
    found = _found([_member(1), _member(2)], [_student()], {2: 91}, held=held)
    assert [each.standing for each in found] == ["waiting", "waiting"]


def test_the_account_that_a_new_invitation_would_bring_back_is_told() -> None:
    held = [_held("reinvite", "email_changed", userid=1, studentid=91, restores=92)]
    found = _found([_member()], [_student(91), _student(92)], {1: 91}, held=held)
    assert [(each.userid, each.studentid) for each in found] == [(1, 91), (None, 92)]
    assert {each.standing for each in found} == {"waiting"}


def test_plans_of_people_who_were_erased_since_are_read_all_the_same() -> None:
    emptied = {"action": "add", "userid": 1, "message": "", "who": "", "profile": {"email": ""}}
    assert _one([_member()], [], failed=[emptied]).standing == "refused"


def test_moodles_users_come_first_by_number_then_students_by_theirs() -> None:
    found = _found([_member(5), _member(2)], [_student(91), _student(12)])
    assert [(each.userid, each.studentid) for each in found] == [(2, None), (5, None), (None, 12), (None, 91)]
    assert [each.key for each in found] == sorted(each.key for each in found)


def test_standings_are_counted() -> None:
    found = Standings(1.0, tuple(_found([_member(1), _member(2)], [_student()])), False)
    assert found.counts == {"pending": 2, "only_in_kuracloud": 1}
