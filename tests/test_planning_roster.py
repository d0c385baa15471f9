"""The roster plan: who is linked, restored, added, edited, re-invited or removed, and what is left to a person."""

from __future__ import annotations

from typing import Any

import pytest

from app.planning.actions import (
    Add,
    Delete,
    Edit,
    EndLink,
    Link,
    Reinvite,
    Relink,
    RemoveUnmanaged,
    Restore,
    digest,
    fingerprint,
)
from app.planning.state import Conflict, Plan
from tests.planning_builders import link, member, planned, profile, student

NEW = "new@example.edu"


def _conflict(plan: Plan) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """The one conflict, without its words."""
    (conflict,) = plan.conflicts
    assert conflict.message.endswith(".")
    return conflict.kind, conflict.userids, conflict.studentids


# In step


def test_it_plans_nothing_for_two_empty_sides() -> None:
    assert planned() == Plan((), ())


def test_it_plans_nothing_for_a_linked_student_in_step() -> None:
    assert planned([member()], [student()], links=[link()]) == Plan((), (), lost=0, links=1)


@pytest.mark.parametrize(
    "shown",
    [
        student(email=" USER1@example.edu"),
        student(given_name="Ana "),
        student(external_student_id=" S1"),
        student(section=" "),
    ],
)
def test_what_is_the_same_by_the_rules_needs_no_edit(shown: object) -> None:
    assert planned([member()], [shown], links=[link()]).actions == ()  # type: ignore[list-item]


def test_what_is_shown_otherwise_than_sent_needs_no_edit_again() -> None:
    echo = {"section": {"sent": "Lab Group", "shown": "Lab Gr"}}
    plan = planned([member(groups=((1, "Lab Group"),))], [student(section="Lab Gr")], links=[link(echo=echo)])
    assert plan.actions == ()


def test_an_address_shown_otherwise_than_sent_is_no_new_address() -> None:
    echo = {"email": {"sent": "user+1@example.edu", "shown": "user1@example.edu"}}
    assert planned([member(email="user+1@example.edu")], [student()], links=[link(echo=echo)]) == Plan((), (), links=1)


# Matching


def test_it_links_an_active_student_with_the_users_address() -> None:
    assert planned([member()], [student(email="User1@Example.edu")]).actions == (Link(1, 101, "User1@Example.edu"),)


def test_it_edits_what_differs_right_after_linking() -> None:
    assert planned([member()], [student(external_student_id="")]).actions == (
        Link(1, 101, "user1@example.edu"),
        Edit(1, 101, (("external_student_id", "", "S1"),)),
    )


def test_it_links_again_a_student_whose_link_with_the_same_user_had_ended() -> None:
    assert planned([member()], [student()], links=[link(ended=True)]).actions == (Link(1, 101, "user1@example.edu"),)


def test_it_does_not_link_a_student_who_was_another_users() -> None:
    plan = planned([member()], [student()], links=[link(2, 101, email="user1@example.edu", ended=True)])
    assert plan.actions == ()
    assert _conflict(plan) == ("once_anothers", (1,), (101,))


def test_it_does_not_link_a_student_of_another_user_of_the_course() -> None:
    plan = planned(
        [member(1, email="user2@example.edu"), member(2, email=NEW, firstname="Bea")], [student(2)], links=[link(2)]
    )
    assert plan.actions == ()
    assert ("anothers_student", (1, 2), (102,)) in [(e.kind, e.userids, e.studentids) for e in plan.conflicts]


def test_it_does_not_choose_between_several_students_of_one_address() -> None:
    plan = planned([member()], [student(9, email="user1@example.edu"), student()])
    assert plan.actions == ()
    assert _conflict(plan) == ("several_students", (1,), (101, 109))


def test_it_adds_a_newcomer_with_composed_and_trimmed_texts() -> None:
    plan = planned([member(firstname=" Jose\u0301 ", email=" User1@example.edu", groups=((2, "Lab "), (5, "Hall")))])
    assert plan.actions == (Add(1, profile(given_name="Jos\u00e9", email="User1@example.edu", section="Lab")),)


def test_it_restores_the_deleted_student_of_a_returning_user_instead_of_inviting_again() -> None:
    assert planned([member()], deleted=[student()], links=[link()]).actions == (Restore(1, 101, "user1@example.edu"),)
    assert planned([member()], deleted=[student()], links=[link(ended=True)]).actions == (
        Restore(1, 101, "user1@example.edu"),
    )


def test_it_restores_and_then_brings_in_line() -> None:
    assert planned([member()], deleted=[student(given_name="Anna")], links=[link()]).actions == (
        Restore(1, 101, "user1@example.edu"),
        Edit(1, 101, (("given_name", "Anna", "Ana"),)),
    )


def test_what_a_restored_student_shows_otherwise_than_sent_needs_no_edit() -> None:
    echo = {"given_name": {"sent": "Ana", "shown": "ANA"}}
    plan = planned([member()], deleted=[student(given_name="ANA")], links=[link(echo=echo)])
    assert plan.actions == (Restore(1, 101, "user1@example.edu"),)


def test_it_links_a_student_added_by_hand_rather_than_restoring_the_linked_one() -> None:
    plan = planned([member()], [student(9, email="user1@example.edu", external_student_id="S1")],
                   [student()], [link()])  # fmt: skip
    assert plan == Plan((Link(1, 109, "user1@example.edu"),), (), links=1)


def test_it_leaves_a_restoration_to_a_person_when_another_student_shows_the_echoed_address() -> None:
    echo = {"email": {"sent": "user+1@example.edu", "shown": "user1@example.edu"}}
    by_hand = student(9, email="user1@example.edu")
    plan = planned([member(email="user+1@example.edu")], [by_hand], [student()], [link(echo=echo)])
    assert plan.actions == ()
    assert _conflict(plan) == ("several_students", (1,), (101, 109))


def test_it_restores_a_deleted_student_whom_nobody_was_linked_to() -> None:
    for idnumber in ("", " S1 "):
        plan = planned([member()], deleted=[student(external_student_id=idnumber)])
        assert plan.actions[0] == Restore(1, 101, "user1@example.edu")


def test_it_restores_the_newest_of_several() -> None:
    old, new, middle = (student(each, email="user1@example.edu", external_student_id="S1", created_date=created)
                        for each, created in ((5, 10), (6, 30), (7, 20)))  # fmt: skip
    assert planned([member()], deleted=[old, new, middle]).actions == (Restore(1, 106, "user1@example.edu"),)


def test_it_restores_the_one_of_several_that_fits_the_id_number() -> None:
    newest = student(5, email="user1@example.edu", external_student_id="S5", created_date=1_800_000_000_000)
    assert planned([member()], deleted=[newest, student()]).actions == (Restore(1, 101, "user1@example.edu"),)


def test_it_restores_the_users_own_rather_than_a_newer_one_of_nobody() -> None:
    newest = student(5, email="user1@example.edu", external_student_id="S1", created_date=1_800_000_000_000)
    plan = planned([member()], deleted=[newest, student(external_student_id="old")], links=[link(ended=True)])
    assert plan.actions[0] == Restore(1, 101, "user1@example.edu")


def test_the_users_own_fits_whatever_its_id_number_and_whoever_had_the_address_too() -> None:
    own = student(external_student_id="old")
    plan = planned([member()], deleted=[own], links=[link(ended=True), link(2, email="user1@example.edu", ended=True)])
    assert plan.actions[0] == Restore(1, 101, "user1@example.edu")


def test_it_restores_nobody_where_a_deleted_student_of_the_address_was_another_users() -> None:
    anothers = student(2, email="user1@example.edu")
    plan = planned([member()], deleted=[student(), anothers], links=[link(ended=True), link(2, ended=True)])
    assert plan.actions == ()
    assert _conflict(plan) == ("once_anothers", (1,), (102,))


def test_it_leaves_a_deleted_student_with_another_id_number_to_a_person() -> None:
    plan = planned([member()], deleted=[student(external_student_id="S5")])
    assert plan.actions == ()
    assert _conflict(plan) == ("other_idnumber", (1,), (101,))


def test_a_deleted_student_with_an_id_number_does_not_fit_a_user_without() -> None:
    assert _conflict(planned([member(idnumber="")], deleted=[student()]))[0] == "other_idnumber"


def test_it_does_not_restore_a_student_who_was_another_users() -> None:
    plan = planned([member(1, email="user2@example.edu")], deleted=[student(2)], links=[link(2, ended=True)])
    assert plan.actions == ()
    assert _conflict(plan) == ("once_anothers", (1,), (102,))


def test_it_does_not_restore_a_student_of_nobody_with_an_address_that_was_another_users() -> None:
    older = student(9, email=NEW, external_student_id="")
    moved = student(2, email="moved@example.edu")
    plan = planned([member(email=NEW), member(2, email="moved@example.edu")], [moved], [older], [link(2, email=NEW)])
    assert plan.actions == ()
    assert _conflict(plan) == ("once_anothers", (1,), (109,))


def test_it_does_not_invite_to_an_address_that_was_another_users() -> None:
    """Also when kuraCloud has forgotten the student: the link remembers."""
    for history in (link(2, email=NEW, ended=True), link(2, email=NEW.upper(), ended=True)):
        plan = planned([member(email=NEW)], links=[history])
        assert plan.actions == ()
        assert _conflict(plan) == ("once_anothers", (1,), ())


def test_it_does_not_invite_to_an_address_that_another_users_student_shows_now() -> None:
    plan = planned([member(email=NEW)], deleted=[student(2, email=NEW)], links=[link(2)])
    assert _conflict(plan) == ("once_anothers", (1,), (102,))


# Fields


def test_it_edits_every_field_that_differs_with_both_values() -> None:
    plan = planned(
        [member(firstname="Eve", lastname="Ng", idnumber="S9", groups=((1, "Lab"),))], [student()], links=[link()]
    )
    assert plan.actions == (
        Edit(1, 101, (("given_name", "Ana", "Eve"), ("family_name", "Lee", "Ng"),
                      ("external_student_id", "S1", "S9"), ("section", "", "Lab"))),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "changed", "edit"),
    [
        ("firstname", "Eve", ("given_name", "Ana", "Eve")),
        ("lastname", "Ng", ("family_name", "Lee", "Ng")),
        ("idnumber", "S9", ("external_student_id", "S1", "S9")),
        ("groups", ((1, "Lab"),), ("section", "", "Lab")),
    ],
)
def test_it_edits_the_one_field_that_differs(field: str, changed: Any, edit: tuple[str, str, str]) -> None:
    plan = planned([member(**{field: changed})], [student()], links=[link()])
    assert plan.actions == (Edit(1, 101, (edit,)),)


def test_it_keeps_a_section_also_when_it_edits_something_else() -> None:
    groups = ((1, "Lab"), (2, "Hall"))
    plan = planned([member(firstname="Eve", groups=groups)], [student(section="Hall")], links=[link()])
    assert plan.actions == (Edit(1, 101, (("given_name", "Ana", "Eve"),)),)


def test_it_keeps_a_section_while_the_student_is_in_that_group() -> None:
    plan = planned([member(groups=((1, "Lab"), (2, "Hall")))], [student(section="Hall")], links=[link()])
    assert plan.actions == ()


def test_it_takes_the_group_with_the_lowest_id_for_a_new_section() -> None:
    plan = planned([member(groups=((2, "Hall"), (1, "Lab")))], [student(section="Gone")], links=[link()])
    assert plan.actions == (Edit(1, 101, (("section", "Gone", "Lab"),)),)


def test_it_empties_the_section_of_a_student_in_no_group() -> None:
    plan = planned([member()], [student(section="Lab")], links=[link()])
    assert plan.actions == (Edit(1, 101, (("section", "Lab", ""),)),)


# A changed address


def test_a_new_address_is_a_re_invitation() -> None:
    plan = planned([member(email=NEW)], [student()], links=[link()])
    assert plan.actions == (Reinvite(1, 101, "user1@example.edu", profile(email=NEW), None),)


def test_an_address_changed_in_kuracloud_is_one_too() -> None:
    plan = planned([member()], [student(email=NEW)], links=[link()])
    assert plan.actions == (Reinvite(1, 101, NEW, profile(), None),)


def test_a_re_invitation_restores_the_account_the_user_had_under_that_address() -> None:
    before = student(9, email=NEW, external_student_id="")
    plan = planned([member(email=NEW)], [student()], [before], [link(), link(1, 109, email=NEW, ended=True)])
    assert plan.actions == (Reinvite(1, 101, "user1@example.edu", profile(email=NEW), 109),)


def test_a_new_address_is_ignored_where_the_mapping_says_so() -> None:
    plan = planned([member(email=NEW, firstname="Eve")], [student()], links=[link()], email_changed="ignore")
    assert plan.actions == (Edit(1, 101, (("given_name", "Ana", "Eve"),)),)


def test_a_returning_user_with_a_new_address_is_added() -> None:
    assert planned([member(email=NEW)], deleted=[student()], links=[link()]).actions == (Add(1, profile(email=NEW)),)


def test_a_returning_user_with_a_new_address_is_restored_where_addresses_are_ignored() -> None:
    plan = planned([member(email=NEW)], deleted=[student()], links=[link()], email_changed="ignore")
    assert plan.actions == (Restore(1, 101, "user1@example.edu"),)


def test_a_new_address_that_another_student_has_is_a_conflict_that_protects_both() -> None:
    plan = planned([member(1, email="user2@example.edu")], [student(1), student(2)], links=[link(1), link(2)])
    assert plan.actions == ()
    assert _conflict(plan) == ("address_taken", (1, 2), (101, 102))


def test_a_new_address_that_a_student_of_nobody_has_protects_that_student() -> None:
    plan = planned([member(email=NEW)], [student(), student(9, email=NEW)], links=[link()], unmanaged="remove")
    assert plan.actions == ()
    assert _conflict(plan) == ("address_taken", (1,), (101, 109))


def test_two_students_who_swapped_addresses_are_a_conflict() -> None:
    members = [member(1, email="user2@example.edu", firstname="Eve"), member(2, email="user1@example.edu")]
    plan = planned(members, [student(1), student(2)], links=[link(1), link(2)])
    assert plan.actions == ()
    assert [each.kind for each in plan.conflicts] == ["address_taken", "address_taken"]


def test_a_new_address_that_was_another_users_is_a_conflict() -> None:
    plan = planned([member(email=NEW)], [student()], links=[link(), link(2, email=NEW, ended=True)])
    assert plan.actions == ()
    assert _conflict(plan) == ("once_anothers", (1,), (101,))


def test_a_new_address_of_a_deleted_student_with_another_id_number_is_a_conflict() -> None:
    plan = planned([member(email=NEW)], [student()], [student(9, email=NEW)], [link()])
    assert plan.actions == ()
    assert _conflict(plan) == ("other_idnumber", (1,), (101, 109))


# Addresses nobody can be told by


@pytest.mark.parametrize("email", ["", "  ", "nowhere", "a@b@example.edu"])
def test_a_user_without_a_valid_address_is_a_conflict_that_protects_the_student(email: str) -> None:
    plan = planned([member(email=email, firstname="Eve")], [student()], links=[link()])
    assert plan.actions == ()
    assert _conflict(plan) == ("no_email", (1,), (101,))


def test_a_user_without_an_address_has_nothing_to_do_with_students_without_one() -> None:
    plan = planned([member(email="")], [student(9, email="")], unmanaged="remove")
    assert plan.actions == (RemoveUnmanaged(109, ""),)
    assert _conflict(plan) == ("no_email", (1,), ())


def test_users_who_share_an_address_are_one_conflict_that_protects_all_their_students() -> None:
    members = [member(3, email="A@example.edu"), member(1, email="a@example.edu "), member(2)]
    students = [student(1), student(2), student(9, email="a@example.edu")]
    plan = planned(members, students, links=[link(1), link(2)], unmanaged="remove")
    assert plan.actions == ()
    assert _conflict(plan) == ("shared_email", (1, 3), (101, 109))


def test_a_conflict_over_an_address_protects_the_student_left_behind_with_the_same_id_number() -> None:
    for newcomers in ([member(1, email="", idnumber="S2")],
                      [member(1, email=NEW, idnumber="S2"), member(3, email=NEW)]):  # fmt: skip
        plan = planned(newcomers, [student(2)], links=[link(2)])
        assert plan.actions == ()
        assert _conflict(plan)[2] == (102,)


def test_a_thousand_users_of_one_address_are_one_conflict() -> None:
    plan = planned([member(each, email=NEW) for each in range(1, 1001)])
    assert plan.actions == ()
    assert _conflict(plan) == ("shared_email", tuple(range(1, 1001)), ())


def test_a_bad_address_stops_nobody_else() -> None:
    plan = planned([member(1, email=""), member(2), member(3, email=NEW), member(4, email=NEW)])
    assert plan.actions == (Add(2, profile(2)),)


# Merges


def test_a_newcomer_with_the_id_number_of_a_leaver_is_a_merge_to_be_asked() -> None:
    plan = planned([member(1, idnumber="S2")], [student(2)], links=[link(2)])
    assert plan.actions == (Relink(1, 102, 2, "user2@example.edu"),)
    assert _conflict(plan) == ("merge", (1, 2), (102,))


def test_a_newcomer_with_the_address_of_a_leaver_is_a_merge_to_be_asked() -> None:
    plan = planned([member(1, email="user2@example.edu")], [student(2)], links=[link(2)])
    assert plan.actions == (Relink(1, 102, 2, "user2@example.edu"),)
    assert _conflict(plan) == ("merge", (1, 2), (102,))


def test_a_newcomer_with_both_is_a_merge_to_be_asked() -> None:
    plan = planned([member(1, email="user2@example.edu", idnumber="S2")], [student(2)], links=[link(2)])
    assert plan.actions == (Relink(1, 102, 2, "user2@example.edu"),)
    assert _conflict(plan) == ("merge", (1, 2), (102,))


def test_an_id_number_is_recognised_as_it_was_sent() -> None:
    echo = {"external_student_id": {"sent": "S2-x", "shown": "S2"}}
    plan = planned([member(1, idnumber="S2-x")], [student(2)], links=[link(2, echo=echo)])
    assert plan.actions == (Relink(1, 102, 2, "user2@example.edu"),)


def test_an_empty_id_number_merges_nobody() -> None:
    plan = planned([member(1, idnumber="")], [student(2, external_student_id="")], links=[link(2)])
    assert plan.actions == (Add(1, profile(external_student_id="")), Delete(2, 102, "user2@example.edu"))


def test_somebody_who_stays_is_merged_with_nobody() -> None:
    plan = planned([member(1, idnumber="S2"), member(2)], [student(2)], links=[link(2)])
    assert plan.actions == (Add(1, profile(external_student_id="S2")),)


def test_a_student_with_the_address_and_one_left_behind_are_both_protected_and_nothing_is_offered() -> None:
    plan = planned([member(1, idnumber="S2")], [student(2), student(1)], links=[link(2)], unmanaged="remove")
    assert plan.actions == ()
    assert _conflict(plan) == ("merge", (1, 2), (102, 101))


def test_several_leavers_with_the_id_number_are_all_protected_and_nothing_is_offered() -> None:
    left = [student(2, external_student_id="S1"), student(3, external_student_id="S1")]
    plan = planned([member()], left, links=[link(2), link(3)])
    assert plan.actions == ()
    assert _conflict(plan) == ("merge", (1, 2, 3), (102, 103))


def test_several_newcomers_with_the_id_number_are_offered_nothing() -> None:
    plan = planned([member(1, idnumber="S3"), member(2, idnumber="S3")], [student(3)], links=[link(3)])
    assert plan.actions == ()
    assert [each.kind for each in plan.conflicts] == ["merge", "merge"]


def test_a_merge_is_not_offered_while_another_conflict_names_the_student() -> None:
    members = [member(1, idnumber="S2"), member(3, email="user2@example.edu")]
    plan = planned(members, [student(2), student(3)], links=[link(2), link(3)])
    assert plan.actions == ()
    assert [each.kind for each in plan.conflicts] == ["address_taken", "merge"]


def test_a_merge_is_noticed_for_a_user_whose_own_student_is_gone() -> None:
    for deleted in ([], [student(1, email="old@example.edu")]):
        plan = planned([member(1, idnumber="S2")], [student(2)], deleted, [link(1), link(2)])
        assert plan.actions == (Relink(1, 102, 2, "user2@example.edu"),)


# Leavers, lost links, students of nobody


def test_it_removes_the_student_of_a_leaver() -> None:
    assert planned(students=[student()], links=[link()]).actions == (Delete(1, 101, "user1@example.edu"),)


def test_it_does_nothing_more_for_a_leaver_whose_student_is_deleted() -> None:
    assert planned(deleted=[student()], links=[link()]) == Plan((), (), lost=0, links=1)


def test_it_ends_the_link_of_a_leaver_whose_student_is_in_neither_list() -> None:
    assert planned(links=[link()]) == Plan((EndLink(1, 101),), (), lost=1, links=1)


def test_it_ends_the_link_of_a_member_whose_student_is_in_neither_list_and_begins_anew() -> None:
    assert planned([member()], links=[link()]) == Plan((EndLink(1, 101), Add(1, profile())), (), lost=1, links=1)


def test_a_lost_link_counts_as_lost_also_when_a_conflict_protects_its_user() -> None:
    plan = planned([member(email="")], links=[link(), link(2, ended=True)])
    assert (plan.actions, plan.lost, plan.links) == ((), 1, 1)


@pytest.mark.parametrize("rule", ["hold", "remove"])
def test_it_would_remove_a_student_of_nobody(rule: str) -> None:
    plan = planned(students=[student()], unmanaged=rule)
    assert plan.actions == (RemoveUnmanaged(101, "user1@example.edu"),)


def test_it_keeps_students_of_nobody_where_the_mapping_says_so() -> None:
    assert planned(students=[student()], unmanaged="keep").actions == ()


def test_it_does_not_remove_as_nobodys_a_student_whom_it_links() -> None:
    assert planned([member()], [student()], unmanaged="remove").actions == (Link(1, 101, "user1@example.edu"),)


def test_it_does_not_remove_as_nobodys_a_student_whose_linking_is_stuck() -> None:
    stuck = {fingerprint(Link(1, 101, "user1@example.edu")): 3}
    plan = planned([member()], [student()], unmanaged="remove", done=stuck)
    assert plan.actions == ()


# What does not help is not done for ever


def test_the_same_action_three_times_in_a_day_is_a_conflict() -> None:
    edit = Edit(1, 101, (("given_name", "Anna", "Ana"),))
    members, students, links = [member()], [student(given_name="Anna")], [link()]
    assert planned(members, students, links=links, done={fingerprint(edit): 2}).actions == (edit,)
    plan = planned(members, students, links=links, done={fingerprint(edit): 3})
    assert plan.actions == ()
    assert _conflict(plan) == ("does_not_converge", (1,), (101,))


def test_a_refused_record_is_left_alone_until_it_changes() -> None:
    refused = [digest(Add(1, profile(given_name="Bad")))]
    plan = planned([member(firstname="Bad")], refused=refused)
    assert plan.actions == ()
    assert _conflict(plan) == ("refused", (1,), ())
    assert planned([member(firstname="Good")], refused=refused).actions == (Add(1, profile(given_name="Good")),)


def test_a_refused_re_link_is_not_offered_again() -> None:
    refused = [digest(Relink(1, 102, 2, "user2@example.edu"))]
    plan = planned([member(1, idnumber="S2")], [student(2)], links=[link(2)], refused=refused)
    assert plan.actions == ()
    assert [each.kind for each in plan.conflicts] == ["merge", "refused"]


def test_a_refused_re_invitation_protects_the_account_it_would_restore() -> None:
    before = student(9, email=NEW, external_student_id="")
    refused = [digest(Reinvite(1, 101, "user1@example.edu", profile(email=NEW), 109))]
    plan = planned([member(email=NEW)], [student()], [before], [link()], refused=refused)
    assert plan.conflicts == (Conflict("refused", plan.conflicts[0].message, (1,), (101, 109)),)


def test_a_stuck_action_stops_nobody_else() -> None:
    plan = planned([member(1), member(2)], done={fingerprint(Add(1, profile())): 3})
    assert plan.actions == (Add(2, profile(2)),)


# Order


def test_it_does_local_work_first_then_what_helps_then_what_removes() -> None:
    members = [
        member(1, email=NEW), member(2), member(3), member(4, firstname="Eve"), member(5), member(6),
        member(7, idnumber="S8"),
    ]  # fmt: skip
    students = [student(1), student(2), student(4), student(8), student(9), student(10)]
    links = [link(1), link(4), link(6), link(8), link(9)]
    plan = planned(members, students, [student(3)], links)
    assert [action.kind for action in plan.actions] == [
        "end_link", "link", "relink", "restore", "edit", "add", "add", "reinvite", "delete", "remove_unmanaged",
    ]  # fmt: skip
    assert [action.userid for action in plan.actions if isinstance(action, Add)] == [5, 6]
