"""Accounts."""

from __future__ import annotations

from hashlib import md5

from sandbox.moodle.actions.enrolments import EnrolmentActions
from sandbox.moodle.core import action


class UserActions(EnrolmentActions):
    @action
    def create_user(
        self, firstname: str, lastname: str, email: str, idnumber: str = "", username: str = "", confirmed: bool = True
    ) -> int:
        """Make an account; raises ValueError when the user name is taken. E-mail addresses need not be unique."""
        if username and self.site.users.find("username", [username]):
            raise ValueError(f"the user name {username!r} is taken")
        user = self.site.add_user(username, firstname, lastname, email, idnumber)
        self.site.users.change(user, confirmed=confirmed, username=username or f"user{user.id}")
        self._raise_event("user_password_updated", user.context, None, str(user.id), {"forgottenreset": False})
        self._raise_event("user_created", user.context, user.id, user.id)
        return user.id

    @action
    def create_students(self, course: int, count: int, groups: int = 0) -> list[int]:
        """Make many accounts, enrol them as students and spread them over groups; gives their ids."""
        names = [self.create_group(course, f"Group {number}") for number in range(1, groups + 1)]
        return [self._create_student(course, number, names) for number in range(1, count + 1)]

    @action
    def rename_user(self, user: int, firstname: str | None = None, lastname: str | None = None) -> None:
        """Change one name or both."""
        names = {"firstname": firstname, "lastname": lastname}
        self._change_user(user, **{name: text for name, text in names.items() if text is not None})

    @action
    def change_email(self, user: int, email: str) -> None:
        """Change the e-mail address; two accounts may share one."""
        self._change_user(user, email=email)

    @action
    def change_idnumber(self, user: int, idnumber: str) -> None:
        """Change the id number; "" for none."""
        self._change_user(user, idnumber=idnumber)

    @action
    def suspend_user(self, user: int) -> None:
        """Suspend the account; its enrolments stay active (contracts/moodle.md 2)."""
        self._change_user(user, suspended=True)

    @action
    def unsuspend_user(self, user: int) -> None:
        """Let the account in again."""
        self._change_user(user, suspended=False)

    @action
    def delete_user(self, user: int) -> None:
        """Delete the account: its enrolments and roles go, the row stays with a mangled name and e-mail."""
        row = self.site.users[user]
        for course in self.site.enrolments.course_ids(user):
            self.unenrol(user, course)
        for assignment in self.site.roles.of_user(user):
            self._unassign(assignment)
        for cohort in self.site.cohorts.values():
            cohort.members = [member for member in cohort.members if member != user]
        known = {"username": row.username, "email": row.email, "idnumber": row.idnumber}
        mangled = f"{row.email or row.username}.{self._time()}"
        unknown = md5(row.username.encode(), usedforsecurity=False).hexdigest()
        self.site.users.change(row, username=mangled, email=unknown, idnumber="", deleted=True)
        self._raise_event(
            "user_deleted", row.context, str(user), str(user), {**known, "picture": "0", "mnethostid": "1"}
        )

    def _change_user(self, user: int, **values: str | bool) -> None:
        row = self.site.users[user]
        if row.deleted:
            raise ValueError(f"user {user} is deleted")
        self.site.users.change(row, **values)
        self._raise_event("user_updated", row.context, str(user), str(user))

    def _create_student(self, course: int, number: int, groups: list[int]) -> int:
        id = f"c{course}s{number:05}"
        user = self.create_user(f"Given{number}", f"Family{number}", f"{id}@example.edu", id.upper(), id)
        self.enrol(user, course)
        if groups:
            self.join_group(user, groups[number % len(groups)])
        return user
