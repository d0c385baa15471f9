"""The gradebook: items and grades, as teachers and as other programs change them (contracts/moodle.md 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sandbox.moodle.actions.groups import GroupActions
from sandbox.moodle.core import action
from sandbox.moodle.events import ACTOR
from sandbox.moodle.tables.gradebook import GradeGrade, GradeItem, kept


class GradebookActions(GroupActions):
    @action
    def create_item(self, course: int, lesson: int, revision: int, name: str, maximum: float, by: int = ACTOR) -> int:
        """Make an item of kuraCloud's, as block_kuracloud does; gives its id."""
        idnumber = f"{lesson}-{revision}"
        taken = any(item.idnumber == idnumber for item in self.site.gradebook.of_course(course))
        return self._add_item(
            course,
            by,
            itemname=name,
            itemmodule="kuracloud",
            iteminstance=lesson,
            itemnumber=revision,
            idnumber=None if taken else idnumber,
            grademax=kept(maximum),
        )

    @action
    def create_other_item(self, course: int, name: str, maximum: float = 100.0) -> int:
        """Make a teacher's own item, which is nobody else's business; gives its id."""
        return self._add_item(course, ACTOR, itemname=name, itemnumber=0, grademax=kept(maximum))

    @action
    def describe_item(self, item: int, name: str, maximum: float, by: int = ACTOR) -> None:
        """Give an item a name and a maximum; grades that are above it stay (lib/grade/grade_item.php)."""
        self._change_item(item, by, itemname=name, grademax=kept(maximum))

    @action
    def rename_item(self, item: int, name: str) -> None:
        """Give an item another name."""
        self._change_item(item, itemname=name)

    @action
    def move_item(self, item: int, sortorder: int, category: str = "") -> None:
        """Move an item to another place, or into a category of grades."""
        self._change_item(item, sortorder=sortorder, category=category)

    @action
    def reweigh_item(self, item: int, weight: float) -> None:
        """Give an item another weight in the total: the course needs regrading until somebody looks at its grades."""
        self._change_item(item, weight=weight)
        self.needs_regrading.add(self.site.gradebook[item].courseid)

    @action
    def hide_item(self, item: int) -> None:
        """Hide an item from students."""
        self._change_item(item, hidden=True)

    @action
    def set_formula(self, item: int, formula: str) -> None:
        """Make an item a calculated one, whose grades nobody can write; "" for a plain one."""
        self._change_item(item, calculation=formula)

    @action
    def lock_item(self, item: int) -> None:
        """Lock an item with all its grades."""
        self._change_item(item, locked=self._time())

    @action
    def unlock_item(self, item: int) -> None:
        """Unlock an item."""
        self._change_item(item, locked=0)

    @action
    def lock_grade(self, item: int, user: int) -> None:
        """Lock one grade; raises LookupError where there is none."""
        self.site.gradebook[item].grades[user].locked = self._time()

    @action
    def unlock_grade(self, item: int, user: int) -> None:
        """Unlock one grade."""
        self.site.gradebook[item].grades[user].locked = 0

    @action
    def delete_item(self, item: int, by: int = ACTOR) -> None:
        """Delete an item with its grades, locked or not."""
        row = self.site.gradebook[item]
        for grade in row.rows():
            self._delete_grade(row, grade, by)
        self.site.gradebook.remove(row)
        self._item_event("deleted", row, by)

    @action
    def teacher_sets_grade(self, course: int, item: int, user: int, value: float) -> None:
        """Write a grade by hand: no flag says so but `usermodified`. Raises ValueError where it is locked."""
        self.write_grade(self._item_of(course, item).id, user, value)

    @action
    def teacher_clears(self, course: int, item: int, user: int) -> None:
        """Empty a grade by hand. Raises ValueError where it is locked."""
        self.write_grade(self._item_of(course, item).id, user, None)

    @action
    def write_grade(self, item: int, user: int, value: float | None, by: int = ACTOR) -> None:
        """Moodle's update_final_grade: the grade within the item's bounds, None to clear it; no event if it is that.

        Raises ValueError where item or grade are locked.
        """
        row = self.site.gradebook[item]
        grade = row.grades.get(user)
        if not row.is_writable or (grade and grade.locked):
            raise ValueError(f"the grade of user {user} in item {item} is locked")
        final = None if value is None else row.bounded(value, self.unlimited_grades)
        if not grade:
            grade = row.grades[user] = GradeGrade(self.site.next_id("grade_grades"), item, user, final, by)
            if final is not None:
                self._grade_event("user_graded", row, grade, by, _text(final))
        elif grade.finalgrade != final:
            grade.finalgrade, grade.usermodified = final, by
            self._grade_event("user_graded", row, grade, by, final)
        self._fill(row.courseid, user)

    @action
    def regrade(self, course: int) -> None:
        """Work the course total out anew, for which Moodle gives whoever has a grade an empty one in every item."""
        users = {user for item in self.site.gradebook.of_course(course) for user in item.grades}
        for user in sorted(users):
            self._fill(course, user)
        self.needs_regrading.discard(course)

    @action
    def gradebook(self, course: int) -> dict[str, list[dict[str, Any]]]:
        """kuraCloud's items and their grades as the tables hold them (recordings/block, gradebook_after)."""
        items = self.site.gradebook.kuracloud(course)
        return {
            "items": [_item_row(item) for item in items],
            "grades": [_grade_row(grade) for item in items for grade in item.rows()],
        }

    def _fill(self, course: int, user: int) -> None:
        for item in self.site.gradebook.of_course(course):
            if user not in item.grades:
                item.grades[user] = GradeGrade(self.site.next_id("grade_grades"), item.id, user, None, None)

    def _lose_grades(self, course: int, user: int) -> None:
        """The last unenrolment takes all grades along (contracts/moodle.md 3)."""
        for item in self.site.gradebook.of_course(course):
            if grade := item.grades.get(user):
                self._delete_grade(item, grade, ACTOR)

    def _empty_gradebook(self, course: int) -> None:
        for item in self.site.gradebook.of_course(course):
            for grade in item.rows():
                self._delete_grade(item, grade, ACTOR)

    def _delete_gradebook(self, course: int) -> None:
        for item in sorted(self.site.gradebook.of_course(course), key=lambda item: item.itemtype == "course"):
            self.delete_item(item.id)
        self.needs_regrading.discard(course)

    def _restore_gradebook(self, items: Sequence[GradeItem], course: int) -> None:
        """Items of a deleted course with the grades of its people; of who wrote these only its people are known."""
        for old in sorted(items, key=lambda item: item.itemtype != "course"):
            item = replace(old, id=self.site.next_id("grade_items"), courseid=course, grades={})
            for grade in old.rows():
                if self.site.enrolments.is_enrolled(course, grade.userid):
                    item.grades[grade.userid] = self._restored_grade(grade, item)
            self._insert_item(item, ACTOR)

    def _restored_grade(self, old: GradeGrade, item: GradeItem) -> GradeGrade:
        writer = old.usermodified or 0
        known = writer if self.site.enrolments.is_enrolled(item.courseid, writer) else None
        return replace(old, id=self.site.next_id("grade_grades"), itemid=item.id, usermodified=known)

    def _add_item(self, course: int, by: int, **columns: Any) -> int:
        items = self.site.gradebook.of_course(course)
        if not items:
            self._insert_item(GradeItem(self.site.next_id("grade_items"), course, "course", None), by)
        order = max((item.sortorder for item in items), default=1) + 1
        id = self.site.next_id("grade_items")
        self._insert_item(GradeItem(id, course, "manual", sortorder=order, **columns), by)
        return id

    def _insert_item(self, item: GradeItem, by: int) -> None:
        self.site.gradebook.add(item)
        self._item_event("created", item, by)

    def _change_item(self, item: int, by: int = ACTOR, **columns: Any) -> None:
        row = self.site.gradebook[item]
        for name, value in columns.items():
            setattr(row, name, value)
        self._item_event("updated", row, by)

    def _item_of(self, course: int, item: int) -> GradeItem:
        row = self.site.gradebook[item]
        if row.courseid != course:
            raise LookupError(f"item {item} is not one of course {course}")
        return row

    def _delete_grade(self, item: GradeItem, grade: GradeGrade, by: int) -> None:
        del item.grades[grade.userid]
        self._grade_event("grade_deleted", item, grade, by, _text(grade.finalgrade))

    def _item_event(self, done: str, item: GradeItem, by: int) -> None:
        other = {"itemname": item.itemname, "itemtype": item.itemtype, "itemmodule": item.itemmodule}
        context = self._course_context(item.courseid)
        self._raise_event(f"grade_item_{done}", context, str(item.id), other=other, userid=str(by))

    def _grade_event(self, name: str, item: GradeItem, grade: GradeGrade, by: int, shown: str | float | None) -> None:
        """Moodle shows a number it has just worked out as such, and one read from its tables as text."""
        other = {"itemid": str(item.id), "overridden": False, "finalgrade": shown}
        context = self._course_context(item.courseid)
        self._raise_event(name, context, str(grade.id), str(grade.userid), other, userid=str(by))


def _text(points: float | None) -> str | None:
    return None if points is None else f"{points:.5f}"


def _item_row(item: GradeItem) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "itemtype": item.itemtype,
        "itemmodule": item.itemmodule,
        "iteminstance": str(item.iteminstance),
        "itemnumber": str(item.itemnumber),
        "itemname": item.itemname,
        "idnumber": item.idnumber,
        "gradetype": "1",
        "grademin": "0.00000",
        "grademax": _text(item.grademax),
        "locked": str(item.locked),
    }


def _grade_row(grade: GradeGrade) -> dict[str, Any]:
    """Manual items have no raw grades and no override flag."""
    return {
        "id": str(grade.id),
        "itemid": str(grade.itemid),
        "userid": str(grade.userid),
        "rawgrade": None,
        "finalgrade": _text(grade.finalgrade),
        "overridden": "0",
        "usermodified": None if grade.usermodified is None else str(grade.usermodified),
    }
