"""The written record of a roster run: what is done to students in kuraCloud."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.planning import actions as act
from app.planning.sameness import email_digest
from app.store import steps
from app.sync.record import Record


@dataclass(slots=True)
class RosterRecord(Record[act.Action]):
    """Knows besides which actions are halves of a re-invitation: they are approved and counted as that."""

    _whole: dict[act.Action, act.Reinvite] = field(default_factory=dict)

    @property
    def system(self) -> str:
        """kuraCloud."""
        return "kuracloud"

    def part_of(self, whole: act.Reinvite, part: act.Action) -> None:
        """Say that an action is one half of a re-invitation."""
        self._whole[part] = whole

    def whole(self, action: act.Action) -> act.Action:
        """What was planned, of which the action is the whole or a part."""
        return self._whole.get(action, action)

    def fingerprint(self, action: act.Action) -> str:
        """Of the action, or of the re-invitation it is a part of."""
        return act.fingerprint(self.whole(action))

    def step(self, action: act.Action) -> steps.NewStep:
        """The removal inside a re-invitation counts as that; the invitation inside it as an invitation."""
        counted = self.whole(action) if isinstance(action, act.Delete) else action
        return steps.NewStep(
            action=counted.kind,
            fingerprint=act.fingerprint(counted),
            content=act.digest(counted),
            email_digest=email_digest(action.profile.email) if isinstance(action, act.Add) else None,
            approved=self.is_approved(action),
        )
