"""A simulated Moodle 4.5: state, actions, web service, events (its behaviour is that of recordings/moodle)."""

from __future__ import annotations

from sandbox.moodle.sim import SimMoodle

__all__ = ["SimMoodle"]
