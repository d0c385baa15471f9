"""One story of a course, told to a Moodle with our plugin, real or simulated: what is asked, and what it answers.

The real one's answers are tests/recordings/moodle/plugin. Ids, times and the run's own suffix are replaced by what is
the same whoever tells it: users are 101, 102 ... in the order in which they were made, the service user is 100.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import requests

from app.clients.phpform import php_form

START, LATER = 1_700_000_000, 100_000
"""What is shown for any past time, and how much later than now the enrolments to come begin."""
ROSTER, GRADES, SAVE, DELETE, STATUS = (
    f"local_kurasync_{name}" for name in ("get_roster", "get_grades", "save_grades", "delete_items", "get_status")
)
_PATH = "/webservice/rest/server.php"
_OWN = {
    "wwwroot": "https://moodle.example.edu",
    "siteidentifier": "ab" * 32,
    **dict.fromkeys(("php", "moodle", "plugin", "release"), "…"),
    **dict.fromkeys(("waiting", "oldest", "lastdelivery"), 0),
}
"""What is shown for values that belong to one site, version or moment."""


@dataclass(frozen=True)
class Case:
    """One call and its answer."""

    name: str
    function: str
    params: dict[str, Any]
    body: Any


class Story:
    """Tells it; `moodle` has the actions of SimMoodle that are used here, `service` is the caller's user id."""

    def __init__(self, moodle: Any, url: str, token: str, service: int, suffix: str = "") -> None:
        self.cases: list[Case] = []
        self._moodle = moodle
        self._url = url
        self._token = token
        self._suffix = suffix
        self._shown: dict[str, dict[int, int]] = {"user": {service: 100}, "course": {}, "group": {}, "item": {}}
        self._next = {kind: count(first) for kind, first in (("user", 101), ("course", 501), ("group", 201),
                                                             ("item", 301))}  # fmt: skip
        self._now = int(moodle.now())
        self._category = moodle.create_category("Sciences")
        made = moodle.create_course("Physiology & Ünits", "PHY", idnumber="P1", category=self._category)
        self.course = self._new("course", made)
        self._rosters()
        self._grades()
        self._locks()
        self._names_and_ends()

    def _new(self, kind: str, id: int) -> int:
        self._shown[kind][id] = next(self._next[kind])
        return id

    def _user(self, firstname: str, idnumber: str = "") -> int:
        email = f"{firstname.lower()}{self._suffix}@example.edu"
        return self._new("user", self._moodle.create_user(firstname, "O'Lab", email, idnumber))

    def _ask(self, name: str, function: str, /, **params: Any) -> Any:
        terms = {"wstoken": self._token, "wsfunction": function, "moodlewsrestformat": "json"}
        answer = requests.post(self._url + _PATH, data=php_form({**terms, **params}), timeout=60)
        assert answer.status_code == 200
        body = answer.json()
        self.cases.append(Case(name, function, self._plain(params), self._plain(body)))
        return body

    def _save(self, name: str, lesson: int, /, *grades: Mapping[str, Any], **item: Any) -> Any:
        items = [{"lessonid": lesson, "revisionid": 34, **item, **({"grades": list(grades)} if grades else {})}]
        return self._ask(name, SAVE, courseid=self.course, items=items)

    def _book(self, name: str) -> Any:
        return self._ask(name, GRADES, courseid=self.course)

    def _item(self, lesson: int) -> int:
        book = requests.post(
            self._url + _PATH,
            data={"wstoken": self._token, "wsfunction": GRADES, "moodlewsrestformat": "json", "courseid": self.course},
            timeout=60,
        ).json()
        return next(int(item["id"]) for item in book["items"] if item["lessonid"] == lesson)

    def _rosters(self) -> None:
        moodle, course = self._moodle, self.course
        self._ask("roster_empty", ROSTER, courseid=course)
        self.ana, self.ben, self.cid, self.dee = (self._user(name) for name in ("Ana", "Ben", "Cid", "Dee"))
        self.eve, self.fay, self.gil = (self._user(name, f"N-{name}") for name in ("Eve", "Fay", "Gil"))
        self.hal = self._user("Hal", "N-Hal")
        moodle.enrol(self.ana, course)
        moodle.enrol(self.ben, course)
        moodle.suspend_enrolment(self.ben, course)
        moodle.enrol(self.cid, course, timestart=self._now + LATER)
        moodle.enrol(self.dee, course, timestart=self._now - 2000, timeend=self._now - 1000)
        moodle.enrol(self.eve, course)
        moodle.suspend_user(self.eve)
        moodle.enrol(self.fay, course, role=None)
        moodle.assign_role(self.fay, moodle.category_context(self._category), "student")
        moodle.enrol(self.gil, course, role="editingteacher")
        moodle.enrol(self.hal, course, timeend=self._now + 3 * LATER)
        ida = self._user("Ida")
        moodle.enrol(ida, course)
        moodle.delete_user(ida)
        groups = [self._new("group", moodle.create_group(course, name)) for name in ("Sec B & C", "Sec A")]
        for group in groups:
            moodle.join_group(self.ana, group)
        self._ask("roster", ROSTER, courseid=course)
        self._ask("roster_of_some", ROSTER, courseid=course, userids=[self.fay, self.ana, 9_999_999])
        self._ask("roster_of_nobody", ROSTER, courseid=course, userids=[9_999_999])
        self._ask("course_missing", ROSTER, courseid=9_999_999)
        self._ask("parameter_wrong", ROSTER, courseid=course, userids=["x"])
        self._ask("parameter_missing", ROSTER)
        self._ask("roster_capability_unknown", ROSTER, courseid=course, capability="mod/assign:submitt")
        emails = ("moodle/course:useremail", "moodle/site:viewuseridentity")
        self._lacking("roster", ROSTER, "moodle/user:viewdetails", *emails, courseid=course)
        self._lacking("roster_entry", ROSTER, "moodle/course:view", courseid=course)
        moodle.hide_course(course)
        self._ask("roster_hidden_course", ROSTER, courseid=course)
        self._lacking("roster_hidden_course", ROSTER, "moodle/course:viewhiddencourses", courseid=course)
        moodle.show_course(course)
        self._ask("status", STATUS)
        self._lacking("status", STATUS, "moodle/grade:edit", "gradereport/user:view")

    def _lacking(self, name: str, function: str, /, *capabilities: str, **params: Any) -> None:
        self._moodle.without(*capabilities)
        self._ask(f"{name}_nocap", function, **params)
        self._moodle.with_capability(*capabilities)

    def _grades(self) -> None:
        ana, fay = self.ana, self.fay
        self._book("grades_empty")
        self._save(
            "save_new", 12,
            {"userid": ana, "grade": 7.5}, {"userid": fay, "grade": 0.0}, {"userid": self.gil, "grade": 5.0},
            {"userid": self.ben, "grade": 4.0}, {"userid": 9_999_999, "grade": 1.0}, {"userid": self.eve, "grade": 1.0},
            name="Heart kuraID: 12-34", maximum=10.0,
        )  # fmt: skip
        self._book("grades_of_one_item")
        self._save("save_again", 12, {"userid": ana, "grade": 7.5}, {"userid": fay, "grade": 0.0},
                   name="Heart kuraID: 12-34", maximum=10.0)  # fmt: skip
        self._save("save_over_previous", 12, {"userid": ana, "grade": 8.0, "previous": 7.5})
        self._save("save_over_another", 12, {"userid": ana, "grade": 9.0, "previous": 7.5},
                   {"userid": fay, "grade": 1.0})  # fmt: skip
        self._save("clear", 12, {"userid": fay, "previous": 0.0}, {"userid": self.hal})
        self._save("save_out_of_bounds", 12, {"userid": ana, "grade": 10.5, "previous": 8.0},
                   {"userid": fay, "grade": -3.0})  # fmt: skip
        for number, points in enumerate((1.000005, 1.0000049999, 0.1 + 0.2, 2.0000150000001, 1 / 3)):
            self._save(f"save_rounded_{number}", 20 + number, {"userid": ana, "grade": points},
                       name="Rounded", maximum=10.0)  # fmt: skip
        self._book("grades_rounded")
        self._save("save_twice_in_a_call", 12, {"userid": self.hal, "grade": 1.0},
                   {"userid": self.hal, "grade": 2.0, "previous": 1.0})  # fmt: skip
        self._save("save_without_name", 99, {"userid": ana, "grade": 1.0})
        self._save("save_no_grades", 12, maximum=5.0)
        self._book("grades_above_a_lowered_maximum")
        self._save("save_infinite", 12, {"userid": ana, "grade": "1e999"})
        self._save("save_no_number", 12, {"userid": ana, "grade": "abc"})
        self._save("save_maximum_too_high", 98, name="High", maximum=100_000.0)
        self._lacking("grades", GRADES, "moodle/grade:viewall", courseid=self.course)
        items = [{"lessonid": 12, "revisionid": 34, "grades": [{"userid": ana, "grade": 1.0}]}]
        self._lacking("save", SAVE, "moodle/grade:edit", courseid=self.course, items=items)
        self._ask("save_course_missing", SAVE, courseid=9_999_999, items=[{"lessonid": 1, "revisionid": 1}])

    def _locks(self) -> None:
        moodle, ana, fay, course = self._moodle, self.ana, self.fay, self.course
        self._save("save_to_be_locked", 13, {"userid": ana, "grade": 1.0}, {"userid": fay, "grade": 2.0},
                   name="Locks kuraID: 13-34", maximum=10.0)  # fmt: skip
        item = self._item(13)
        moodle.teacher_sets_grade(course, item, fay, 6.25)
        self._book("grades_by_a_teacher")
        self._save("save_over_a_teacher", 13, {"userid": fay, "grade": 3.0, "previous": 2.0})
        moodle.teacher_clears(course, item, fay)
        self._save("save_over_a_teacher_who_cleared", 13, {"userid": fay, "grade": 3.0, "previous": 2.0})
        moodle.lock_grade(item, ana)
        self._save("save_locked_grade", 13, {"userid": ana, "grade": 4.0, "previous": 1.0},
                   {"userid": fay, "grade": 3.0})  # fmt: skip
        self._delete("delete_with_a_locked_grade", 13)
        moodle.lock_item(item)
        self._save("save_locked_item", 13, {"userid": fay, "grade": 4.0, "previous": 3.0}, {"userid": self.gil},
                   name="Another", maximum=20.0)  # fmt: skip
        self._book("grades_locked")
        self._delete("delete_locked", 13)
        moodle.unlock_item(item)

    def _names_and_ends(self) -> None:
        moodle, ana, course = self._moodle, self.ana, self.course
        title = "<b>Heart</b> & <60 bpm> " + "x" * 300
        self._save("save_long_title", 14, {"userid": ana, "grade": 1.0}, name=title, maximum=10.0)
        moodle.rename_item(self._item(14), "A teacher's name")
        self._save("save_maximum_only", 14, maximum=12.0)
        self._save("save_name_only", 14, name="Lung kuraID: 14-34")
        self._book("grades_renamed")
        moodle.set_formula(self._item(14), "=1+1")
        self._save("save_formula", 14, {"userid": ana, "grade": 2.0, "previous": 1.0}, name="B", maximum=1.0)
        self._delete("delete_formula", 14)
        moodle.unenrol(ana, course)
        self._book("grades_after_unenrolment")
        moodle.enrol(ana, course)
        self._save("save_after_return", 12, {"userid": ana, "grade": 3.0, "previous": 10.0})
        self._save("save_after_return_seen", 12, {"userid": ana, "grade": 3.0})
        moodle.delete_item(self._item(20))
        self._delete("delete", 12, 20, 21)
        self._book("grades_after_deletion")

    def _delete(self, name: str, *lessons: int) -> None:
        items = [{"lessonid": lesson, "revisionid": 34} for lesson in lessons]
        self._ask(name, DELETE, courseid=self.course, items=items)

    def _plain(self, value: Any, key: str = "", kind: str = "") -> Any:
        """A value with the names that stay the same."""
        if isinstance(value, dict):
            own = "user" if "firstname" in value else "course" if "groupmode" in value else kind
            return {name: self._plain(each, name, own) for name, each in value.items()}
        if isinstance(value, list):
            return [self._plain(each, key, {"groups": "group", "items": "item"}.get(key, kind)) for each in value]
        if key in _OWN:
            return _OWN[key]
        return self._plain_text(value) if isinstance(value, str) else self._plain_number(value, key, kind)

    def _plain_text(self, text: str) -> str:
        return re.sub(re.escape(self._suffix), "", text) if self._suffix else text

    def _plain_number(self, value: Any, key: str, kind: str) -> Any:
        sorts = {"userid": "user", "userids": "user", "students": "user", "modifier": "user", "courseid": "course"}
        kind = sorts.get(key, kind if key == "id" else "")
        if not kind or value is None:
            return self._plain_time(value) if key in ("timeadded", "next") else value
        if kind == "item" and value not in self._shown["item"]:
            self._new("item", value)
        return self._shown[kind].get(value, value)

    def _plain_time(self, value: int) -> int:
        return 0 if not value else START if value <= self._now + 3600 else START + value - self._now
