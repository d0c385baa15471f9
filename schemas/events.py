"""What Moodle posts, in its three forms: marshmallow in, one frozen dataclass out (contracts/moodle.md 4, 5)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MoodleEvent:
    """One event, without anything personal: ids are enough (design.md 10).

    `uid` is the sender's id of the event where it has one. `relateduserid` is the affected user, never the actor.
    """

    name: str
    uid: str | None
    courseid: int
    relateduserid: int | None
    objectid: int | None
    contextlevel: int | None
    contextinstanceid: int | None
    timecreated: int | None
