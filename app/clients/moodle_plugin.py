"""The web service functions of our own Moodle plugin, one method each (plugin/local_kurasync)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.clients.moodle_refusals import PLUGIN, cut
from app.clients.moodle_rest import MoodleRest
from schemas.plugin_grades import (
    Counts,
    Deleted,
    ItemKey,
    ItemToSave,
    PluginGrades,
    Saved,
    read_deleted,
    read_grades,
    read_saved,
    to_be_saved,
)
from schemas.plugin_roster import PluginRoster, read_roster
from schemas.plugin_status import PluginStatus, read_status

_GRADES_A_CALL, _ITEMS_A_CALL = 300, 20
"""Three values a grade, four an item: 980 of the 1000 that PHP takes in one form (max_input_vars)."""


class MoodlePlugin:
    """Reads rosters and gradebooks whole, and writes grades.

    Every method raises TransientError (with `acted` where a write may have been carried out), ConnectionBroken, with
    the reason "plugin_missing" where Moodle does not offer the function, CourseGone where the course is missing, and
    PermanentError. An answer whose `missing` names capabilities may be incomplete: nothing may be derived from it
    (app.clients.moodle_refusals.lacking says so in words).
    """

    def __init__(self, rest: MoodleRest) -> None:
        self._call = rest.call

    def roster(self, courseid: int, userids: Sequence[int] = (), capability: str = "") -> PluginRoster:
        """Everybody with any enrolment in a course, or those of `userids` who have one; in the order of ids.

        `total` is what a second query counted: another number than that of `users` means that the answer was cut.
        `capability`: of each is told whether it is held, which plugins before 0.3.0 cannot tell.
        """
        parameters = {
            "courseid": courseid,
            **({"userids": list(userids)} if userids else {}),
            **({"capability": capability} if capability else {}),
        }
        return self._call(f"{PLUGIN}_get_roster", parameters, read_roster)

    def grades(self, courseid: int) -> PluginGrades:
        """Our items of a course with all their grades, and who may get grades."""
        return self._call(f"{PLUGIN}_get_grades", {"courseid": courseid}, read_grades)

    def save_grades(self, courseid: int, items: Sequence[ItemToSave]) -> Saved:
        """Make or change items and write grades; what became of each. At most what `in_calls` puts in one call.

        Raises TransientError with the reason "cut" when fewer items or grades arrived than were sent.
        """
        parameters = {"courseid": courseid, "items": [to_be_saved(item) for item in items]}
        saved = self._call(f"{PLUGIN}_save_grades", parameters, read_saved, writes=True)
        if not saved.missing and saved.counts != Counts(len(items), sum(len(item.grades) for item in items)):
            raise cut()
        return saved

    def delete_items(self, courseid: int, items: Sequence[ItemKey]) -> Deleted:
        """Delete items with their grades; what became of each."""
        parameters = {"courseid": courseid, "items": [key._asdict() for key in items]}
        return self._call(f"{PLUGIN}_delete_items", parameters, read_deleted, writes=True)

    def status(self) -> PluginStatus:
        """Versions, identity of the site, outbox, and the capabilities that are missing at system level."""
        return self._call(f"{PLUGIN}_get_status", {}, read_status)


def in_calls(items: Sequence[ItemToSave]) -> Iterator[list[ItemToSave]]:
    """The items in portions that one call of `save_grades` can bring, in order; one with many grades is divided."""
    portion: list[ItemToSave] = []
    room = _GRADES_A_CALL
    for part in (part for item in items for part in _parts(item)):
        if len(portion) == _ITEMS_A_CALL or len(part.grades) > room:
            yield portion
            portion, room = [], _GRADES_A_CALL
        portion.append(part)
        room -= len(part.grades)
    if portion:
        yield portion


def _parts(item: ItemToSave) -> Iterator[ItemToSave]:
    """The item with at most as many grades as a call brings; the first part makes or changes the item itself."""
    yield replace(item, grades=item.grades[:_GRADES_A_CALL])
    for start in range(_GRADES_A_CALL, len(item.grades), _GRADES_A_CALL):
        yield replace(item, name=None, maximum=None, grades=item.grades[start : start + _GRADES_A_CALL])
