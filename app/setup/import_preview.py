"""What an import of mappings would change, found line by line; writes nothing, anywhere (docs/many-mappings.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple

from app.errors import KurasyncError, Refused
from app.kit import Kit
from app.planning.rules import Rules, from_settings, to_settings
from app.setup import finding, pairing
from app.setup.mapping_file import Values
from app.setup.mappings import refuse_what_nobody_tells
from app.store import mappings
from app.store.instances import Instance
from app.store.mappings import Mapping as CourseMapping
from app.store.mappings import Pair
from app.store.sites import Site
from schemas.mapping_file import MappingLine, mapping_line
from schemas.wire import WrongShape

What = Literal["add", "change", "unchanged", "refused"]


class RuleChange(NamedTuple):
    """A rule that a line changes; of a new mapping, from its default."""

    rule: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class New:
    """Two courses that are there and not mapped, with the connections to their sides."""

    site: Site
    instance: Instance
    pair: Pair


@dataclass(frozen=True, slots=True)
class Change:
    """What one line of a file would do; `why` says why it is refused. `chosen` are all rules there would be."""

    line: int
    what: What
    moodle: str
    kuracloud: str
    why: str = ""
    rules: tuple[RuleChange, ...] = ()
    chosen: Rules = field(default_factory=Rules)
    mapping_id: int | None = None
    new: New | None = None


def preview(kit: Kit, lines: Sequence[tuple[int, Values]], *, shared: bool = False) -> list[Change]:
    """What an import of these numbered lines would change.

    Each side is asked for its courses once, and only where a line names one that is not mapped so. What is wrong with
    a line, or with a side that it names, refuses this line and no others.
    """
    reading = _Reading(kit, shared)
    return [reading.change(number, values) for number, values in lines]


class _Reading:
    """What is known while the lines of a file are looked at: mappings, courses of both sides, the lines before."""

    def __init__(self, kit: Kit, shared: bool) -> None:
        self._kit = kit
        self._shared = shared
        self._courses: dict[tuple[str, int], Sequence[Any] | KurasyncError] = {}
        self._taken: dict[tuple[str, Any, int], int] = {}
        self._served: dict[str, Site] = {}
        with kit.database.reading() as tx:
            self._mapped = {each.courses.ours: each for each in mappings.every(tx)}

    def change(self, number: int, values: Values) -> Change:
        """What one line would do."""
        told = {name: str(values.get(name) or "").strip() for name in ("site", "course", "instance", "kura_course")}
        called = f"{told['site']}:{told['course']}", f"{told['instance']}:{told['kura_course']}"
        try:
            return self._change(Change(number, "unchanged", *called), mapping_line(values))
        except WrongShape as error:
            return Change(number, "refused", *called, why=f"The line is {error}.")
        except KurasyncError as error:
            return Change(number, "refused", *called, why=error.message)

    def _change(self, blank: Change, line: MappingLine) -> Change:
        if "" in line.rules:
            raise Refused("The line has more cells than the first line has columns.")
        with self._kit.database.reading() as tx:
            site, instance = finding.site(tx, line.site), finding.instance(tx, line.instance)
        pair = self._mapped_pair(site, instance, line) or self._pair(site, instance, line)
        self._take(blank.line, instance, pair)
        mapping = self._mapped.get(pair.ours)
        if mapping is None:
            return self._addition(blank, New(site, instance, pair), line)
        if mapping.courses.theirs != pair.theirs:
            raise Refused(
                f"Mapping {mapping.id} goes from this Moodle course to {mapping.kura_course_name} "
                f"({mapping.kura_courseid}): `kurasync mapping repoint {mapping.id}` points it elsewhere."
            )
        return self._alteration(blank, mapping, line)

    def _mapped_pair(self, site: Site, instance: Instance, line: MappingLine) -> Pair | None:
        """The courses of a mapping that is called by their numbers: neither need be asked for, nor even be there."""
        if not (finding.is_number(line.course) and finding.is_number(line.kura_course)):
            return None
        found = self._mapped.get((site.id, int(line.course)))
        is_this = found is not None and found.courses.theirs == (instance.id, int(line.kura_course))
        return found.courses if found is not None and is_this else None

    def _pair(self, site: Site, instance: Instance, line: MappingLine) -> Pair:
        ours = self._read(("site", site.id), lambda: finding.moodle_courses(self._kit, site))
        theirs = self._read(("instance", instance.id), lambda: finding.kura_courses(self._kit, instance))
        here = finding.moodle_course_among(ours, site, line.course)
        there = finding.kura_course_among(theirs, instance, line.kura_course)
        return Pair(site.id, here.id, here.fullname, instance.id, there.course_id, there.name)

    def _read(self, whose: tuple[str, int], read: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """The courses of a side, asked for once; raises what the client raised then."""
        if whose not in self._courses:
            try:
                self._courses[whose] = read()
            except KurasyncError as error:
                self._courses[whose] = error
        found = self._courses[whose]
        if isinstance(found, KurasyncError):
            raise found
        return found

    def _take(self, number: int, instance: Instance, pair: Pair) -> None:
        """Raise Refused where a line before has one of the courses already."""
        ours = ("Moodle course", pair.site_id, pair.courseid)
        theirs = ("kuraCloud course", instance.id if self._shared else instance.remote_id, pair.kura_courseid)
        for key in (ours, theirs):
            if key in self._taken:
                raise Refused(f"Line {self._taken[key]} has this {key[0]} already.")
        self._taken |= {ours: number, theirs: number}

    def _alteration(self, blank: Change, mapping: CourseMapping, line: MappingLine) -> Change:
        chosen = self._chosen(mapping.site_id, mapping.settings, line)
        rules = _differences(from_settings(mapping.settings), chosen)
        what: What = "change" if rules else "unchanged"
        return replace(blank, what=what, chosen=chosen, rules=rules, mapping_id=mapping.id)

    def _addition(self, blank: Change, new: New, line: MappingLine) -> Change:
        with self._kit.database.reading() as tx:
            pairing.refuse_mapped(tx, new.pair, self._shared)
        served = self._served.setdefault(new.instance.remote_id, new.site)
        if served.id != new.site.id and not self._shared:
            raise Refused(
                f"A line before gives the instance {new.instance.name} to the site {served.name}. A second site must "
                "have a token of its own; say --shared if it has, and if that is what you want."
            )
        chosen = self._chosen(new.site.id, {}, line)
        return replace(blank, what="add", chosen=chosen, rules=_differences(Rules(), chosen), new=new)

    def _chosen(self, site_id: int, settings: Mapping[str, Any], line: MappingLine) -> Rules:
        """The rules of the mapping with those of the line; a blank one is put back to its default."""
        kept = {rule: value for rule, value in settings.items() if rule not in line.rules}
        given = {rule: value for rule, value in line.rules.items() if value is not None and str(value).strip()}
        try:
            chosen = from_settings({**kept, **given})
        except ValueError as error:
            raise Refused(str(error)) from error
        with self._kit.database.reading() as tx:
            refuse_what_nobody_tells(tx, site_id, to_settings(chosen))
        return chosen


def _differences(before: Rules, after: Rules) -> tuple[RuleChange, ...]:
    then, now = asdict(before), asdict(after)
    return tuple(RuleChange(rule, then[rule], now[rule]) for rule in now if now[rule] != then[rule])
