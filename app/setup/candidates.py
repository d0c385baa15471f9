"""Courses of both sides that are not mapped yet, and which of them probably belong together (design.md 8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from app.errors import KurasyncError
from app.kit import Kit
from app.planning.sameness import text_key
from app.setup import finding
from app.store import instances, mappings, sites
from app.store.instances import Instance
from app.store.sites import Site
from schemas.kuracloud import Course as KuraCourse
from schemas.moodle import Course as MoodleCourse

_Side = TypeVar("_Side", Site, Instance)
_Course = TypeVar("_Course")


@dataclass(frozen=True, slots=True)
class Ours:
    """A Moodle course that is not mapped."""

    site: str
    course: MoodleCourse

    @property
    def texts(self) -> tuple[str, ...]:
        """What it can be searched by."""
        return str(self.course.id), self.course.shortname, self.course.fullname


@dataclass(frozen=True, slots=True)
class Theirs:
    """A kuraCloud course that is not mapped. lmsEnabled is on where another system has its students."""

    instance: str
    course: KuraCourse

    @property
    def texts(self) -> tuple[str, ...]:
        """What it can be searched by."""
        return str(self.course.course_id), self.course.course_code, self.course.name


@dataclass(frozen=True, slots=True)
class Likely:
    """Two courses that nothing but their names says belong together; `why` says which names."""

    ours: Ours
    theirs: Theirs
    why: str


@dataclass(frozen=True, slots=True)
class Candidates:
    """Everything that could be mapped. `silent`: why some side could not be asked, by its name."""

    likely: tuple[Likely, ...]
    moodle: tuple[Ours, ...]
    kuracloud: tuple[Theirs, ...]
    silent: dict[str, str] = field(default_factory=dict)


def find(kit: Kit, *, search: str = "", site: str | None = None, instance: str | None = None) -> Candidates:
    """Courses that are not mapped, of all connections or of those named, in whose numbers or names `search` occurs.

    With a site alone, the instances are those that serve it, or nobody yet: others need `shared`. A side that cannot be
    asked leaves the others out of it. Raises NotFound for a connection that does not exist.
    """
    with kit.database.reading() as tx:
        of_sites = [finding.site(tx, site)] if site else sites.every(tx)
        only = of_sites[0].id if site else None
        of_instances = [finding.instance(tx, instance)] if instance else instances.every(tx, only)
        mapped = _mapped(tx)
    silent: dict[str, str] = {}
    ours = [
        Ours(each.name, course)
        for each, courses in _asked(kit, of_sites, finding.moodle_courses, silent)
        for course in courses
        if ("moodle", str(each.id), course.id) not in mapped
    ]
    theirs = [
        Theirs(each.name, course)
        for each, courses in _asked(kit, of_instances, finding.kura_courses, silent)
        for course in courses
        if ("kuracloud", each.remote_id, course.course_id) not in mapped
    ]
    likely = pairs(ours, theirs)
    return Candidates(
        likely=tuple(each for each in likely if has(search, (*each.ours.texts, *each.theirs.texts))),
        moodle=tuple(each for each in ours if has(search, each.texts)),
        kuracloud=tuple(each for each in theirs if has(search, each.texts)),
        silent=silent,
    )


def narrowed(found: Candidates, moodle: str, kuracloud: str) -> Candidates:
    """Those in whose numbers or names the texts occur, each of its own side."""
    return Candidates(
        likely=tuple(
            each for each in found.likely if has(moodle, each.ours.texts) and has(kuracloud, each.theirs.texts)
        ),
        moodle=tuple(each for each in found.moodle if has(moodle, each.texts)),
        kuracloud=tuple(each for each in found.kuracloud if has(kuracloud, each.texts)),
        silent=found.silent,
    )


def pairs(ours: Sequence[Ours], theirs: Sequence[Theirs]) -> list[Likely]:
    """Which courses probably belong together: those whose names are the same, where this is true of no others.

    The short name and the code say most, then the full name and the name, then one for the other.
    """
    found: dict[int, Likely] = {}
    taken: set[int] = set()
    for why, name_of_ours, name_of_theirs in _SAME:
        free = {place: key for place, each in enumerate(theirs) if place not in taken and (key := name_of_theirs(each))}
        left = {place: key for place, each in enumerate(ours) if place not in found and (key := name_of_ours(each))}
        for place, other in _once_each(left, free):
            found[place] = Likely(ours[place], theirs[other], why)
            taken.add(other)
    return [found[place] for place in sorted(found)]


def _once_each(left: dict[int, str], right: dict[int, str]) -> Iterator[tuple[int, int]]:
    """Pairs of places whose key occurs once on either side."""
    once = [{key for key, number in Counter(side.values()).items() if number == 1} for side in (left, right)]
    place_of = {key: place for place, key in right.items()}
    for place, key in left.items():
        if key in once[0] & once[1]:
            yield place, place_of[key]


def _key(text: str) -> str:
    return " ".join(text_key(text).casefold().split())


_SAME: tuple[tuple[str, Callable[[Ours], str], Callable[[Theirs], str]], ...] = (
    ("same short name and code", lambda each: _key(each.course.shortname), lambda each: _key(each.course.course_code)),
    ("same name", lambda each: _key(each.course.fullname), lambda each: _key(each.course.name)),
    ("short name is the name", lambda each: _key(each.course.shortname), lambda each: _key(each.course.name)),
    ("name is the code", lambda each: _key(each.course.fullname), lambda each: _key(each.course.course_code)),
)


def _asked(
    kit: Kit, sides: Iterable[_Side], read: Callable[[Kit, _Side], list[_Course]], silent: dict[str, str]
) -> Iterator[tuple[_Side, list[_Course]]]:
    for each in sides:
        try:
            yield each, read(kit, each)
        except KurasyncError as error:
            silent[each.name] = error.message


def _mapped(tx: Connection) -> set[tuple[str, str, int]]:
    """The courses of both sides that are mapped; one of kuraCloud by whatever connection to its instance."""
    remote_ids = {each.id: each.remote_id for each in instances.every(tx)}
    every = mappings.every(tx)
    ours = {("moodle", str(each.site_id), each.courseid) for each in every}
    return ours | {("kuracloud", remote_ids[each.instance_id], each.kura_courseid) for each in every}


def has(search: str, texts: Iterable[str]) -> bool:
    """Whether a text occurs in one of these, however it is written."""
    return any(_key(search) in _key(text) for text in texts)
