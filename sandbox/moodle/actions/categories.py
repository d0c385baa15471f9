"""Course categories."""

from __future__ import annotations

from sandbox.moodle.actions.recycle_bin import RecycleBinActions
from sandbox.moodle.core import action


class CategoryActions(RecycleBinActions):
    @action
    def create_category(self, name: str) -> int:
        """Make a category. Its event was never recorded, so none is raised."""
        return self.site.add_category(name).id

    @action
    def hide_category(self, category: int) -> None:
        """Hide a category and with it its courses; nothing is said about these (contracts/moodle.md 4)."""
        row = self.site.categories[category]
        row.visible = False
        for course in self.site.courses.values():
            if course.category == category:
                course.visible = False
        self._raise_event("course_category_updated", row.context, str(category))

    @action
    def delete_category(self, category: int) -> None:
        """Delete a category with its courses."""
        row = self.site.categories[category]
        for course in [course.id for course in self.site.courses.values() if course.category == category]:
            self.delete_course(course)
        del self.site.categories[category]
        self._raise_event("course_category_deleted", row.context, str(category), other={"name": row.name})
