"""Whether the audit is as it was sealed: each row against its seal, each personal value against its row. Pure.

What each kind of change looks like is listed in docs/audit.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from app.planning import chain
from app.planning.chain import GENESIS, Head

Wrong = Literal[
    "changed",
    "missing",
    "inserted",
    "cut_off",
    "resealed",
    "personal_changed",
    "personal_gone",
    "personal_back",
    "personal_inserted",
]

MOST = 20
"""Findings that are kept, from the first on; beyond, they are counted."""

ERASE = "erase"
"""The operation of the row that says which personal values were erased."""

_LATE = 3600.0


@dataclass(frozen=True, slots=True)
class Person:
    """The personal values of one record of a row, as they are stored; erased: neither salt nor values."""

    place: int
    site_id: int | None
    mapping_id: int | None
    userid: int | None
    studentid: int | None
    salt: str | None
    personal: Any


@dataclass(frozen=True, slots=True)
class Link:
    """A seal with its row (None: it is gone) and the people of the row; without `head` the row is not sealed yet.

    `previous` is the seal stored before it, None where there is none.
    """

    head: Head | None
    previous: str | None
    audit_id: int
    row: Mapping[str, Any] | None
    people: Sequence[Person]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not fit: the seals from `seq` to `last`, or the row `audit_id`, or its record at `place`.

    `known` is the remembered head that tells.
    """

    wrong: Wrong
    seq: int | None = None
    last: int | None = None
    audit_id: int | None = None
    place: int | None = None
    known: Head | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `head` is the last seal; `agreed` the newest remembered head that it agrees with, of `anchored`.

    `waiting` rows are not sealed yet. `late` rows were sealed more than an hour after their time, `first_late` being
    the first: no clock ran then, or they were put in afterwards.
    """

    rows: int
    head: Head | None
    findings: tuple[Finding, ...]
    wrong: int
    erased: int
    waiting: int
    late: int
    first_late: int | None
    anchored: int
    agreed: Head | None


@dataclass(slots=True)
class Verification:
    """Takes the chain link by link; `erased` places are those of which it is written down, `known` heads must rise.

    `at_once`: everything was read as it was at one moment. Else somebody may have been erased meanwhile, whose values
    were read before.
    """

    erased: Mapping[int, Collection[int]]
    known: Iterator[Head]
    at_once: bool = True
    head: Head | None = None
    _previous: str | None = GENESIS
    _rows: int = 0
    _found: list[Finding] = field(default_factory=list)
    _wrong: int = 0
    _erased: int = 0
    _waiting: int = 0
    _late: int = 0
    _first_late: int | None = None
    _anchored: int = 0
    _agreed: Head | None = None
    _next: Head | None = None
    _resealed: bool = False

    def __post_init__(self) -> None:
        self._next = next(self.known, None)

    def go_on_with(self, first: Link) -> None:
        """Begin in the middle of the chain: the seal before the first link is taken on trust."""
        if first.head and first.previous:
            self.head, self._previous = Head(first.head.seq - 1, first.previous, 0.0), first.previous
            self._compare(self.head, first.audit_id)

    def take(self, link: Link) -> None:
        """Judge the next link; those that are not sealed come last."""
        if link.head is None:
            self._waiting += 1
        else:
            self._gap(link.head.seq)
            self._judge(link.head, link)
            self._compare(link.head, link.audit_id)
            self.head, self._previous = link.head, link.head.seal

    def inserted(self, audit_id: int) -> None:
        """Say of a row that it has no seal in the chain, and should have had one long ago."""
        self._find(Finding("inserted", audit_id=audit_id))

    def wait(self, rows: int) -> None:
        """Say how many new rows are not sealed yet."""
        self._waiting += rows

    def verdict(self) -> Verdict:
        """What was found, after the last link."""
        self._tail()
        return Verdict(
            rows=self._rows,
            head=self.head,
            findings=tuple(self._found),
            wrong=self._wrong,
            erased=self._erased,
            waiting=self._waiting,
            late=self._late,
            first_late=self._first_late,
            anchored=self._anchored,
            agreed=self._agreed,
        )

    def _find(self, finding: Finding) -> None:
        self._wrong += 1
        if len(self._found) < MOST:
            self._found.append(finding)

    def _gap(self, seq: int) -> None:
        due = self.head.seq + 1 if self.head else 1
        if seq != due:
            self._find(Finding("missing", seq=due, last=seq - 1))
            self._previous = None

    def _judge(self, head: Head, link: Link) -> None:
        self._rows += 1
        if link.row is None:
            self._find(Finding("missing", seq=head.seq, last=head.seq, audit_id=link.audit_id))
        elif self._previous is not None and chain.seal(self._previous, head.seq, head.sealed_at, link.row) != head.seal:
            self._find(Finding("changed", seq=head.seq, last=head.seq, audit_id=link.audit_id))
        else:
            self._time(head, link.row)
            self._people(link, link.row)

    def _time(self, head: Head, row: Mapping[str, Any]) -> None:
        if isinstance(row["at"], float) and head.sealed_at - row["at"] > _LATE:
            self._late += 1
            self._first_late = self._first_late or row["id"]

    def _people(self, link: Link, row: Mapping[str, Any]) -> None:
        people = {each.place: each for each in link.people}
        for place, record in _personal(row["subject"]):
            wrong = self._record(row, place, record, people.pop(place, None))
            if wrong:
                self._find(Finding(wrong, audit_id=link.audit_id, place=place))
        for place in people:
            self._find(Finding("personal_inserted", audit_id=link.audit_id, place=place))

    def _record(
        self, row: Mapping[str, Any], place: int, record: Mapping[str, Any], person: Person | None
    ) -> Wrong | None:
        if person is None:
            return "personal_gone"
        whose = (record.get("userid"), record.get("studentid"), record.get("site"), row["mapping_id"])
        if (person.userid, person.studentid, person.site_id, person.mapping_id) != whose:
            return "personal_changed"
        declared = place in self.erased.get(row["id"], ())
        if person.personal is None and person.salt is None:
            self._erased += declared
            return None if declared else "personal_gone"
        if person.salt is None or chain.salted(person.salt, person.personal) != record["digest"]:
            return "personal_changed"
        return "personal_back" if declared and self.at_once else None

    def _compare(self, head: Head, audit_id: int) -> None:
        while self._next and self._next.seq <= head.seq:
            if self._next.seq == head.seq:
                self._agree(self._next, head, audit_id)
            self._next = next(self.known, None)

    def _agree(self, known: Head, head: Head, audit_id: int) -> None:
        self._anchored += 1
        if known.seal == head.seal:
            self._agreed = known
        elif not self._resealed:
            self._resealed = True
            first = min(self._agreed.seq + 1, head.seq) if self._agreed else 1
            self._find(Finding("resealed", seq=first, last=head.seq, audit_id=audit_id, known=known))

    def _tail(self) -> None:
        """Everything that is remembered beyond the end."""
        beyond = None
        while self._next:
            self._anchored += 1
            beyond, self._next = self._next, next(self.known, None)
        if beyond:
            self._find(
                Finding("cut_off", seq=self.head.seq + 1 if self.head else 1, last=beyond.seq, known=beyond)
            )


def declared(rows: Iterable[tuple[int, Any]]) -> dict[int, frozenset[int]]:
    """Which places of which rows were erased, by the (id, subject) of the rows that say so: each of older rows."""
    places: dict[int, frozenset[int]] = {}
    for erasing, subject in rows:
        said = subject.get("erased") if isinstance(subject, dict) else None
        for named, which in said.items() if isinstance(said, dict) else ():
            if named.isdecimal() and int(named) < erasing and isinstance(which, list):
                numbers = frozenset(each for each in which if isinstance(each, int))
                places[int(named)] = places.get(int(named), frozenset()) | numbers
    return places


def _personal(subject: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The records of a subject that stand for personal values, with their places."""
    records = subject.get("records") if isinstance(subject, dict) else None
    for place, record in enumerate(records if isinstance(records, list) else ()):
        if isinstance(record, dict) and "digest" in record:
            yield place, record
