"""What the simulated Moodle holds: all its tables, and the truth about who is a student."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from itertools import count
from typing import Any
from uuid import uuid4

from sandbox.moodle.records import CATEGORY_LEVEL, SYSTEM, USER_LEVEL, Category, Cohort, Context, Course, User
from sandbox.moodle.tables.enrolments import Enrolments
from sandbox.moodle.tables.gradebook import Gradebook
from sandbox.moodle.tables.groups import Groups
from sandbox.moodle.tables.roles import Roles
from sandbox.moodle.tables.users import Users

SERVICE_USER = 3
_ACCOUNTS = (("guest", "Guest", "user"), ("admin", "Admin", "User"), ("svc-sync", "Service", "Sync"))


class Site:
    """A fresh site: guest (1), administrator (2), the web service's account (3), the front page (1), a category (1)."""

    def __init__(self) -> None:
        self._sequences: dict[str, count[int]] = defaultdict(lambda: count(1))
        self.name = "Example University Moodle"
        self.identifier = uuid4().hex
        self.system = Context(self.next_id("context"), SYSTEM, 0)
        self.users = Users()
        self.categories: dict[int, Category] = {}
        self.courses: dict[int, Course] = {}
        self.enrolments = Enrolments()
        self.roles = Roles()
        self.groups = Groups()
        self.gradebook = Gradebook()
        self.cohorts: dict[int, Cohort] = {}
        for username, firstname, lastname in _ACCOUNTS:
            self.add_user(username, firstname, lastname, f"{username}@example.edu")
        self.add_category("Category 1")
        self.next_id("course")

    def next_id(self, table: str) -> int:
        """The next id of a table."""
        return next(self._sequences[table])

    def new_context(self, level: int, instanceid: int, parent: Context) -> Context:
        """A new context below another."""
        return Context(self.next_id("context"), level, instanceid, parent)

    def add_user(self, username: str, firstname: str, lastname: str, email: str, idnumber: str = "") -> User:
        """Insert an account."""
        id = self.next_id("user")
        user = User(id, self.new_context(USER_LEVEL, id, self.system), username, firstname, lastname, email, idnumber)
        self.users.add(user)
        return user

    def add_category(self, name: str) -> Category:
        """Insert a course category."""
        id = self.next_id("category")
        category = Category(id, self.new_context(CATEGORY_LEVEL, id, self.system), name)
        self.categories[id] = category
        return category

    def context(self, id: int) -> Context:
        """The context of this id, of the system, a category, a course or a user; raises LookupError."""
        owners: list[Category | Course | User] = [*self.categories.values(), *self.courses.values(), *self.users]
        for context in (self.system, *(owner.context for owner in owners)):
            if context.id == id:
                return context
        raise LookupError(f"no context {id}")

    def students(self, courseid: int, now: float) -> list[User]:
        """Who is a student now (design.md 5): active enrolment, account in order, a course role of that archetype."""
        context, enrolments = self.courses[courseid].context, self.enrolments
        active = (self.users[id] for id in enrolments.user_ids(courseid) if enrolments.is_active(courseid, id, now))
        accounts = (user for user in active if not user.suspended and not user.deleted)
        return [user for user in accounts if self.roles.has_archetype(context, user.id, "student", inherited=False)]

    def as_json(self) -> dict[str, Any]:
        """All tables as plain values."""
        tables: dict[str, Iterable[Any]] = {
            "users": self.users,
            "categories": self.categories.values(),
            "courses": self.courses.values(),
            "roles": self.roles,
            "role_assignments": self.roles.assignments(),
            "enrol_instances": self.enrolments.instances.values(),
            "user_enrolments": self.enrolments,
            "groups": self.groups,
            "cohorts": self.cohorts.values(),
            "grade_items": self.gradebook,
        }
        return {name: [asdict(row) for row in rows] for name, rows in tables.items()}
