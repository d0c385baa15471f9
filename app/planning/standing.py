"""How it stands with each student and each grade of a mapping, in a word and a sentence for people. Pure.

It is told by what the last run read, planned and left, and by what a person decided since: nothing is compared anew.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

Word = Literal[
    "in_step",  # linked, and nothing is to be done
    "invited",  # the same, and kuraCloud says that the invitation was not accepted yet
    "waiting",  # for a person's approval
    "conflict",  # no rule decides
    "refused",  # kuraCloud, or Moodle, did not take it
    "left_out",  # by a rule, or by a person's decision
    "only_in_kuracloud",  # linked to nobody in Moodle
    "pending",  # not looked at yet
]

GradeWord = Literal[
    "in_step",
    "waiting",
    "changed_in_moodle",  # a person's grade stands there: it stays
    "locked",
    "not_linked",  # the kuraCloud student belongs to nobody in Moodle
    "left_out",  # of somebody who is excluded, or no student of the course
    "not_in_export",  # kuraCloud has the column no more
    "doubtful",  # what kuraCloud exported cannot be believed
    "refused",
    "pending",
]

_ONLY_IN_KURACLOUD = 10**17  # past any number of a Moodle user


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with one student. Personal.

    `userid` None: in kuraCloud only; `studentid` None: not there yet. `message` is a sentence, `reasons` are slugs: of
    what is held (app.planning.guard.REASONS), of what is left out, or the kind of a conflict.
    """

    standing: Word
    message: str
    userid: int | None
    studentid: int | None
    name: str
    email: str
    reasons: tuple[str, ...] = ()

    @property
    def key(self) -> int:
        """A number by which students are put in order: Moodle's users first, by their ids."""
        return key(self.userid, self.studentid)


@dataclass(frozen=True, slots=True)
class Standings:
    """Every student of a mapping, in the order of their keys, as both sides were read at `read_at` (None: never yet).

    `looking`: another look at the mapping is wanted or under way, so that this may be overtaken in a moment.
    """

    read_at: float | None
    students: tuple[Standing, ...]
    looking: bool

    @property
    def counts(self) -> dict[str, int]:
        """How many of each standing; what nobody has is absent."""
        return dict(Counter(each.standing for each in self.students))


@dataclass(frozen=True, slots=True)
class ColumnStanding:
    """How it stands with one column of Moodle's gradebook; `title` is that of kuraCloud's revision."""

    lesson: int
    revision: int
    title: str
    standing: GradeWord
    message: str


@dataclass(frozen=True, slots=True)
class GradeStanding:
    """Where one student's grade in one column is, and why. Personal.

    `value` is kuraCloud's grade and `shown` Moodle's, in points, as far as the last run wrote or told them.
    """

    lesson: int
    revision: int
    standing: GradeWord
    message: str
    userid: int | None
    studentid: int | None
    name: str
    value: float | None
    shown: float | None

    @property
    def key(self) -> int:
        """The student's, as in Standing."""
        return key(self.userid, self.studentid)


@dataclass(frozen=True, slots=True)
class GradeStandings:
    """Every column, by lesson and revision, and every grade, by student and column, as a run left them at `read_at`.

    None: none ended yet. A student without an entry in a column has no grade there in kuraCloud.
    """

    read_at: float | None
    columns: tuple[ColumnStanding, ...]
    grades: tuple[GradeStanding, ...]
    looking: bool

    @property
    def counts(self) -> dict[str, int]:
        """How many grades of each standing; what none has is absent."""
        return dict(Counter(each.standing for each in self.grades))


def key(userid: int | None, studentid: int | None) -> int:
    """By which students are put in order."""
    return userid if userid is not None else _ONLY_IN_KURACLOUD + (studentid or 0)
