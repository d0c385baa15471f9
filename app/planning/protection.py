"""What of a plan must not be done: what did not help before, and whatever touches somebody a conflict names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from app.planning.actions import Action, Link, Relink, RemoveUnmanaged, digest, fingerprint, studentids, userids
from app.planning.state import Conflict, Memory, Roster

REPEATS = 3  # the same action so often in 24 hours does not converge


def stuck(wanted: Iterable[Action], roster: Roster) -> Iterator[Conflict]:
    """A conflict for each action that was done again and again, or that kuraCloud refused (design.md 5, 9)."""
    for action in wanted:
        # A fingerprint costs far more than the rest of planning; most mappings have nothing to compare it with.
        if roster.done and roster.done.get(fingerprint(action), 0) >= REPEATS:
            yield _about(
                action, "does_not_converge", "The same change was made three times in 24 hours and does not last."
            )
        elif roster.refused and digest(action) in roster.refused:
            yield _about(action, "refused", "kuraCloud refused this record. It is tried again when the record changes.")


def of_excluded(wanted: Iterable[Action], memory: Memory) -> Iterator[Conflict]:
    """A conflict for each action on somebody else's behalf that touches a student who may be an excluded user's."""
    for action in wanted if memory.excluded else ():
        known = [found for each in studentids(action) if (found := memory.student(each)) is not None]
        theirs = tuple(student.student_id for student in known if memory.is_of_excluded(student))
        if theirs:
            yield Conflict(
                "excluded",
                "The student is, or may be, that of a Moodle user who is excluded from the mapping, and is left as it "
                "is. `kurasync mapping exclude` shows who is excluded.",
                userids(action),
                theirs,
            )


def unprotected(wanted: list[Action], conflicts: list[Conflict]) -> Iterator[Action]:
    """The actions that touch nobody a conflict names (design.md 4, invariant 8).

    A re-link is the way out of its own conflict, so it stays while no other conflict names anybody of it.
    """
    users = Counter(userid for conflict in conflicts for userid in set(conflict.userids))
    students = Counter(studentid for conflict in conflicts for studentid in set(conflict.studentids))
    matched = {action.studentid for action in wanted if isinstance(action, Link)}
    for action in wanted:
        if isinstance(action, RemoveUnmanaged) and action.studentid in matched:
            continue
        own = 1 if isinstance(action, Relink) else 0
        named = [users[each] for each in userids(action)] + [students[each] for each in studentids(action)]
        if max(named) <= own:
            yield action


def _about(action: Action, kind: str, message: str) -> Conflict:
    return Conflict(kind, message, userids(action), studentids(action))
