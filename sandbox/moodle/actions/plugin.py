"""What people do with the plugin local_kurasync: each action is an event of the plugin's own."""

from __future__ import annotations

from sandbox.moodle.actions.groups import GroupActions
from sandbox.moodle.core import action


class PluginActions(GroupActions):
    @action
    def request_grades(self, course: int) -> None:
        """Ask for kuraCloud's grades from within the course."""
        self._raise_event("grades_requested", self._course_context(course), None)

    @action
    def send_test_event(self) -> None:
        """Press the button on the plugin's page of the administration."""
        self._raise_event("test_sent", self.site.system, None)

    @action
    def erase_user(self, user: int) -> None:
        """Carry out somebody's request to have personal data erased; the account stays."""
        self._raise_event("user_erased", self.site.system, None, str(user))
