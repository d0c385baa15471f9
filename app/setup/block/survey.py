"""What moving over would do: every course of the block looked at on both sides. Writes nothing, anywhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

from app.clients.kuracloud import KuraCloudClient
from app.clients.moodle import MoodleClient
from app.errors import CourseGone, KurasyncError
from app.kit import Kit
from app.planning import moving
from app.planning.moving import Finding, Pair, Written
from app.planning.rules import Rules
from app.planning.students import Member
from app.setup import finding
from app.setup.block import instances
from app.setup.block.instances import Target
from app.store import instances as stored_instances
from app.store import mappings
from app.store.mappings import Mapping as CourseMapping
from app.store.sites import Site
from app.sync import connect, plugin
from app.sync.gradebooks import PluginDoor
from app.sync.read import read_stock
from schemas.block import Block, BlockCourse, WrittenGrade
from schemas.kuracloud import Course as KuraCourse
from schemas.kuracloud import Student
from schemas.moodle import Course as MoodleCourse

Tell = Callable[[], object]

_NOTHING = Written({}, {})
# A deleted account comes without a mark, but with an MD5 digest for an address (contracts/moodle.md 2).
_DELETED = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Adoptee:
    """A course of the block that can be adopted, as both sides are now.

    `links` are taken over as they are, `ended` as history; `emails` are the students' addresses, by number. Personal.
    """

    moodle: MoodleCourse
    kuracloud: KuraCourse
    target: Target
    links: tuple[Pair, ...]
    ended: tuple[Pair, ...]
    emails: Mapping[int, str]
    written: Written


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """A kuraCloud course with lmsEnabled off, as uninstalling the block leaves it: to be switched on before a look."""

    target: Target
    course_id: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What can be adopted of the block for a site, and everything that was found inconsistent."""

    site: Site
    adoptees: tuple[Adoptee, ...]
    findings: tuple[Finding, ...]
    switched_off: tuple[SwitchedOff, ...] = ()

    @property
    def new_instances(self) -> tuple[Target, ...]:
        """Instances that are made with the block's tokens."""
        used = {each.target.remote_id: each.target for each in self.adoptees if each.target.stored is None}
        return tuple(used.values())


def survey(kit: Kit, site_name: str, block: Block, key: bytes | None, tell: Tell = lambda: None) -> Survey:
    """Look at every course of the block; `tell` is called after each.

    `key` is the content of the block's key file. One course that cannot be looked at does not stop the others; raises
    NotFound, and what the client of Moodle raises where the site itself cannot be asked.
    """
    with kit.database.reading() as tx:
        site = finding.site(tx, site_name)
    courses, findings = moving.unambiguous(block, site.name)
    findings += moving.stray(block)
    targets, troubles = instances.targets(kit, site.id, block, key)
    findings += troubles
    with closing(connect.moodle_client(kit, site)) as client:
        looked = _Looked(kit, site, client, block, targets)
        adoptees = [adoptee for each in courses if (adoptee := looked.at(each, tell)) is not None]
    return Survey(site, tuple(adoptees), (*findings, *looked.findings), tuple(looked.switched_off))


class _Looked:
    """Both sides, asked once for what all courses need, and course by course for the rest."""

    def __init__(
        self, kit: Kit, site: Site, client: MoodleClient, block: Block, targets: Mapping[str, Target]
    ) -> None:
        self.findings: list[Finding] = []
        self.switched_off: list[SwitchedOff] = []
        self._kit = kit
        self._site = site
        self._client = client
        self._grades: dict[int, list[WrittenGrade]] = {}
        for grade in block.grades:
            self._grades.setdefault(grade.courseid, []).append(grade)
        self._targets = targets
        self._links = moving.by_course(block.links)
        self._ours = {each.id: each for each in client.courses() if each.id != finding.FRONT_PAGE}
        self._theirs = {remote_id: self._courses(target) for remote_id, target in targets.items()}
        self._has_plugin = site.plugin is not None or client.site_info().plugin is not None
        with kit.database.reading() as tx:
            self._mapped = mappings.every(tx)
            self._remote = {each.id: each.remote_id for each in stored_instances.every(tx)}

    def at(self, course: BlockCourse, tell: Tell) -> Adoptee | None:
        """The course as it can be adopted; None, with a finding, where it cannot."""
        about = f"{self._site.name}:{course.courseid}"
        try:
            return self._adoptee(course, about)
        except KurasyncError as error:
            kind = "kura_course_gone" if isinstance(error, CourseGone) and error.origin == "kuracloud" else "unread"
            self._find(kind, about, error.message if kind == "unread" else "")
            return None
        finally:
            tell()

    def _adoptee(self, course: BlockCourse, about: str) -> Adoptee | None:
        target = self._targets.get(course.remote_instanceid)
        theirs = self._theirs.get(course.remote_instanceid)
        if target is None or theirs is None:
            return None  # said of the instance once
        if obstacle := self._obstacle(course, theirs):
            self._find(obstacle, about)
            return None
        if not theirs[course.remote_courseid].lms_enabled:
            self._find("lms_off", about)
            self.switched_off.append(SwitchedOff(target, course.remote_courseid))
            return None
        with closing(instances.client(self._kit, target)) as client:
            students, deleted = _students(client, course.remote_courseid)
        chosen = self._chosen(course, about, students, deleted)
        self.findings += chosen.findings
        if chosen.links is None:
            return None
        return Adoptee(
            moodle=self._ours[course.courseid],
            kuracloud=theirs[course.remote_courseid],
            target=target,
            links=chosen.links,
            ended=chosen.ended,
            emails={number: student.email for number, student in {**deleted, **students}.items()},
            written=self._written(course),
        )

    def _obstacle(self, course: BlockCourse, theirs: Mapping[int, KuraCourse]) -> str:
        here = [each for each in self._mapped if self._is_here(each, course)]
        there = [each for each in self._mapped if self._is_there(each, course)]
        if here or there:
            return "mapped_already" if here == there else "mapped_otherwise"
        if course.courseid not in self._ours:
            return "course_gone"
        return "" if course.remote_courseid in theirs else "kura_course_gone"

    def _is_here(self, mapping: CourseMapping, course: BlockCourse) -> bool:
        return (mapping.site_id, mapping.courseid) == (self._site.id, course.courseid)

    def _is_there(self, mapping: CourseMapping, course: BlockCourse) -> bool:
        key = (self._remote.get(mapping.instance_id), mapping.kura_courseid)
        return key == (course.remote_instanceid, course.remote_courseid)

    def _chosen(
        self, course: BlockCourse, about: str, students: Mapping[int, Student], deleted: Mapping[int, Student]
    ) -> moving.Chosen:
        pairs = self._links.get((course.remote_instanceid, course.remote_courseid), [])
        members = {member.userid: member for member in self._members(course.courseid)}
        strangers = sorted({pair.userid for pair in pairs} - members.keys())
        accounts = self._client.accounts(strangers) if strangers else []
        others = {account.id for account in accounts if not _DELETED.fullmatch(account.email or "")}
        return moving.choose(about, pairs, members=members, others=others, students=students, deleted=deleted)

    def _members(self, courseid: int) -> tuple[Member, ...]:
        if self._has_plugin:
            return plugin.read(self._client, courseid, Rules()).members
        return read_stock(self._client, courseid, Rules(), self._kit.settings.page_size).members

    def _written(self, course: BlockCourse) -> Written:
        if not self._has_plugin:
            return _NOTHING
        book = PluginDoor(self._client.plugin, course.courseid).read()
        return moving.written(self._grades.get(course.courseid, ()), book)

    def _courses(self, target: Target) -> dict[int, KuraCourse] | None:
        try:
            with closing(instances.client(self._kit, target)) as client:
                return {each.course_id: each for each in client.courses()}
        except KurasyncError as error:
            self._find("unread", target.remote_id, error.message)
            return None

    def _find(self, kind: str, about: str, message: str = "") -> None:
        self.findings.append(Finding(kind, about, message=message))


def _students(client: KuraCloudClient, courseid: int) -> tuple[dict[int, Student], dict[int, Student]]:
    active, deleted = client.students(courseid), client.deleted_students(courseid)
    return {each.student_id: each for each in active}, {each.student_id: each for each in deleted}
