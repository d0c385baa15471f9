"""Carrying out what the guard let through: in batches, each written down, and read back at the end (design.md 5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeVar

from app.errors import BatchRefused, CourseGone
from app.planning import actions as act
from app.store import mappings
from app.sync import bonds, writes
from app.sync.connect import Sides
from app.sync.read import KuraCloudReading
from app.sync.roster_record import RosterRecord
from app.sync.writes import A, Write
from schemas.kuracloud import Student

T = TypeVar("T", bound=act.Action)


@dataclass(slots=True)
class Applied:
    """What became of the actions: how many of each kind were done, and those that failed with the reason."""

    counts: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[act.Action, str]] = field(default_factory=list)
    removed_nobody: bool = False  # a deletion or reset was noticed just before the removals
    took_over: bool = False  # an account that was there before: only another look tells what it still needs
    shown: list[Student] | None = None  # who was active after the writes; None: nothing was written


class Apply:
    """One run's writes to one kuraCloud course. `before` is what kuraCloud showed when the plan was made."""

    def __init__(self, both: Sides, record: RosterRecord, before: KuraCloudReading) -> None:
        self._both = both
        self._record = record
        self._before = before
        self._applied = Applied()
        self._size = record.kit.settings.batch_size

    def carry_out(self, actions: Sequence[act.Action]) -> Applied:
        """Do these actions in order.

        Raises what the clients raise; what was done until then is written down, and the next run goes on from there.
        """
        bonds.tie(self._record.kit, self._record.lease, actions)
        self._send_all(writes.RESTORE, _of(actions, act.Restore))
        self._send_all(writes.EDIT, self._of_the_present(_of(actions, act.Edit)))
        self._send_all(writes.ADD, _of(actions, act.Add))
        self._removals(actions)
        if self._record.lease.wrote:
            self._read_back()
        self._applied.counts.update(action.kind for action in actions if isinstance(action, act.BOOKKEEPING))
        self._applied.took_over |= self._applied.counts[act.Relink.kind] > 0
        return self._applied

    def _of_the_present(self, edits: list[act.Edit]) -> list[act.Edit]:
        """Without those of students whose restoration has just failed."""
        gone = {action.studentid for action, _ in self._applied.failed if isinstance(action, act.Restore)}
        return [edit for edit in edits if edit.studentid not in gone]

    def _removals(self, actions: Sequence[act.Action]) -> None:
        removals = [action for action in actions if isinstance(action, act.REMOVALS)]
        if not removals:
            return
        if self._must_not_remove():
            self._applied.removed_nobody = True
            return
        for action in _of(removals, act.Reinvite):
            self._reinvite(action)
        self._send_all(writes.DELETE, _of(removals, act.Delete))
        self._send_all(writes.REMOVE, _of(removals, act.RemoveUnmanaged))

    def _must_not_remove(self) -> bool:
        """The look just before removals: raises CourseGone when Moodle deleted the course meanwhile."""
        kit, mapping_id = self._record.kit, self._both.mapping.id
        self._both.moodle.course(self._both.mapping.courseid)
        with kit.database.reading() as tx:
            mapping = mappings.get(tx, mapping_id)
            if mapping is None:
                raise CourseGone("The mapping was removed while the run was under way.", reason="mapping_removed")
            return mapping.quiet_until > kit.database.now(tx)

    def _reinvite(self, action: act.Reinvite) -> None:
        """The guide's answer to a new address: delete the old account, then invite the new address.

        In this order: cut off in between, the next run finds the old student deleted and adds the new one.
        """
        failed = len(self._applied.failed)
        old = act.Delete(action.userid, action.studentid, action.before)
        self._record.part_of(action, old)
        self._send_all(writes.DELETE, [old])
        if len(self._applied.failed) == failed:
            self._invite_again(action)

    def _invite_again(self, action: act.Reinvite) -> None:
        if action.restores is None:
            added = act.Add(action.userid, action.profile)
            self._record.part_of(action, added)
            self._send_all(writes.ADD, [added])
        else:
            restored = act.Restore(action.userid, action.restores, action.profile.email)
            self._record.part_of(action, restored)
            self._send_all(writes.RESTORE, [restored])

    def _send_all(self, write: Write[A], actions: Sequence[A]) -> None:
        """Every action in batches; each batch is answered for by one actor."""
        for _, group in groupby(sorted(actions, key=self._record.actor), key=self._record.actor):
            self._send(write, list(group))

    def _send(self, write: Write[A], actions: Sequence[A]) -> None:
        while actions:
            batch, actions = actions[: self._size], actions[self._size :]
            try:
                self._call(write, batch)
            except BatchRefused as refusal:
                self._after_refusal(write, batch, refusal)

    def _call(self, write: Write[A], batch: Sequence[A]) -> None:
        subject = [write.subject(action) for action in batch]
        with self._record.call(write.operation, list(batch), subject):
            write.send(self._both.kuracloud, self._both.mapping.kura_courseid, batch, self._known)

    def _after_refusal(self, write: Write[A], batch: Sequence[A], refusal: BatchRefused) -> None:
        """kuraCloud may have done part of it: read again, then halve, until the bad record is alone (design.md 5).

        Where there is none, the batch was too large: no larger ones are tried in this run.
        """
        left = write.undone(batch, self._shown())
        self._record.settle([action for action in batch if action not in left], "done")
        if len(batch) == 1 and left:
            self._record.settle(left, "refused")
            self._applied.failed.append((self._record.whole(left[0]), refusal.message))
            return
        failed = len(self._applied.failed)
        for half in _halves(left):
            self._send(write, half)
        if len(left) == len(batch) and len(self._applied.failed) == failed:
            self._size = min(self._size, (len(batch) + 1) // 2)

    @property
    def _known(self) -> dict[int, Student]:
        return {student.student_id: student for student in (*self._before.deleted, *self._before.students)}

    def _shown(self) -> list[Student]:
        """The active students now: they tell what became of any write, so nothing else is read again."""
        return self._both.kuracloud.students(self._both.mapping.kura_courseid)

    def _read_back(self) -> None:
        """Look again at kuraCloud: tie new students to their users, keep echoes, believe only what is shown."""
        record, shown = self._record, self._shown()
        self._applied.shown = shown
        settled = bonds.settle(record.kit, record.lease, record.done, record.found, self._before, shown)
        self._applied.failed += [(record.whole(action), why) for action, why in settled.unproven]
        done = {record.whole(action) for action in record.done} - {action for action, _ in self._applied.failed}
        self._applied.counts.update(action.kind for action in done)
        restored = any(isinstance(action, act.Reinvite) and action.restores is not None for action in done)
        self._applied.took_over |= restored or settled.took_over


def _of(actions: Sequence[act.Action], kind: type[T]) -> list[T]:
    return [action for action in actions if isinstance(action, kind)]


def _halves(actions: list[A]) -> Iterator[list[A]]:
    middle = (len(actions) + 1) // 2
    yield from (part for part in (actions[:middle], actions[middle:]) if part)
