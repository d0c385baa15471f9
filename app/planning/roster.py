"""The roster plan: two states in, a plan out (design.md 5). Pure: it reads and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.planning import actions as act
from app.planning import protection
from app.planning.sameness import Echo, differing, email_key, is_address, same, section, text_key
from app.planning.state import Conflict, KnownLink, Memory, Plan, Roster
from app.planning.students import Member
from schemas.kuracloud import Student

Found = act.Action | Conflict

# Local bookkeeping first, then what helps, then what removes.
_KINDS = (
    act.EndLink,
    act.Link,
    act.Relink,
    act.Restore,
    act.Edit,
    act.Add,
    act.Reinvite,
    act.Delete,
    act.RemoveUnmanaged,
)
_ORDER = {kind: place for place, kind in enumerate(_KINDS)}


def plan(roster: Roster) -> Plan:
    """What would bring kuraCloud in step with Moodle, and what no rule decides."""
    memory = Memory(roster)
    found = list(_everything(roster, memory))
    conflicts = [each for each in found if isinstance(each, Conflict)]
    wanted = [each for each in found if not isinstance(each, Conflict)]
    conflicts += dict.fromkeys(protection.of_excluded(wanted, memory))  # a link and an edit tell of one student
    conflicts += protection.stuck(wanted, roster)
    return Plan(
        actions=tuple(sorted(protection.unprotected(wanted, conflicts), key=_place)),
        conflicts=tuple(sorted(conflicts, key=lambda conflict: (conflict.kind, conflict.userids, conflict.studentids))),
        lost=sum(1 for studentid in memory.link_of_student if not memory.knows(studentid)),
        links=len(memory.link_of_user),
    )


def _everything(roster: Roster, memory: Memory) -> Iterator[Found]:
    unusable = list(_unusable_addresses(roster, memory))
    yield from unusable
    set_aside = roster.excluded.union(*(conflict.userids for conflict in unusable))
    for member in roster.members:
        if member.userid not in set_aside and not _plainly_in_step(member, memory):
            yield from _member(member, roster, memory)
    yield from _leavers(memory)
    yield from _unmanaged(roster, memory)


def _plainly_in_step(member: Member, memory: Memory) -> bool:
    """The usual case, seen at a glance: texts that are equal as they stand are the same by every rule."""
    link = memory.link_of_user.get(member.userid)
    student = memory.students.get(link.studentid) if link is not None else None
    return (
        student is not None
        and member.email == student.email
        and member.firstname == student.given_name
        and member.lastname == student.family_name
        and member.idnumber == student.external_student_id
        and student.section in ([name for _, name in member.groups] or ("",))
    )


def _unusable_addresses(roster: Roster, memory: Memory) -> Iterator[Conflict]:
    usable: dict[str, Member] = {}
    shared: dict[str, list[Member]] = {}
    for member in roster.members:
        if member.userid in roster.excluded:
            continue
        if not is_address(member.email):
            yield _no_address(member, memory)
        elif (first := usable.setdefault(email_key(member.email), member)) is not member:
            shared.setdefault(email_key(member.email), [first]).append(member)
    for members in shared.values():
        yield _one_address(sorted(members, key=lambda member: member.userid), memory)


def _no_address(member: Member, memory: Memory) -> Conflict:
    return Conflict(
        "no_email",
        "The user has no valid e-mail address in Moodle: kuraCloud could not send an invitation.",
        (member.userid,),
        _perhaps_theirs([member], memory),
    )


def _one_address(members: list[Member], memory: Memory) -> Conflict:
    return Conflict(
        "shared_email",
        "Several Moodle users of the course have this e-mail address: whose kuraCloud account it is cannot be told.",
        tuple(member.userid for member in members),
        _perhaps_theirs(members, memory),
    )


def _perhaps_theirs(members: list[Member], memory: Memory) -> tuple[int, ...]:
    """Students that are, or could turn out to be, these members': linked, with their address, left behind."""
    found: dict[int, None] = {}
    for member in members:
        link = memory.link_of_user.get(member.userid)
        shown = memory.active_with(member.email) if text_key(member.email) else []
        found |= dict.fromkeys([link.studentid] if link is not None else [])
        found |= dict.fromkeys(each.student_id for each in (*shown, *memory.left_behind(member.idnumber)))
    return tuple(found)


def _member(member: Member, roster: Roster, memory: Memory) -> Iterator[Found]:
    link = memory.link_of_user.get(member.userid)
    if link is None:
        yield from _newcomer(member, memory)
    elif link.studentid in memory.students:
        yield from _present(member, link, memory.students[link.studentid], roster, memory)
    elif link.studentid in memory.deleted:
        yield from _gone(member, link, memory.deleted[link.studentid], roster, memory)
    else:
        yield act.EndLink(member.userid, link.studentid)
        yield from _newcomer(member, memory)


def _present(member: Member, link: KnownLink, student: Student, roster: Roster, memory: Memory) -> Iterator[Found]:
    wanted = _profile(member, student, link.echo)
    changes = differing(wanted, student, link.echo)
    if changes:
        yield act.Edit(member.userid, student.student_id, changes)
    if not _keeps_address(member, link, student, roster):
        yield _address_changed(member, student, wanted, memory)


def _keeps_address(member: Member, link: KnownLink, student: Student, roster: Roster) -> bool:
    return roster.rules.email_changed == "ignore" or same("email", member.email, student.email, link.echo)


def _address_changed(member: Member, student: Student, wanted: act.Profile, memory: Memory) -> Found:
    taken = memory.active_with(member.email)
    if taken:
        return _taken(member, student, taken, memory)
    old = _old_account(member, memory)
    if isinstance(old, Conflict):
        return replace(old, studentids=(student.student_id, *old.studentids))
    restores = old.student_id if old else None
    return act.Reinvite(member.userid, student.student_id, student.email, wanted, restores)


def _taken(member: Member, student: Student, taken: list[Student], memory: Memory) -> Conflict:
    owners = [
        memory.link_of_student[each.student_id].userid for each in taken if each.student_id in memory.link_of_student
    ]
    return Conflict(
        "address_taken",
        "The user's new e-mail address belongs to another student of the kuraCloud course already.",
        (member.userid, *owners),
        (student.student_id, *(each.student_id for each in taken)),
    )


def _gone(member: Member, link: KnownLink, student: Student, roster: Roster, memory: Memory) -> Iterator[Found]:
    """A member whose student is deleted: somebody may have added the same person by hand since."""
    if memory.active_with(member.email) or not _keeps_address(member, link, student, roster):
        yield from _newcomer(member, memory)
    elif also := memory.active_with(student.email):
        yield _several_students(member, [student, *also])
    else:
        yield from _restored(member, student, link)


def _restored(member: Member, student: Student, link: KnownLink | None) -> Iterator[act.Action]:
    echo: Echo = link.echo if link else {}
    yield act.Restore(member.userid, student.student_id, student.email)
    changes = differing(_profile(member, student, echo), student, echo)
    if changes:
        yield act.Edit(member.userid, student.student_id, changes)


def _newcomer(member: Member, memory: Memory) -> Iterator[Found]:
    """A member without a student: link, restore, add or conflict, in the order of design.md 5 (Matching)."""
    active = memory.active_with(member.email)
    left_behind = memory.left_behind(member.idnumber)
    if left_behind:
        yield from _merge(member, [*left_behind, *(each for each in active if each not in left_behind)], memory)
    elif active:
        yield from _matched(member, active, memory)
    else:
        yield from _returning_or_new(member, memory)


def _matched(member: Member, active: list[Student], memory: Memory) -> Iterator[Found]:
    student, *more = active
    owner = memory.link_of_student.get(student.student_id)
    if more:
        yield _several_students(member, active)
    elif owner is not None and memory.has_left(owner.userid):
        yield from _merge(member, active, memory)
    elif owner is not None:
        yield Conflict(
            "anothers_student",
            "The student with the user's e-mail address is linked to another Moodle user of the course.",
            (member.userid, owner.userid),
            (student.student_id,),
        )
    elif memory.others_of_student(student.student_id, member.userid):
        yield _once_anothers(member, active)
    else:
        yield act.Link(member.userid, student.student_id, student.email)
        changes = differing(_profile(member, student, {}), student, {})
        if changes:
            yield act.Edit(member.userid, student.student_id, changes)


def _several_students(member: Member, students: list[Student]) -> Conflict:
    return Conflict(
        "several_students",
        "Several students of the kuraCloud course have the user's e-mail address.",
        (member.userid,),
        tuple(student.student_id for student in students),
    )


def _merge(member: Member, students: list[Student], memory: Memory) -> Iterator[Found]:
    """Students that a leaver left behind and a newcomer could go on with; where it is one only, it is offered."""
    links = [memory.link_of_student[each.student_id] for each in students if each.student_id in memory.link_of_student]
    yield Conflict(
        "merge",
        "A user who left and one who came look like the same person (same ID number or e-mail address), as after a "
        "merge of accounts in Moodle: the kuraCloud student can be given to the newcomer.",
        (member.userid, *(link.userid for link in links)),
        tuple(student.student_id for student in students),
    )
    if len(students) == 1:
        yield act.Relink(member.userid, students[0].student_id, links[0].userid, students[0].email)


def _returning_or_new(member: Member, memory: Memory) -> Iterator[Found]:
    old = _old_account(member, memory)
    if isinstance(old, Conflict):
        yield old
    elif old is not None:
        yield from _restored(member, old, None)
    else:
        yield act.Add(member.userid, _profile(member, None, {}))


def _old_account(member: Member, memory: Memory) -> Student | Conflict | None:
    """The deleted student to bring back for this member's address; None when the address is surely new here."""
    found = memory.deleted_with(member.email)
    anothers = [each for each in found if memory.others_of_student(each.student_id, member.userid)]
    own = [each for each in found if memory.was_linked(member.userid, each.student_id)]
    fitting = [each for each in found if text_key(each.external_student_id) in ("", text_key(member.idnumber))]
    if anothers or (not own and memory.others_of_address(member.email, member.userid)):
        return _once_anothers(member, anothers or found)
    if own or fitting:
        return (own or fitting)[0]
    if found:
        return Conflict(
            "other_idnumber",
            "A deleted student has the user's e-mail address but another ID number. If it is the same person, restore "
            "the student in kuraCloud by hand.",
            (member.userid,),
            tuple(each.student_id for each in found),
        )
    return None


def _once_anothers(member: Member, students: list[Student]) -> Conflict:
    return Conflict(
        "once_anothers",
        "The user's e-mail address belonged to another Moodle user's student before: kuraCloud might open that "
        "person's account.",
        (member.userid,),
        tuple(student.student_id for student in students),
    )


def _leavers(memory: Memory) -> Iterator[act.Action]:
    for userid, link in memory.link_of_user.items():
        if userid in memory.members and userid not in memory.excluded:
            continue
        if not memory.knows(link.studentid):
            yield act.EndLink(userid, link.studentid)
        elif link.studentid in memory.students and memory.has_left(userid):
            yield act.Delete(userid, link.studentid, memory.students[link.studentid].email)


def _unmanaged(roster: Roster, memory: Memory) -> Iterator[act.Action]:
    """Students whom nobody in Moodle is linked to; those matched in this plan are taken out as protected."""
    if roster.rules.unmanaged == "keep":
        return
    for studentid in memory.students.keys() - memory.link_of_student.keys() - roster.kept:
        student = memory.students[studentid]
        if not memory.is_of_excluded(student):
            yield act.RemoveUnmanaged(studentid, student.email)


def _profile(member: Member, student: Student | None, echo: Echo) -> act.Profile:
    return act.Profile(
        email=text_key(member.email),
        given_name=text_key(member.firstname),
        family_name=text_key(member.lastname),
        external_student_id=text_key(member.idnumber),
        section=text_key(section(member.groups, student.section if student else "", echo)),
    )


def _place(action: act.Action) -> tuple[int, int, int]:
    return _ORDER[type(action)], getattr(action, "userid", 0), getattr(action, "studentid", 0)
