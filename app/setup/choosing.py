"""The kuraCloud courses among which the people of a site may choose one to be mapped."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from app.errors import KurasyncError, NotFound, Refused
from app.kit import Kit
from app.setup import finding
from app.setup.candidates import Theirs, has
from app.store import instances, mappings
from app.store.instances import Instance

MOST = 50
"""So many are shown."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A course that is not mapped, with what its instance calls itself."""

    theirs: Theirs
    instance_name: str


@dataclass(frozen=True, slots=True)
class Choices:
    """The first that fit, whether there are `more`, and the instances that could not be asked."""

    courses: tuple[Choice, ...]
    more: bool
    silent: tuple[str, ...]


def choices(kit: Kit, site_id: int, search: str) -> Choices:
    """Active courses that are not mapped and in whose number, code or name `search` occurs, by name.

    Of instances that serve no other site: there only an administrator may say that they are shared (design.md 8).
    """
    with kit.database.reading() as tx:
        asked = {each.id: (each, _mapped(tx, each)) for each in _open_to(tx, site_id)}
    found: list[Choice] = []
    silent: list[str] = []
    for instance, mapped in asked.values():
        try:
            free = [each for each in finding.kura_courses(kit, instance) if each.course_id not in mapped]
        except KurasyncError:
            silent.append(instance.display_name)
        else:
            found += (Choice(Theirs(instance.name, each), instance.display_name) for each in free)
    fitting = sorted((each for each in found if has(search, each.theirs.texts)), key=_by_name)
    return Choices(tuple(islice(fitting, MOST)), len(fitting) > MOST, tuple(silent))


def require_offered(kit: Kit, site_id: int, instance_name: str, course: int) -> None:
    """Raise NotFound or Refused for what the people of a site cannot choose, telling nothing of others who did."""
    with kit.database.reading() as tx:
        instance = next((each for each in _open_to(tx, site_id) if each.name == instance_name), None)
        mapped = _mapped(tx, instance) if instance else set()
    if instance is None:
        raise NotFound("There is no such kuraCloud course to choose: look for it again.")
    if course in mapped:
        raise Refused("This kuraCloud course is mapped already, to another course: choose another one.")


def _open_to(tx: Connection, site_id: int) -> list[Instance]:
    every = instances.every(tx)
    remote_ids = {each.id: each.remote_id for each in every}
    others = {remote_ids[instance_id] for site, instance_id in mappings.connected(tx) if site != site_id}
    return [each for each in every if each.remote_id not in others]


def _mapped(tx: Connection, instance: Instance) -> set[int]:
    """The courses of an instance that are mapped, by whatever connection to it."""
    same = [each.id for each in instances.every(tx) if each.remote_id == instance.remote_id]
    return {course for instance_id in same for course in mappings.kura_courses(tx, instance_id)}


def _by_name(choice: Choice) -> tuple[str, str, int]:
    course = choice.theirs.course
    return course.name.casefold(), choice.theirs.instance, course.course_id
