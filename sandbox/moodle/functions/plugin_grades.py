"""The plugin's functions for grades, as plugin/local_kurasync/classes/column.php decides what becomes of each."""

from __future__ import annotations

import math
import re
from typing import Any

from sandbox.moodle import errors
from sandbox.moodle.actions.gradebook import GradebookActions
from sandbox.moodle.functions.function import Function
from sandbox.moodle.functions.parameters import ListOf, Struct, Value
from sandbox.moodle.functions.plugin_access import course_and_missing, may_get_grades
from sandbox.moodle.state import SERVICE_USER
from sandbox.moodle.tables.gradebook import HIGHEST, GradeItem, kept

_TO_READ = ("moodle/grade:viewall",)
_TO_WRITE = ("moodle/grade:manage", "moodle/grade:edit")
_LONGEST_NAME = 255


def _get_grades(moodle: GradebookActions, given: dict[str, Any]) -> dict[str, Any]:
    course, missing = course_and_missing(moodle, given["courseid"], _TO_READ)
    if missing:
        return {"missing": missing, "userid": SERVICE_USER, "students": [], "items": []}
    return {
        "missing": [],
        "userid": SERVICE_USER,
        "students": may_get_grades(moodle, course),
        "items": [_shown(item) for item in moodle.site.gradebook.kuracloud(course.id)],
    }


def _save_grades(moodle: GradebookActions, given: dict[str, Any]) -> dict[str, Any]:
    """All or nothing: what cannot be kept is refused before anything is done."""
    course, missing = course_and_missing(moodle, given["courseid"], _TO_WRITE)
    items = given["items"]
    counts = {"items": len(items), "grades": sum(len(item["grades"]) for item in items)}
    saved = []
    if not missing:
        _enter(moodle)
        _check(items)
        students = set(may_get_grades(moodle, course))
        saved = [_save_item(moodle, course.id, item, students) for item in items]
        moodle.regrade(course.id)
    return {"missing": missing, "counts": counts, "items": saved}


def _delete_items(moodle: GradebookActions, given: dict[str, Any]) -> dict[str, Any]:
    course, missing = course_and_missing(moodle, given["courseid"], _TO_WRITE)
    if missing:
        return {"missing": missing, "items": []}
    _enter(moodle)
    deleted = [{**item, "outcome": _delete(moodle, course.id, item)} for item in given["items"]]
    moodle.regrade(course.id)
    return {"missing": [], "items": deleted}


def _shown(item: GradeItem) -> dict[str, Any]:
    grades = [
        {
            "userid": grade.userid,
            "grade": grade.finalgrade,
            "locked": bool(grade.locked) or not item.is_writable,
            "modifier": grade.usermodified,
        }
        for grade in item.rows()
    ]
    named = {"id": item.id, "lessonid": item.iteminstance, "revisionid": item.itemnumber, "name": item.itemname}
    return {**named, "maximum": item.grademax, "locked": not item.is_writable, "grades": grades}


def _enter(moodle: GradebookActions) -> None:
    """One request at a time writes a gradebook; another one waits, and gives up after a while."""
    if moodle.gradebook_busy:
        raise errors.plain("locktimeout", "The operation timed out while waiting for a lock.")


def _check(items: list[dict[str, Any]]) -> None:
    for item in items:
        if item["maximum"] is not None and not 0 <= item["maximum"] <= HIGHEST:
            raise errors.invalid_parameter(f"A maximum must be between 0 and {HIGHEST}.")
        points = [each[name] for each in item["grades"] for name in ("grade", "previous")]
        if not all(math.isfinite(each) for each in points if each is not None):
            raise errors.invalid_parameter("A grade must be a finite number.")


def _save_item(moodle: GradebookActions, course: int, given: dict[str, Any], students: set[int]) -> dict[str, Any]:
    lesson, revision = given["lessonid"], given["revisionid"]
    outcome = _described(moodle, course, given)
    item = moodle.site.gradebook.find(course, lesson, revision)
    grades = [
        {"userid": each["userid"], "outcome": _written(moodle, item, each, students)}
        for each in given["grades"]
        if item is not None
    ]
    return {"lessonid": lesson, "revisionid": revision, "outcome": outcome, "grades": grades}


def _described(moodle: GradebookActions, course: int, given: dict[str, Any]) -> str:
    lesson, revision = given["lessonid"], given["revisionid"]
    item, name, maximum = moodle.site.gradebook.find(course, lesson, revision), given["name"], given["maximum"]
    if not item:
        if name is None or maximum is None:
            return "absent"
        moodle.create_item(course, lesson, revision, cleaned(name) or f"{lesson}-{revision}", maximum, SERVICE_USER)
        return "created"
    if not item.is_writable:
        return "locked"
    wanted = cleaned(name or "") or str(item.itemname), item.grademax if maximum is None else kept(maximum)
    if wanted == (item.itemname, item.grademax):
        return "unchanged"
    moodle.describe_item(item.id, *wanted, by=SERVICE_USER)
    return "updated"


def _written(moodle: GradebookActions, item: GradeItem, given: dict[str, Any], students: set[int]) -> str:
    user, row = given["userid"], item.grades.get(given["userid"])
    present = row.finalgrade if row else None
    wanted = None if given["grade"] is None else item.bounded(given["grade"], moodle.unlimited_grades)
    previous = None if given["previous"] is None else kept(given["previous"])
    if not item.is_writable:
        return "locked"
    if user not in students:
        return "notenrolled"
    if row and row.locked:
        return "locked"
    if present == wanted:
        return "unchanged"
    if present != previous:
        return "changed"
    moodle.write_grade(item.id, user, wanted, SERVICE_USER)
    return "written"


def _delete(moodle: GradebookActions, course: int, given: dict[str, Any]) -> str:
    item = moodle.site.gradebook.find(course, given["lessonid"], given["revisionid"])
    if not item:
        return "absent"
    if not item.is_writable or any(grade.locked for grade in item.rows()):
        return "locked"
    moodle.delete_item(item.id, SERVICE_USER)
    return "deleted"


def cleaned(name: str) -> str:
    """A name without markup, as long as Moodle keeps it; "<60" is no tag."""
    spaced = re.sub(r"<(?![a-z/!?])", "< ", name, flags=re.IGNORECASE)
    return re.sub(r"<\S[^>]*(>|\Z)", "", spaced).strip()[:_LONGEST_NAME].strip()


_KEY = {"lessonid": Value("int"), "revisionid": Value("int")}
_GRADE = Struct({"userid": Value("int"), "grade": Value("float", None), "previous": Value("float", None)})
_ITEM = Struct(
    {
        **_KEY,
        "name": Value("raw", None),
        "maximum": Value("float", None),
        "grades": ListOf(_GRADE, default=()),
    }
)
FUNCTIONS = (
    Function("local_kurasync_get_grades", Struct({"courseid": Value("int")}), _get_grades),
    Function("local_kurasync_save_grades", Struct({"courseid": Value("int"), "items": ListOf(_ITEM)}), _save_grades),
    Function(
        "local_kurasync_delete_items",
        Struct({"courseid": Value("int"), "items": ListOf(Struct(_KEY))}),
        _delete_items,
    ),
)
