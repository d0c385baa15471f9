"""The written record of a grades run: what is written into Moodle's gradebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from app.planning import grade_actions as act
from app.planning.gradebook import Cell, Gradebook
from app.store import cells, steps
from app.sync.record import Record


@dataclass(slots=True)
class GradesRecord(Record[act.Action]):
    """Remembers besides, before a grade is sent, what is sent: if the answer is lost, it is known as ours.

    `book` is Moodle's gradebook as the plan was made with.
    """

    book: Gradebook | None = None

    @property
    def system(self) -> str:
        """Moodle."""
        return "moodle"

    def fingerprint(self, action: act.Action) -> str:
        """Of the action."""
        return act.fingerprint(action)

    def step(self, action: act.Action) -> steps.NewStep:
        """Each action counts as itself."""
        return steps.NewStep(
            action=action.kind,
            fingerprint=act.fingerprint(action),
            content=act.digest(action),
            email_digest=None,
            approved=self.is_approved(action),
        )

    def prepare(self, tx: Connection, now: float, actions: Sequence[act.Action]) -> None:
        """What is about to be sent, and what Moodle shows before."""
        grades = [action for action in actions if isinstance(action, act.GRADES)]
        sent = {Cell(each.column, each.userid): (act.after(each), each.before) for each in grades}
        shown = self.book.grades if self.book else {}
        by = {cell: shown[cell].modifier for cell in sent if cell in shown}
        cells.begin(tx, self.lease.mapping_id, sent, by)
