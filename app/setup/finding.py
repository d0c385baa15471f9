"""Finding what people name: a site, an instance, a mapping, a course on either side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from difflib import get_close_matches

from sqlalchemy import Connection

from app.errors import NotFound, Refused
from app.kit import Kit
from app.store import events, instances, mappings, runs, sites
from app.store.events import Event
from app.store.instances import Instance
from app.store.mappings import Mapping
from app.store.runs import Run
from app.store.sites import Site
from app.sync import connect
from schemas.kuracloud import Course as KuraCourse
from schemas.moodle import Course as MoodleCourse

_SHOWN = 5
_DIGITS = 18  # of the largest number that every database holds
FRONT_PAGE = 1  # Moodle lists its front page among the courses


def site(tx: Connection, name: str) -> Site:
    """The site with this name; raises NotFound with the names there are."""
    found = sites.by_name(tx, name)
    if found is None:
        known = _there_are("Sites", sites.every(tx), "site")
        raise NotFound(f"There is no site called {name!r}. {known}")
    return found


def instance(tx: Connection, name: str) -> Instance:
    """The instance with this name; raises NotFound with the names there are."""
    found = instances.by_name(tx, name)
    if found is None:
        known = _there_are("Instances", instances.every(tx), "instance")
        raise NotFound(f"There is no instance called {name!r}. {known}")
    return found


def mapping(tx: Connection, mapping_id: int) -> Mapping:
    """The mapping with this number; raises NotFound."""
    found = mappings.get(tx, mapping_id)
    if found is None:
        raise NotFound(f"There is no mapping {mapping_id}. See `kurasync mapping list`.")
    return found


def still_mapping(tx: Connection, mapping_id: int) -> Mapping:
    """The same; until `tx` ends nobody removes it or points it elsewhere. To be asked for before rows of it are."""
    mappings.hold_still(tx, mapping_id)
    return mapping(tx, mapping_id)


def event(tx: Connection, number: int) -> Event:
    """The event with this number; raises NotFound."""
    found = events.get(tx, number)
    if found is None:
        raise NotFound(f"There is no event {number}, or it was forgotten with age. See `kurasync events list`.")
    return found


def run(tx: Connection, number: int) -> Run:
    """The run with this number, with its plan; raises NotFound."""
    found = runs.get(tx, number)
    if found is None:
        raise NotFound(f"There is no run {number}, or it was forgotten with age. See `kurasync runs list`.")
    return found


def named_mapping(kit: Kit, name: str) -> Mapping:
    """The mapping called by its number, or as site:course (the Moodle course's id, full name or short name).

    Raises NotFound, and Refused when several courses have that name. Only a short name has to be asked of Moodle.
    """
    if is_number(name):
        with kit.database.reading() as tx:
            return mapping(tx, int(name))
    site_name, _, course = name.partition(":")
    if not course:
        raise NotFound(f"{name!r} names no mapping: give its number, or site:course (see `kurasync mapping list`).")
    with kit.database.reading() as tx:
        of = site(tx, site_name)
        own = [each for each in mappings.every(tx) if each.site_id == of.id]
    if is_number(course):
        return _only([each for each in own if each.courseid == int(course)], of, course)
    called = [each for each in own if each.course_name == course]
    if not called and own:
        courseids = {each.id for each in moodle_courses(kit, of) if each.shortname == course}
        called = [each for each in own if each.courseid in courseids]
    return _only(called, of, course)


def moodle_course(kit: Kit, of: Site, course: str) -> MoodleCourse:
    """The Moodle course with this id, short name or full name; raises NotFound or Refused."""
    return moodle_course_among(moodle_courses(kit, of), of, course)


def moodle_course_among(courses: Sequence[MoodleCourse], of: Site, course: str) -> MoodleCourse:
    """The same among courses that were read before."""
    if is_number(course):
        found = [each for each in courses if each.id == int(course)]
    else:
        found = [each for each in courses if each.shortname == course]
        found = found or [each for each in courses if each.fullname == course]
    if not found:
        near = _near(course, {each.shortname: f"{each.shortname} ({each.id}, {each.fullname})" for each in courses})
        raise NotFound(f"{of.name} has no course {course!r} that its service user can see.{near}")
    if len(found) > 1:
        numbers = ", ".join(f"{each.id} ({each.shortname})" for each in found[:_SHOWN])
        raise Refused(f"Several courses of {of.name} are called {course!r}: {numbers}. Give the number.")
    return found[0]


def kura_course(kit: Kit, of: Instance, course: str) -> KuraCourse:
    """The kuraCloud course with this number, code or name; raises NotFound or Refused."""
    return kura_course_among(kura_courses(kit, of), of, course)


def kura_course_among(courses: Sequence[KuraCourse], of: Instance, course: str) -> KuraCourse:
    """The same among courses that were read before."""
    if is_number(course):
        found = [each for each in courses if each.course_id == int(course)]
    else:
        found = [each for each in courses if each.course_code == course]
        found = found or [each for each in courses if each.name == course]
    if not found:
        told = {name: f"{each.course_id} ({each.name})" for each in courses for name in (each.name, each.course_code)}
        near = _near(course, told)
        raise NotFound(f"{of.name} has no active course {course!r}; see `kurasync instance courses {of.name}`.{near}")
    if len(found) > 1:
        numbers = ", ".join(f"{each.course_id} ({each.name})" for each in found[:_SHOWN])
        raise Refused(f"Several courses of {of.name} are called {course!r}: {numbers}. Give the number.")
    return found[0]


def moodle_courses(kit: Kit, of: Site) -> list[MoodleCourse]:
    """All courses of a site that its service user can see, without the front page; raises what the client raises."""
    with closing(connect.moodle_client(kit, of)) as client:
        return [each for each in client.courses() if each.id != FRONT_PAGE]


def kura_courses(kit: Kit, of: Instance) -> list[KuraCourse]:
    """All active courses of an instance; raises what the client raises."""
    with closing(connect.kuracloud_client(kit, of)) as client:
        return client.courses()


def is_number(text: str) -> bool:
    """Whether something may be called by this text as a number; one that no database holds is a name."""
    return text.isdecimal() and len(text) <= _DIGITS


def _only(found: Sequence[Mapping], of: Site, course: str) -> Mapping:
    if not found:
        raise NotFound(f"The course {course!r} of {of.name} is not mapped. See `kurasync mapping list`.")
    if len(found) > 1:
        numbers = ", ".join(str(each.id) for each in found)
        raise Refused(f"Several courses of {of.name} are called {course!r}: mappings {numbers}. Give the number.")
    return found[0]


def _there_are(what: str, found: Iterable[Site | Instance], noun: str) -> str:
    names = ", ".join(each.name for each in found)
    return f"{what}: {names}." if names else f"There is none yet: add one with `kurasync {noun} add`."


def _near(name: str, known: dict[str, str]) -> str:
    found = get_close_matches(name, known, n=_SHOWN, cutoff=0.5)
    return f" Did you mean {' or '.join(known[each] for each in found)}?" if found else ""
