"""What of block_kuracloud's tables can be taken over, and what is inconsistent (recordings/block). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from app.planning.grade_actions import Column
from app.planning.gradebook import Cell, Gradebook
from app.planning.grades import title_of
from app.planning.guard import LOST_LEAST, LOST_SHARE
from app.planning.sameness import email_key, same_grade
from app.planning.students import Member
from schemas.block import Block, BlockCourse, BlockLink, WrittenGrade
from schemas.kuracloud import Student

LEFT_OUT = {
    "token": "the token of this kuraCloud instance cannot be used",
    "no_connection": "neither the block nor kurasync has a connection to this kuraCloud instance",
    "other_site": "the kuraCloud instance serves another site: add it once more, with --shared and a token of its own",
    "course_twice": "the block maps this Moodle course to several kuraCloud courses: which is right is unclear",
    "kura_course_twice": "the block maps several Moodle courses to this kuraCloud course: which is right is unclear",
    "course_gone": "Moodle has no such course any more, or its service user cannot see it",
    "kura_course_gone": "the kuraCloud course is not active: restore it there, if it is still wanted, and adopt again",
    "lms_off": "lmsEnabled is off on the kuraCloud course, so its students cannot be read: --switch-on switches it on",
    "mapped_otherwise": "one of the two courses is mapped to another course in kurasync",
    "links_lost": "kuraCloud does not know many of the linked students: its answer is not believed",
    "unread": "it could not be looked at",
    "user_gone": "the linked Moodle user was deleted: remembered, so that nobody else is given the student unasked",
    "student_gone": "kuraCloud does not have the linked student, nor among the deleted ones",
    "student_shared": "several Moodle users are linked to one student: whose account it is cannot be told",
    "user_twice": "one Moodle user is linked to several students: which account is right cannot be told",
}
"""What is not adopted, and why."""

HARMLESS = {
    "mapped_already": "these two courses are mapped in kurasync already: nothing is done to them",
    "unmapped_links": "links of a kuraCloud course that the block maps to nothing (any more): they mean nothing",
    "left_course": "the linked user is no student of the course now: the first plan asks whether to remove the student",
    "student_deleted": "the linked student is deleted in kuraCloud: the first plan asks where there is something to do",
    "address_differs": "Moodle and kuraCloud show different e-mail addresses: the first plan asks what to do",
}
"""What is worth knowing, and adopted all the same."""


class Pair(NamedTuple):
    """A Moodle user and a kuraCloud student."""

    userid: int
    studentid: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something inconsistent: a slug of LEFT_OUT or HARMLESS, what it is about, and the links it is about.

    `message`: what the other side, or kurasync, says of it.
    """

    kind: str
    about: str
    pairs: tuple[Pair, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The links of one course that are taken over, and what was found; None: the course cannot be adopted.

    `ended` are taken over as history: the student was somebody's, and may not become another person's unasked.
    """

    links: tuple[Pair, ...] | None
    findings: tuple[Finding, ...]
    ended: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What the block wrote into a gradebook: the title it gave each column, and the grades that still stand."""

    titles: Mapping[Column, str]
    grades: Mapping[Cell, float]


def kura_name(instanceid: str, courseid: int) -> str:
    """A kuraCloud course as findings name it."""
    return f"{instanceid}:{courseid}"


def unambiguous(block: Block, site: str) -> tuple[list[BlockCourse], list[Finding]]:
    """The block's courses that are mapped once on either side; the tables forbid others, dumps and repairs do not."""
    courses = sorted(set(block.courses), key=lambda each: (each.courseid, _theirs(each)))
    ours = Counter(each.courseid for each in courses)
    theirs = Counter(_theirs(each) for each in courses)
    found = [Finding("course_twice", f"{site}:{courseid}") for courseid, times in ours.items() if times > 1]
    found += [Finding("kura_course_twice", kura_name(*key)) for key, times in theirs.items() if times > 1]
    return [each for each in courses if ours[each.courseid] == 1 and theirs[_theirs(each)] == 1], found


def stray(block: Block) -> Iterator[Finding]:
    """Links of courses that the block maps to nothing: it never takes any away."""
    mapped = {_theirs(course) for course in block.courses}
    lost: dict[tuple[str, int], set[Pair]] = {}
    for link in block.links:
        if _theirs(link) not in mapped:
            lost.setdefault(_theirs(link), set()).add(_pair(link))
    for key, pairs in sorted(lost.items()):
        yield Finding("unmapped_links", kura_name(*key), tuple(sorted(pairs)))


def by_course(links: Iterable[BlockLink]) -> dict[tuple[str, int], list[Pair]]:
    """The links of each kuraCloud course, by instance and number."""
    found: dict[tuple[str, int], set[Pair]] = {}
    for link in links:
        found.setdefault(_theirs(link), set()).add(_pair(link))
    return {key: sorted(pairs) for key, pairs in found.items()}


def choose(
    about: str,
    pairs: Collection[Pair],
    *,
    members: Mapping[int, Member],
    others: Collection[int],
    students: Mapping[int, Student],
    deleted: Mapping[int, Student],
) -> Chosen:
    """The links of one course that lead from one person to one account and back.

    `others`: Moodle users who exist and are no students of the course. Whoever is not there any more is left out first:
    of two users on one student the one who was deleted does not count.
    """
    known = students.keys() | deleted.keys()
    lost = [pair for pair in pairs if pair.studentid not in known]
    if len(lost) > max(LOST_LEAST, int(len(pairs) * LOST_SHARE)) or 0 < len(lost) == len(pairs):
        return Chosen(None, (Finding("links_lost", about, tuple(lost)),))
    gone = [pair for pair in pairs if pair.userid not in members and pair.userid not in others]
    there = [pair for pair in pairs if pair not in {*lost, *gone}]
    users, accounts = Counter(pair.userid for pair in there), Counter(pair.studentid for pair in there)
    shared = [pair for pair in there if accounts[pair.studentid] > 1]
    twice = [pair for pair in there if users[pair.userid] > 1]
    links = [pair for pair in there if pair not in {*shared, *twice}]
    kinds = {
        "student_gone": lost,
        "user_gone": gone,
        "student_shared": shared,
        "user_twice": twice,
        "left_course": [pair for pair in links if pair.userid not in members and pair.studentid in students],
        "student_deleted": [pair for pair in links if pair.studentid in deleted],
        "address_differs": [pair for pair in links if _differs(pair, members, students)],
    }
    found = (Finding(kind, about, tuple(each)) for kind, each in kinds.items() if each)
    ended = [pair for pair in gone if pair not in lost and pair.studentid not in accounts]
    return Chosen(tuple(links), tuple(found), tuple(ended))


def written(grades: Iterable[WrittenGrade], book: Gradebook) -> Written:
    """What of a course's gradebook is the block's: the titles in its columns' names, and the grades proven to be.

    A grade is when nobody changed it since the block wrote it, as Moodle's grade history shows: whoever else writes one
    leaves a `source` there, the block leaves none (tried on Moodle 4.5.6). Nothing in the gradebook itself tells the
    block's grades from a teacher's (design.md 7).
    """
    last = {Cell(Column(each.lesson, each.revision), each.userid): each for each in grades}
    shown = {cell: grade.value for cell, grade in book.grades.items() if grade.value is not None}
    titles = {column: title_of(column, item.name) for column, item in book.items.items()}
    return Written(
        titles={column: title for column, title in titles.items() if title},
        grades={
            cell: value
            for cell, value in shown.items()
            if cell in last and not last[cell].source and same_grade(last[cell].grade, value)
        },
    )


def _differs(pair: Pair, members: Mapping[int, Member], students: Mapping[int, Student]) -> bool:
    member, student = members.get(pair.userid), students.get(pair.studentid)
    return member is not None and student is not None and email_key(member.email) != email_key(student.email)


def _pair(link: BlockLink) -> Pair:
    return Pair(link.userid, link.remote_studentid)


def _theirs(each: BlockCourse | BlockLink) -> tuple[str, int]:
    return each.remote_instanceid, each.remote_courseid
