"""How long a roster plan takes, measured against a bare dictionary comparison of the same two sides."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from time import thread_time

from app.planning.roster import plan
from app.planning.rules import Rules
from app.planning.state import KnownLink, Roster
from app.planning.students import Member
from benchmarks.figure import Figure
from schemas.kuracloud import Student

STUDENTS = 100_000
ROUNDS = 7
MOST = 3.0  # times the bare comparison


def figures() -> list[Figure]:
    """Planning a course in step, and one with 5 % changes."""
    in_step = roster(STUDENTS)
    changed = with_changes(in_step, every=20)
    return [_figure("plan, 100,000 in step", in_step), _figure("plan, 100,000 with 5 % changes", changed)]


def roster(number: int) -> Roster:
    """A mapping whose two sides agree: everybody linked, everybody in one group."""
    members = tuple(
        Member(each, f"Given{each}", f"Family{each}", f"user{each}@example.edu", f"S{each:06}", ((each % 9, "Lab"),))
        for each in range(1, number + 1)
    )
    students = tuple(
        Student(
            student_id=each + number,
            email=f"user{each}@example.edu",
            given_name=f"Given{each}",
            family_name=f"Family{each}",
            external_student_id=f"S{each:06}",
            section="".join(["L", "ab"]),
            invite_complete=True,
            created_date=1_700_000_000_000,
        )
        for each in range(1, number + 1)
    )
    links = tuple(KnownLink(each, each + number, f"user{each}@example.edu", {}) for each in range(1, number + 1))
    return Roster(members, students, (), links, Rules())


def with_changes(before: Roster, *, every: int) -> Roster:
    """One member in `every` has another family name now."""
    members = (
        replace(member, lastname=f"{member.lastname} II") if place % every == 0 else member
        for place, member in enumerate(before.members)
    )
    return replace(before, members=tuple(members))


def bare(both: Roster) -> list[str]:
    """The floor: addresses whose four fields differ, or that only one side has, told by two dictionaries of tuples."""
    moodle = {
        each.email: (each.firstname, each.lastname, each.idnumber, each.groups[0][1] if each.groups else "")
        for each in both.members
    }
    kuracloud = {
        each.email: (each.given_name, each.family_name, each.external_student_id, each.section)
        for each in both.students
    }
    changed = [email for email, wanted in moodle.items() if kuracloud.get(email) != wanted]
    return changed + list(kuracloud.keys() - moodle.keys())


def _figure(name: str, both: Roster) -> Figure:
    """Both by turns, the best of each: what else the machine does disturbs them alike."""
    floors, times = [], []
    for _ in range(ROUNDS):
        floors.append(_seconds(lambda: bare(both)))
        times.append(_seconds(lambda: plan(both)))
    note = f"{min(times) * 1000:.0f} ms against {min(floors) * 1000:.0f} ms"
    return Figure(f"{name} / bare comparison", min(times) / min(floors), MOST, "x", note=note)


def _seconds(work: Callable[[], object]) -> float:
    """Of the processor: neither touches anything that could be waited for."""
    gc.collect()
    begun = thread_time()
    work()
    return thread_time() - begun
