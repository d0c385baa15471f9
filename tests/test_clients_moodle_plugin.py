"""The client of our own Moodle plugin against answers as the plugin gives them, and against stranger ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import pytest

from app.clients.http import Http
from app.clients.moodle import MoodleClient
from app.clients.moodle_plugin import MoodlePlugin, in_calls
from app.clients.moodle_refusals import lacking
from app.clients.phpform import php_form
from app.errors import ConnectionBroken, CourseGone, KurasyncError, PermanentError, TransientError
from schemas.plugin_grades import (
    Counts,
    Deleted,
    DeletedItem,
    GradeToSave,
    ItemKey,
    ItemToSave,
    PluginGrade,
    PluginGrades,
    PluginItem,
    Saved,
    SavedGrade,
    SavedItem,
    to_be_saved,
)
from schemas.plugin_roster import PluginCourse, PluginGroup, PluginRole, PluginRoster, PluginUser
from schemas.plugin_status import Outbox, PluginStatus
from tests.line_server import Line, answer, listening

ITEM = ItemToSave(12, 34, (GradeToSave(3, 7.5, None), GradeToSave(5, None, 0.0)), "Heart kuraID: 12-34", 10.0)
CALLS: dict[str, Callable[[MoodlePlugin], Any]] = {
    "local_kurasync_get_roster": lambda plugin: plugin.roster(2),
    "local_kurasync_get_grades": lambda plugin: plugin.grades(2),
    "local_kurasync_save_grades": lambda plugin: plugin.save_grades(2, [ITEM]),
    "local_kurasync_delete_items": lambda plugin: plugin.delete_items(2, [ItemKey(12, 34)]),
    "local_kurasync_get_status": lambda plugin: plugin.status(),
}
WRITES = ("local_kurasync_save_grades", "local_kurasync_delete_items")

USER: dict[str, Any] = {
    "id": 3, "firstname": "Ana", "lastname": "Añorve", "email": "ana@example.edu", "idnumber": "",
    "suspended": False, "active": True,
    "roles": [{"shortname": "student", "archetype": "student", "contextlevel": 40}],
    "groups": [{"id": 7, "name": "Sec A", "timeadded": 1700000000}],
}  # fmt: skip
ROSTER: dict[str, Any] = {
    "course": {"id": 2, "fullname": "Physiology", "shortname": "PHY", "idnumber": "", "enddate": 0, "visible": True,
               "groupmode": 1},
    "total": 1, "next": 1800000000, "missing": [], "users": [USER],
}  # fmt: skip
GRADES: dict[str, Any] = {
    "missing": [], "userid": 4, "students": [3, 5],
    "items": [{"id": 72, "lessonid": 12, "revisionid": 34, "name": "Heart", "maximum": 10, "locked": False,
               "grades": [{"userid": 3, "grade": 7.5, "locked": True, "modifier": 4},
                          {"userid": 5, "grade": None, "locked": False, "modifier": None}]}],
}  # fmt: skip
SAVED: dict[str, Any] = {
    "missing": [], "counts": {"items": 1, "grades": 2},
    "items": [{"lessonid": 12, "revisionid": 34, "outcome": "created",
               "grades": [{"userid": 3, "outcome": "written"}, {"userid": 5, "outcome": "changed"}]}],
}  # fmt: skip
DELETED = {"missing": [], "items": [{"lessonid": 12, "revisionid": 34, "outcome": "deleted"}]}
STATUS = {
    "plugin": "2026112200", "release": "0.2.0", "moodle": "4.5.6 (Build: 20250811)", "php": "8.2.29",
    "wwwroot": "https://moodle.example.edu", "siteidentifier": "ab" * 32, "clone": False,
    "outbox": {"waiting": 2, "oldest": 1700000000, "setaside": 1, "lastdelivery": 1700000009, "lasterror": "503"},
    "missing": ["moodle/grade:edit"],
}  # fmt: skip
ANSWERS: dict[str, Any] = dict(zip(CALLS, (ROSTER, GRADES, SAVED, DELETED, STATUS), strict=True))


class Moodle:
    """A Moodle that gives the same answer to every call, and keeps the forms that came."""

    def __init__(self, value: object) -> None:
        self.forms: list[dict[str, str]] = []
        self._answer = answer(json.dumps(value).encode())

    def talk(self, line: Line) -> None:
        while request := line.request():
            self.forms.append(dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)))
            line.send(self._answer)


@contextmanager
def talking_to(moodle: Moodle) -> Iterator[MoodlePlugin]:
    with listening(moodle.talk) as server:
        client = MoodleClient(Http(server.url, "moodle", connect_timeout=2, call_timeout=5), "a-token")
        try:
            yield client.plugin
        finally:
            client.close()


def asked(function: str, value: object) -> Any:
    with talking_to(Moodle(value)) as plugin:
        return CALLS[function](plugin)


def refused(function: str, value: object) -> KurasyncError:
    with pytest.raises(KurasyncError) as caught:
        asked(function, value)
    assert caught.value.origin == "moodle"
    return caught.value


def sent(function: str) -> dict[str, str]:
    moodle = Moodle(ANSWERS[function])
    with talking_to(moodle) as plugin:
        CALLS[function](plugin)
    (form,) = moodle.forms
    terms = {name: form.pop(name) for name in ("wstoken", "wsfunction", "moodlewsrestformat")}
    assert terms == {"wstoken": "a-token", "wsfunction": function, "moodlewsrestformat": "json"}
    return form


def test_it_reads_a_roster() -> None:
    ana = PluginUser(
        3, "Ana", "Añorve", "ana@example.edu", "", False, True, (PluginRole("student", "student", 40),),
        (PluginGroup(7, "Sec A", 1700000000),),
    )  # fmt: skip
    course = PluginCourse(2, "Physiology", "PHY", "", 0, True, 1)
    assert asked("local_kurasync_get_roster", ROSTER) == PluginRoster(course, 1, 1800000000, (), (ana,))


def test_it_asks_for_everybody_or_for_some() -> None:
    assert sent("local_kurasync_get_roster") == {"courseid": "2"}
    moodle = Moodle(ROSTER)
    with talking_to(moodle) as plugin:
        plugin.roster(2, (3, 5))
    assert {name: text for name, text in moodle.forms[0].items() if name.startswith("userids")} == {
        "userids[0]": "3",
        "userids[1]": "5",
    }


def test_it_reads_a_gradebook() -> None:
    rows = (PluginGrade(3, 7.5, True, 4), PluginGrade(5, None, False, None))
    item = PluginItem(72, 12, 34, "Heart", 10.0, False, rows)
    assert asked("local_kurasync_get_grades", GRADES) == PluginGrades((), 4, (3, 5), (item,))
    assert sent("local_kurasync_get_grades") == {"courseid": "2"}


def test_it_saves_grades_and_says_what_became_of_each() -> None:
    grades = (SavedGrade(3, "written"), SavedGrade(5, "changed"))
    saved = Saved((), Counts(1, 2), (SavedItem(12, 34, "created", grades),))
    assert asked("local_kurasync_save_grades", SAVED) == saved


def test_what_is_null_is_not_sent_and_zero_is() -> None:
    assert sent("local_kurasync_save_grades") == {
        "courseid": "2",
        "items[0][lessonid]": "12",
        "items[0][revisionid]": "34",
        "items[0][name]": "Heart kuraID: 12-34",
        "items[0][maximum]": "10.0",
        "items[0][grades][0][userid]": "3",
        "items[0][grades][0][grade]": "7.5",
        "items[0][grades][1][userid]": "5",
        "items[0][grades][1][previous]": "0.0",
    }
    assert to_be_saved(ItemToSave(1, 2)) == {"lessonid": 1, "revisionid": 2}


def test_a_grade_that_php_cuts_in_two_is_never_a_grade_to_be_cleared() -> None:
    form = php_form(to_be_saved(ItemToSave(1, 2, (GradeToSave(3, 4.0, 5.0),))))
    assert [name for name, _ in form][2:] == ["grades[0][userid]", "grades[0][grade]", "grades[0][previous]"]


@pytest.mark.parametrize("counts", [{"items": 0, "grades": 0}, {"items": 1, "grades": 1}, {"items": 2, "grades": 2}])
def test_a_form_that_arrived_in_part_is_told_and_something_was_done(counts: dict[str, int]) -> None:
    error = refused("local_kurasync_save_grades", {**SAVED, "counts": counts})
    assert isinstance(error, TransientError)
    assert (error.reason, error.acted) == ("cut", True)
    assert "max_input_vars" in error.message


def test_missing_capabilities_come_before_counts() -> None:
    answered = {"missing": ["moodle/grade:edit"], "counts": {"items": 0, "grades": 0}, "items": []}
    assert asked("local_kurasync_save_grades", answered).missing == ("moodle/grade:edit",)
    error = lacking("local_kurasync_save_grades", ["moodle/grade:manage", "moodle/grade:edit"])
    assert error.message.endswith("the user's role: moodle/grade:edit, moodle/grade:manage.")
    assert error.reason == "nopermissions"


def test_it_deletes_items() -> None:
    assert asked("local_kurasync_delete_items", DELETED) == Deleted((), (DeletedItem(12, 34, "deleted"),))
    assert sent("local_kurasync_delete_items") == {
        "courseid": "2",
        "items[0][lessonid]": "12",
        "items[0][revisionid]": "34",
    }


def test_it_reads_the_status_of_the_plugin() -> None:
    assert asked("local_kurasync_get_status", STATUS) == PluginStatus(
        "2026112200", "0.2.0", "4.5.6 (Build: 20250811)", "8.2.29", "https://moodle.example.edu", "ab" * 32, False,
        Outbox(2, 1700000000, 1, 1700000009, "503"), ("moodle/grade:edit",),
    )  # fmt: skip
    assert sent("local_kurasync_get_status") == {}


def test_many_grades_go_in_calls_that_php_takes_whole() -> None:
    def item(lesson: int, count: int) -> ItemToSave:
        grades = tuple(GradeToSave(user, user / 7, user / 9) for user in range(1, count + 1))
        return ItemToSave(lesson, 1, grades, f"Lesson {lesson}", 10.0)

    items = [item(1, 700), item(2, 0), item(3, 250), *(item(number, 3) for number in range(4, 60))]
    calls = list(in_calls(items))
    forms = [php_form({"items": [to_be_saved(part) for part in call]}) for call in calls]
    assert max(len(form) for form in forms) + 4 <= 1000
    parts = [part for call in calls for part in call]
    assert [(part.lessonid, each) for part in parts for each in part.grades] == [
        (whole.lessonid, each) for whole in items for each in whole.grades
    ]
    assert [(part.lessonid, part.name, part.maximum) for part in parts if part.name] == [
        (whole.lessonid, whole.name, whole.maximum) for whole in items
    ]
    assert list(in_calls([])) == []


def test_five_lessons_of_a_thousand_students_take_few_calls() -> None:
    grades = tuple(GradeToSave(user, 1.0, None) for user in range(1000))
    assert len(list(in_calls([ItemToSave(lesson, 1, grades, "L", 1.0) for lesson in range(1, 6)]))) <= 20


@pytest.mark.parametrize("function", CALLS)
@pytest.mark.parametrize(
    "answered",
    [
        {"exception": "dml_missing_record_exception", "errorcode": "invalidrecord",
         "message": "Can't find data record in database table external_functions."},
        {"exception": "webservice_access_exception", "errorcode": "accessexception", "message": "Access control"},
    ],
    ids=["unknown", "not in the service"],
)  # fmt: skip
def test_a_function_that_moodle_does_not_offer_means_that_the_plugin_is_gone(function: str, answered: object) -> None:
    error = refused(function, answered)
    assert (type(error), error.reason) == (ConnectionBroken, "plugin_missing")
    assert "The plugin local_kurasync is gone from Moodle" in error.message
    assert function in error.message


def test_a_course_that_is_missing_is_gone() -> None:
    lost = {"exception": "dml_missing_record_exception", "errorcode": "invalidrecord"}
    for function in ("local_kurasync_get_roster", "local_kurasync_save_grades"):
        gone = refused(function, {**lost, "message": "Can't find data record in database table course."})
        assert type(gone) is CourseGone


@pytest.mark.parametrize("code", ["gradesneedregrading", "locktimeout"])
@pytest.mark.parametrize("function", CALLS)
def test_a_write_that_was_stopped_may_have_been_done_in_part(function: str, code: str) -> None:
    error = refused(function, {"exception": "moodle_exception", "errorcode": code, "message": "x"})
    assert isinstance(error, TransientError)
    assert (error.reason, error.acted) == (code, function in WRITES)


def changed(value: Any, way: str, to: object) -> Any:
    """A copy with one value changed; `way` as in `users.0.email`."""
    key, _, rest = way.partition(".")
    inner: Any = int(key) if isinstance(value, list) else key
    copy = value.copy()
    copy[inner] = changed(value[inner], rest, to) if rest else to
    return copy


@pytest.mark.parametrize(
    ("function", "way", "to"),
    [
        ("local_kurasync_get_roster", "total", None),
        ("local_kurasync_get_roster", "missing", None),
        ("local_kurasync_get_roster", "users.0.active", None),
        ("local_kurasync_get_roster", "users.0.suspended", "no"),
        ("local_kurasync_get_roster", "users.0.email", None),
        ("local_kurasync_get_roster", "users.0.roles", None),
        ("local_kurasync_get_roster", "users.0.groups.0.timeadded", "yesterday"),
        ("local_kurasync_get_roster", "course.enddate", -1),
        ("local_kurasync_get_grades", "items.0.maximum", None),
        ("local_kurasync_get_grades", "items.0.grades.0.grade", "7.5"),
        ("local_kurasync_get_grades", "items.0.grades.0.grade", True),
        ("local_kurasync_get_grades", "items.0.grades.0.grade", float("nan")),
        ("local_kurasync_get_grades", "items.0.lessonid", -1),
        ("local_kurasync_get_grades", "students", None),
        ("local_kurasync_get_status", "clone", None),
        ("local_kurasync_get_status", "outbox.waiting", None),
    ],
)
def test_a_read_of_another_shape_is_refused_and_says_where_it_differs(function: str, way: str, to: object) -> None:
    error = refused(function, changed(ANSWERS[function], way, to))
    assert (type(error), error.reason) == (PermanentError, "bad_answer")
    assert way.split(".")[-1] in error.message


def test_a_grade_that_is_not_there_at_all_is_not_an_empty_one() -> None:
    (row, _) = GRADES["items"][0]["grades"]
    without = {name: value for name, value in row.items() if name != "grade"}
    assert (
        "grade is missing" in refused("local_kurasync_get_grades", changed(GRADES, "items.0.grades.0", without)).message
    )


@pytest.mark.parametrize(
    ("function", "way", "to"),
    [
        ("local_kurasync_save_grades", "items.0.outcome", "done"),
        ("local_kurasync_save_grades", "items.0.grades.0.outcome", None),
        ("local_kurasync_save_grades", "counts", None),
        ("local_kurasync_delete_items", "items.0.outcome", "gone"),
    ],
)
def test_a_write_whose_answer_has_another_shape_may_have_been_done(function: str, way: str, to: object) -> None:
    error = refused(function, changed(ANSWERS[function], way, to))
    assert isinstance(error, TransientError)
    assert (error.reason, error.acted) == ("bad_answer", True)
