"""The roster plan: two states in, a plan out (design.md 5). Pure: it reads and writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from app.planning import actions as act
from app.planning.sameness import Echo, differing, email_key, is_address, same, section, text_key
from app.planning.state import Conflict, KnownLink, Memory, Plan, Roster
from app.planning.students import Member
from schemas.kuracloud import Student

REPEATS = 3  # the same action so often in 24 hours does not converge

Found = act.Action | Conflict

# Local bookkeeping first, then what helps, then what removes.
_ORDER = (
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


def plan(roster: Roster) -> Plan:
    """What would bring kuraCloud in step with Moodle, and what no rule decides."""
    memory = Memory(roster)
    found = list(_everything(roster, memory))
    conflicts = [each for each in found if isinstance(each, Conflict)]
    wanted = [each for each in found if not isinstance(each, Conflict)]
    stuck = [problem for action in wanted for problem in _stuck(action, roster)]
    conflicts += stuck
    return Plan(
        actions=tuple(sorted(_unprotected(wanted, conflicts), key=_place)),
        conflicts=tuple(conflicts),
        lost=sum(1 for action in wanted if isinstance(action, act.EndLink)),
        links=len(memory.link_of_user),
    )


def _everything(roster: Roster, memory: Memory) -> Iterator[Found]:
    unusable = dict(_unusable_addresses(roster, memory))
    yield from unusable.values()
    set_aside = {userid for conflict in unusable.values() for userid in conflict.userids}
    for member in roster.members:
        if member.userid not in set_aside:
            yield from _member(member, roster, memory)
    yield from _leavers(memory)
    yield from _unmanaged(roster, memory)


def _unusable_addresses(roster: Roster, memory: Memory) -> Iterator[tuple[object, Conflict]]:
    keys = [(email_key(member.email), member) for member in roster.members]
    several = {key for key, number in Counter(key for key, _ in keys).items() if number > 1}
    for key, member in keys:
        if not is_address(member.email):
            yield member.userid, _no_address(member, memory)
        elif key in several:
            yield key, _one_address(key, [each for other, each in keys if other == key], memory)


def _no_address(member: Member, memory: Memory) -> Conflict:
    return Conflict(
        "no_email",
        "The user has no valid e-mail address in Moodle: kuraCloud could not send an invitation.",
        (member.userid,),
        _linked_students([member.userid], memory),
    )


def _one_address(key: str, members: list[Member], memory: Memory) -> Conflict:
    userids = [member.userid for member in members]
    shown = tuple(student.student_id for student in memory.active_with(key))
    return Conflict(
        "shared_email",
        "Several Moodle users of the course have this e-mail address: whose kuraCloud account it is cannot be told.",
        tuple(userids),
        tuple(dict.fromkeys((*_linked_students(userids, memory), *shown))),
    )


def _linked_students(userids: list[int], memory: Memory) -> tuple[int, ...]:
    return tuple(memory.link_of_user[userid].studentid for userid in userids if userid in memory.link_of_user)


def _member(member: Member, roster: Roster, memory: Memory) -> Iterator[Found]:
    link = memory.link_of_user.get(member.userid)
    if link is None:
        yield from _newcomer(member, memory)
    elif link.studentid in memory.students:
        yield from _present(member, link, memory.students[link.studentid], roster, memory)
    elif link.studentid in memory.deleted:
        yield from _gone(member, link, memory.deleted[link.studentid], memory)
    else:
        yield act.EndLink(member.userid, link.studentid)
        yield from _newcomer(member, memory)


def _present(member: Member, link: KnownLink, student: Student, roster: Roster, memory: Memory) -> Iterator[Found]:
    wanted = _profile(member, student, link.echo)
    changes = differing(wanted, student, link.echo)
    if changes:
        yield act.Edit(member.userid, student.student_id, changes)
    if roster.rules.email_changed != "ignore" and not same("email", member.email, student.email, link.echo):
        yield _address_changed(member, student, wanted, memory)


def _address_changed(member: Member, student: Student, wanted: act.Profile, memory: Memory) -> Found:
    taken = memory.active_with(member.email)
    if taken:
        return _taken(member, student, taken, memory)
    old = _old_account(member, memory)
    if isinstance(old, Conflict):
        return replace(old, studentids=(student.student_id, *old.studentids))
    if old is None and memory.others_of_address(member.email, member.userid):
        return _once_anothers(member, (student.student_id,))
    restores = old.student_id if old else None
    return act.Reinvite(member.userid, student.student_id, student.email, wanted, restores)


def _taken(member: Member, student: Student, taken: list[Student], memory: Memory) -> Conflict:
    owners = [memory.link_of_student[each.student_id].userid for each in taken
              if each.student_id in memory.link_of_student]
    return Conflict(
        "address_taken",
        "The user's new e-mail address belongs to another student of the kuraCloud course already.",
        (member.userid, *owners),
        (student.student_id, *(each.student_id for each in taken)),
    )


def _gone(member: Member, link: KnownLink, student: Student, memory: Memory) -> Iterator[Found]:
    if same("email", member.email, student.email, link.echo):
        yield from _restored(member, student, link)
    else:
        yield from _newcomer(member, memory)


def _restored(member: Member, student: Student, link: KnownLink | None) -> Iterator[act.Action]:
    echo: Echo = link.echo if link else {}
    yield act.Restore(member.userid, student.student_id, student.email)
    changes = differing(_profile(member, student, echo), student, echo)
    if changes:
        yield act.Edit(member.userid, student.student_id, changes)


def _newcomer(member: Member, memory: Memory) -> Iterator[Found]:
    """A member without a student: link, restore, add or conflict, in the order of design.md 5 (Matching)."""
    active = memory.active_with(member.email)
    left_behind = memory.leavers_student(member.idnumber)
    if left_behind is not None and member.userid not in memory.link_of_user:
        yield from _merge(member, left_behind, active, memory)
    elif active:
        yield from _matched(member, active, memory)
    else:
        yield from _returning_or_new(member, memory)


def _matched(member: Member, active: list[Student], memory: Memory) -> Iterator[Found]:
    student, *more = active
    owner = memory.link_of_student.get(student.student_id)
    if more:
        yield Conflict(
            "several_students",
            "Several students of the kuraCloud course have the user's e-mail address.",
            (member.userid,),
            tuple(each.student_id for each in active),
        )
    elif owner is not None and owner.userid not in memory.members:
        yield from _merge(member, student, [], memory)
    elif owner is not None:
        yield Conflict(
            "anothers_student",
            "The student with the user's e-mail address is linked to another Moodle user of the course.",
            (member.userid, owner.userid),
            (student.student_id,),
        )
    elif memory.others_of_student(student.student_id, member.userid):
        yield _once_anothers(member, (student.student_id,))
    else:
        yield act.Link(member.userid, student.student_id, student.email)
        changes = differing(_profile(member, student, {}), student, {})
        if changes:
            yield act.Edit(member.userid, student.student_id, changes)


def _merge(member: Member, student: Student, also: list[Student], memory: Memory) -> Iterator[Found]:
    leaver = memory.link_of_student[student.student_id].userid
    yield Conflict(
        "merge",
        "A user who left and one who came look like the same person (same ID number or e-mail address), as after a "
        "merge of accounts in Moodle: the kuraCloud student can be given to the newcomer.",
        (member.userid, leaver),
        (student.student_id, *(each.student_id for each in also)),
    )
    if not also:
        yield act.Relink(member.userid, student.student_id, leaver, student.email)


def _returning_or_new(member: Member, memory: Memory) -> Iterator[Found]:
    old = _old_account(member, memory)
    if isinstance(old, Conflict):
        yield old
    elif old is not None:
        yield from _restored(member, old, None)
    elif memory.others_of_address(member.email, member.userid):
        yield _once_anothers(member, ())
    else:
        yield act.Add(member.userid, _profile(member, None, {}))


def _old_account(member: Member, memory: Memory) -> Student | Conflict | None:
    """The deleted student to bring back for this member's address, if there is one that is surely the member's."""
    found = memory.deleted_with(member.email)
    anothers = [each for each in found if memory.others_of_student(each.student_id, member.userid)]
    if anothers:
        return _once_anothers(member, tuple(each.student_id for each in anothers))
    own = [each for each in found if memory.was_linked(member.userid, each.student_id)]
    fitting = [each for each in found if text_key(each.external_student_id) in ("", text_key(member.idnumber))]
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


def _once_anothers(member: Member, studentids: tuple[int, ...]) -> Conflict:
    return Conflict(
        "once_anothers",
        "The user's e-mail address belonged to another Moodle user's student before: kuraCloud might open that "
        "person's account.",
        (member.userid,),
        studentids,
    )


def _leavers(memory: Memory) -> Iterator[act.Action]:
    for userid, link in memory.link_of_user.items():
        if userid in memory.members:
            continue
        if link.studentid in memory.students:
            yield act.Delete(userid, link.studentid, memory.students[link.studentid].email)
        elif link.studentid not in memory.deleted:
            yield act.EndLink(userid, link.studentid)


def _unmanaged(roster: Roster, memory: Memory) -> Iterator[act.Action]:
    """Students whom nobody in Moodle is linked to; those matched in this plan are taken out by `_unprotected`."""
    if roster.rules.unmanaged == "keep":
        return
    for student in roster.students:
        if student.student_id not in memory.link_of_student:
            yield act.RemoveUnmanaged(student.student_id, student.email)


def _profile(member: Member, student: Student | None, echo: Echo) -> act.Profile:
    return act.Profile(
        email=text_key(member.email),
        given_name=text_key(member.firstname),
        family_name=text_key(member.lastname),
        external_student_id=text_key(member.idnumber),
        section=text_key(section(member.groups, student.section if student else "", echo)),
    )


def _stuck(action: act.Action, roster: Roster) -> Iterator[Conflict]:
    if roster.done.get(act.fingerprint(action), 0) >= REPEATS:
        yield _about(action, "does_not_converge", "The same change was made three times in 24 hours and does not last.")
    elif act.digest(action) in roster.refused:
        yield _about(action, "refused", "kuraCloud refused this record. It is tried again when the record changes.")


def _about(action: act.Action, kind: str, message: str) -> Conflict:
    userid = getattr(action, "userid", None)
    studentid = getattr(action, "studentid", None)
    return Conflict(kind, message, _known(userid), _known(studentid))


def _known(value: int | None) -> tuple[int, ...]:
    return () if value is None else (value,)


def _unprotected(wanted: list[act.Action], conflicts: list[Conflict]) -> Iterator[act.Action]:
    """Actions that touch nobody a conflict names. A re-link is the way out of its own conflict, if it is the only one."""
    offered = Counter(action.studentid for action in wanted if isinstance(action, act.Relink))
    userids = {userid for conflict in conflicts for userid in conflict.userids}
    studentids = {studentid for conflict in conflicts for studentid in conflict.studentids}
    matched = {action.studentid for action in wanted if isinstance(action, act.Link)}
    for action in wanted:
        if isinstance(action, act.Relink):
            if offered[action.studentid] == 1:
                yield action
        elif isinstance(action, act.RemoveUnmanaged) and action.studentid in matched:
            continue
        elif not ({getattr(action, "userid", None)} & userids or {_student_of(action)} & studentids):
            yield action


def _student_of(action: act.Action) -> int | None:
    return getattr(action, "studentid", None)


def _place(action: act.Action) -> tuple[int, int, int]:
    return _ORDER.index(type(action)), getattr(action, "userid", 0), getattr(action, "studentid", 0)
