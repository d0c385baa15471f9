"""What the service user may do, everywhere alike; each capability can be taken away."""

from __future__ import annotations

from sandbox.moodle.errors import no_permission

CAPABILITIES = {
    "webservice/rest:use": "Use REST protocol",
    "moodle/course:view": "View courses without participation",
    "moodle/course:viewhiddencourses": "View hidden courses",
    "moodle/course:viewparticipants": "View participants",
    "moodle/course:viewsuspendedusers": "View suspended users",
    "moodle/course:enrolreview": "Review course enrolments",
    "moodle/course:useremail": "Enable/disable email address",
    "moodle/course:managegroups": "Manage groups",
    "moodle/role:review": "Review permissions for others",
    "moodle/site:accessallgroups": "Access all groups",
    "moodle/site:viewuseridentity": "See full user identity in lists",
    "moodle/user:viewdetails": "View user profiles",
    "moodle/user:viewalldetails": "View user full information",
    "moodle/user:viewhiddendetails": "View hidden details of users",
    "moodle/grade:viewall": "View grades of other users",
    "moodle/grade:manage": "Manage grade items",
    "moodle/grade:edit": "Edit grades",
    "gradereport/user:view": "View your own grade report",
}
"""The capabilities a fresh service user has, and Moodle's words for them."""


class Rights:
    def __init__(self) -> None:
        self._held = set(CAPABILITIES)

    def revoke(self, *capabilities: str) -> None:
        """Take capabilities away; raises LookupError for an unknown one."""
        self._held -= self._known(capabilities)

    def grant(self, *capabilities: str) -> None:
        """Give capabilities (back); raises LookupError for an unknown one."""
        self._held |= self._known(capabilities)

    def allow(self, capability: str) -> bool:
        """Whether the service user has a capability."""
        return capability in self._held

    def require(self, capability: str) -> None:
        """Raise Moodle's nopermissions unless the service user has a capability."""
        if capability not in self._held:
            raise no_permission(CAPABILITIES[capability])

    def held(self) -> list[str]:
        """The capabilities the service user has."""
        return sorted(self._held)

    def _known(self, capabilities: tuple[str, ...]) -> set[str]:
        if unknown := set(capabilities) - CAPABILITIES.keys():
            raise LookupError(f"the simulator knows no capability {', '.join(sorted(unknown))}")
        return set(capabilities)
