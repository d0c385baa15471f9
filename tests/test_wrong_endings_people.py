"""Sequences that end wrong in careless systems, about people: whose account is it, who removed whom (design.md 5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.kit import Kit
from app.sync.holds import reject
from sandbox.kuracloud.dialect import Dialect
from tests.campus import Campus, campus, in_step, invited_twice, kill_once, with_students
from tests.conftest import SetClock
from tests.mortal import Killed
from tests.world import World

DIALECTS = {
    "refuses doubles": Dialect(),
    "makes doubles": Dialect(duplicate_add="second", restore_taken_email="second"),
    "opens old accounts": Dialect(add_deleted_email="revive", duplicate_add="existing", edit_email="changed"),
}


@pytest.fixture(params=DIALECTS)
def made(request: pytest.FixtureRequest, sqlite_kit: Kit, clock: SetClock) -> Iterator[Campus]:
    """A course of six students, in a kuraCloud of each kind."""
    with campus(sqlite_kit, clock, DIALECTS[request.param]) as made:
        with_students(made, 6)
        yield made


def student_of(made: World, userid: int) -> int | None:
    return next((link.studentid for link in made.links() if link.userid == userid), None)


def kinds(made: Campus) -> set[str]:
    """The conflicts of the newest run."""
    plan: Any = made.run().plan
    return {each["conflict"] for each in plan["conflicts"]}


def held(made: World) -> list[tuple[str, int]]:
    """What waits: (action, Moodle user)."""
    hold = made.hold()
    return [(item["action"], item.get("userid", 0)) for item in hold.items] if hold else []


# An address handed on to another person


def test_an_address_handed_on_to_another_person(made: Campus) -> None:
    """One leaves, and a newcomer gets her old address: the old account with its grades is not opened to him."""
    world = made.world
    leaver = world.links()[0]
    world.moodle.unenrol(leaver.userid, world.course)
    made.rest()
    world.clock.advance(90_000)
    world.moodle.change_email(leaver.userid, "elsewhere@example.edu")
    newcomer = world.enrol("New", "Person", email=leaver.email, idnumber="S-OTHER")
    invites = list(world.kura.invites)
    made.rest()
    assert kinds(made) == {"once_anothers"}
    assert student_of(world, newcomer) is None
    assert world.kura.invites == invites
    assert leaver.studentid in {each["studentId"] for each in world.kura.deleted(world.kura_course)}


def test_an_address_handed_on_while_its_first_owner_is_still_there(made: Campus) -> None:
    """She has a new address, and a newcomer has her old one, before anybody decided about hers."""
    world = made.world
    first = world.links()[0]
    world.moodle.change_email(first.userid, "first.new@example.edu")
    newcomer = world.enrol("New", "Person", email=first.email)
    writes = len(world.writes())
    made.rest()
    assert student_of(world, first.userid) == first.studentid
    assert student_of(world, newcomer) is None
    assert len(world.writes()) == writes
    assert kinds(made) == {"anothers_student"}


# An e-mail swap


def test_an_e_mail_swap(made: Campus) -> None:
    """Two students exchange their addresses: neither gets the other's account, and nothing is invited or deleted."""
    world = made.world
    one, two = world.links()[:2]
    world.moodle.change_email(one.userid, "between@example.edu")
    world.moodle.change_email(two.userid, one.email)
    world.moodle.change_email(one.userid, two.email)
    writes = len(world.writes())
    made.rest()
    assert kinds(made) == {"address_taken"}
    assert len(world.writes()) == writes
    assert (student_of(world, one.userid), student_of(world, two.userid)) == (one.studentid, two.studentid)
    world.moodle.change_email(one.userid, one.email)
    world.moodle.change_email(two.userid, two.email)
    made.rest()
    in_step(world)


def test_an_e_mail_swap_where_addresses_follow_unasked(made: Campus) -> None:
    """... also where the mapping's owner lets changed addresses be invited without asking."""
    made.world.set(email_changed="auto")
    test_an_e_mail_swap(made)


# A re-invite killed half-way


HALFWAY = (
    "before delete_students",
    "after delete_students",
    "after writing the end of delete_students",
    "before add_students",
    "after add_students",
    "after writing the end of add_students",
    "before linking the new",
)


@pytest.mark.parametrize("where", HALFWAY)
@pytest.mark.parametrize("asked", ["hold", "auto"])
def test_a_re_invite_killed_half_way(
    sqlite_kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch, where: str, asked: str
) -> None:
    """The old account is deleted and the process dies: the new address is invited all the same, and once."""
    with campus(sqlite_kit, clock, DIALECTS["makes doubles"]) as made:
        world = made.world
        user, *_ = with_students(made, 6)
        world.set(email_changed=asked)
        world.moodle.change_email(user, "new.address@example.edu")
        if asked == "hold":
            made.rest()
            assert held(world) == [("reinvite", user)]
            world.decide()
        made.deliver()
        clock.advance(world.kit.settings.quiet)
        kill_once(monkeypatch, where)
        with pytest.raises(Killed):
            made.turns()
        world.kit.database.dispose()
        made.rest()
        if world.hold() is not None:  # deleted, and invited before or not at all: a person is asked, nobody doubled
            world.decide()
            made.rest()
        assert [email for _, email, _ in world.kura.invites].count("new.address@example.edu") == 1
        assert world.emails().count("new.address@example.edu") == 1
        in_step(world)


# A merge of two Moodle accounts


@pytest.mark.parametrize("kept", ["the new account's", "the old account's"])
def test_a_merge_of_two_moodle_accounts(made: Campus, kept: str) -> None:
    """The old account goes, a new one takes its place: its student is offered to the newcomer."""
    world = made.world
    old = world.links()[0]
    world.moodle.change_idnumber(old.userid, "S4711")
    made.rest()
    email = old.email if kept == "the old account's" else "merged@example.edu"
    world.moodle.delete_user(old.userid)
    new = world.enrol("Ana0", "Lee", email=email, idnumber="S4711")
    invites, deleted = len(world.kura.invites), len(world.kura.deleted(world.kura_course))
    made.rest()
    assert ("relink", new) in held(world)
    assert (len(world.kura.invites), len(world.kura.deleted(world.kura_course))) == (invites, deleted)
    world.decide()
    made.rest()
    assert student_of(world, new) == old.studentid
    assert len(world.kura.deleted(world.kura_course)) == deleted


# A hand-added assistant


def test_a_hand_added_assistant(made: Campus) -> None:
    """Somebody added by hand in kuraCloud stays until a person decides; "no" is remembered for her."""
    world = made.world
    assistant = world.kura.put_student(
        world.kura_course, givenName="Ass", familyName="Istant", email="assistant@example.edu"
    )
    world.enrol("One", email="one.more@example.edu")
    made.rest()
    hold = world.hold()
    assert hold is not None
    assert [(item["action"], item["studentid"]) for item in hold.items] == [("remove_unmanaged", assistant)]
    reject(world.kit, hold.id, "a teacher")
    for number in range(3):
        world.enrol("More", email=f"more{number}@example.edu")
        made.rest()
        assert world.hold() is None
    assert "assistant@example.edu" in world.emails()


def test_a_hand_added_assistant_who_then_enrols_is_one_person(made: Campus) -> None:
    world = made.world
    assistant = world.kura.put_student(
        world.kura_course, givenName="Ass", familyName="Istant", email="assistant@example.edu"
    )
    made.world.sync()
    invites = len(world.kura.invites)
    user = world.enrol("Ass", "Istant", email="Assistant@example.edu")
    made.rest()
    assert student_of(world, user) == assistant
    assert len(world.kura.invites) == invites
    assert world.hold() is None


# A teacher's deletion in kuraCloud


def test_a_teachers_deletion_in_kuracloud(made: Campus) -> None:
    """A teacher deletes an enrolled student there: she is restored, not invited; after three times a day, told."""
    world = made.world
    link = world.links()[0]
    invites = len(world.kura.invites)
    for _ in range(5):
        if _active(world, link.studentid):
            world.kura.delete_student(world.kura_course, link.studentid)
        world.sync()
        made.rest()
    assert len(world.kura.invites) == invites
    restores = [name for name in world.writes() if name.endswith("/restore")]
    assert (len(restores), kinds(made)) == (3, {"does_not_converge"})
    world.clock.advance(90_000)
    world.sync()
    made.rest()
    assert _active(world, link.studentid)
    assert invited_twice(world) == []
    in_step(world)


def _active(made: World, studentid: int) -> bool:
    return studentid in {each["studentId"] for each in made.kura.students(made.kura_course)}


# A kuraCloud that trims section names


@pytest.mark.parametrize("dialect", [Dialect(texts_trimmed=True), Dialect(text_maximum=20), Dialect(empty_text="null")])
def test_a_kuracloud_that_trims_section_names(sqlite_kit: Kit, clock: SetClock, dialect: Dialect) -> None:
    """What it keeps otherwise than it was sent is not sent again and again, and a real change still is."""
    with campus(sqlite_kit, clock, dialect) as made:
        world = made.world
        users = with_students(made, 3)
        group = world.moodle.create_group(world.course, " Physiology on Tuesdays, room 12 ")
        for user in users:
            world.moodle.join_group(user, group)
        made.rest()
        writes = len(world.writes())
        for _ in range(3):
            world.sync()
            made.rest()
        assert (len(world.writes()), kinds(made), world.hold()) == (writes, set(), None)
        world.moodle.rename_group(group, " Wednesdays ")
        made.rest()
        assert {str(each["section"]).strip() for each in world.kura.students(world.kura_course)} == {"Wednesdays"}
        for user in users:
            world.moodle.leave_group(user, group)
        made.rest()
        assert {each["section"] or "" for each in world.kura.students(world.kura_course)} == {""}
