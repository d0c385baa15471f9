"""Assigning and unassigning roles."""

from __future__ import annotations

from sandbox.moodle.core import Core, action
from sandbox.moodle.records import Context, RoleAssignment


class RoleActions(Core):
    @property
    def system_context(self) -> int:
        """The id of the system context."""
        return self.site.system.id

    @action
    def category_context(self, category: int) -> int:
        """The id of a category's context."""
        return self.site.categories[category].context.id

    @action
    def course_context(self, course: int) -> int:
        """The id of a course's context."""
        return self.site.courses[course].context.id

    @action
    def create_role(self, shortname: str, archetype: str = "student") -> int:
        """Make a role of an archetype, such as a second kind of student."""
        return self.site.roles.add(shortname, archetype).id

    @action
    def assign_role(self, user: int, context: int, role: str) -> None:
        """Assign a role by hand in a course, a category or the system; twice is once."""
        self._assign(user, self.site.context(context), self.site.roles.named(role).id)

    @action
    def unassign_role(self, user: int, context: int, role: str) -> None:
        """Take a role away that was assigned by hand."""
        wanted = self.site.roles.named(role).id
        for row in self.site.roles.assigned(self.site.context(context), user):
            if row.roleid == wanted and not row.component:
                self._unassign(row)

    def _assign(
        self, user: int, context: Context, roleid: int, component: str = "", itemid: int = 0, restoring: bool = False
    ) -> None:
        held = self.site.roles.assigned(context, user)
        if any((row.roleid, row.component, row.itemid) == (roleid, component, itemid) for row in held):
            return
        row = RoleAssignment(self.site.next_id("role_assignments"), roleid, context, user, component, itemid)
        self.site.roles.assign(row)
        other = {"id": row.id, "component": component, "itemid": str(itemid) if component else 0}
        objectid = roleid if restoring else str(roleid)
        self._raise_event("role_assigned", context, objectid, str(user), other)

    def _unassign(self, row: RoleAssignment) -> None:
        self.site.roles.unassign(row)
        other = {"id": str(row.id), "component": row.component, "itemid": str(row.itemid)}
        self._raise_event("role_unassigned", row.context, str(row.roleid), str(row.userid), other)
