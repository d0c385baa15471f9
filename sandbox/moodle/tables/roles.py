"""Roles, what they allow, and who holds them where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sandbox.moodle.records import Context, Role, RoleAssignment

_STANDARD = ("manager", "coursecreator", "editingteacher", "teacher", "student", "guest", "user", "frontpage")
_STUDYING = frozenset({"mod/assign:submit", "mod/quiz:attempt", "moodle/course:isincompletionreports"})
_GRADING = frozenset({"moodle/grade:viewall", "moodle/course:viewhiddencourses", "mod/assign:grade"})
_EDITING = _GRADING | {"moodle/grade:edit", "moodle/grade:manage", "moodle/course:managegroups"}
_ALLOWED = {"student": _STUDYING, "teacher": _GRADING, "editingteacher": _EDITING, "manager": _EDITING}
"""What a test can ask for with `withcapability`; a small part of Moodle's list."""


class Roles:
    """Role ids are those of a fresh Moodle: 3 editingteacher, 4 teacher, 5 student."""

    def __init__(self) -> None:
        self._rows = {id: Role(id, name, name) for id, name in enumerate(_STANDARD, start=1)}
        self._assigned: dict[int, dict[int, list[RoleAssignment]]] = defaultdict(dict)

    def add(self, shortname: str, archetype: str) -> Role:
        """Insert a role; raises ValueError when the short name is taken or there is no such archetype."""
        if archetype not in _STANDARD or any(role.shortname == shortname for role in self._rows.values()):
            raise ValueError(f"no role {shortname!r} of archetype {archetype!r} can be made")
        role = Role(len(self._rows) + 1, shortname, archetype)
        self._rows[role.id] = role
        return role

    def named(self, shortname: str) -> Role:
        """The role of this short name; raises LookupError."""
        for role in self._rows.values():
            if role.shortname == shortname:
                return role
        raise LookupError(f"no role {shortname!r}")

    def assign(self, assignment: RoleAssignment) -> None:
        """Insert an assignment."""
        self._assigned[assignment.context.id].setdefault(assignment.userid, []).append(assignment)

    def unassign(self, assignment: RoleAssignment) -> None:
        """Delete an assignment."""
        self._assigned[assignment.context.id][assignment.userid].remove(assignment)

    def assigned(self, context: Context, userid: int) -> list[RoleAssignment]:
        """What a user was assigned in exactly this context, in the order of Moodle's list of roles."""
        return sorted(self._assigned[context.id].get(userid, []), key=lambda row: (row.roleid, row.id))

    def holders(self, context: Context) -> list[int]:
        """Who has an assignment in exactly this context, by id."""
        return sorted(userid for userid, rows in self._assigned[context.id].items() if rows)

    def of_user(self, userid: int) -> list[RoleAssignment]:
        """All assignments of one user, in whatever context."""
        return [row for users in self._assigned.values() for row in users.get(userid, [])]

    def has_archetype(self, context: Context, userid: int, archetype: str, inherited: bool = True) -> bool:
        """Whether a user holds a role of this archetype in the context, or, when `inherited`, in one above it."""
        ids = context.lineage if inherited else [context.id]
        return any(
            self._rows[row.roleid].archetype == archetype for id in ids for row in self._assigned[id].get(userid, [])
        )

    def allow(self, context: Context, userid: int, capability: str) -> bool:
        """Whether a role that the user holds in the context or above it allows something."""
        return any(
            capability in allowed and self.has_archetype(context, userid, archetype)
            for archetype, allowed in _ALLOWED.items()
        )

    def knows(self, capability: str) -> bool:
        """Whether there is such a capability."""
        return any(capability in allowed for allowed in _ALLOWED.values())

    def __getitem__(self, id: int) -> Role:
        return self._rows[id]

    def __iter__(self) -> Iterator[Role]:
        return iter(self._rows.values())

    def assignments(self) -> Iterator[RoleAssignment]:
        """All assignments of the site."""
        return (row for users in self._assigned.values() for rows in users.values() for row in rows)
