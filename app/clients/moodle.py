"""Moodle's stock web service functions, one method each (contracts/moodle.md 1, 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from app.clients.http import Http
from app.clients.moodle_plugin import MoodlePlugin
from app.clients.moodle_refusals import course_gone
from app.clients.moodle_rest import MoodleRest
from schemas import moodle as shapes
from schemas.moodle import Account, Course, EnrolledUser, GradableUser, Group, GroupMembers, SiteInfo

_FIELDS = "id,firstname,lastname,email,idnumber,groups,roles"
_IDS_A_CALL = 100  # 0.3 s; a form of more than 1000 values would be cut silently (max_input_vars)


class MoodleClient:
    """Reads a Moodle site with the token of a service user.

    Every method raises TransientError, ConnectionBroken or PermanentError as contracts/moodle.md 1 sorts the failures,
    and CourseGone where a course is missing or hidden. Short answers are no failures: Moodle leaves out silently what
    the service user may not see (contracts/moodle.md 2), so an answer is not yet the truth. `plugin` are the functions
    of our own plugin, where it is installed.
    """

    def __init__(self, http: Http, token: str) -> None:
        self._http = http
        rest = MoodleRest(http, token)
        self._call = rest.call
        self.plugin = MoodlePlugin(rest)

    def site_info(self) -> SiteInfo:
        """What the site is, and what the token may call."""
        return self._call("core_webservice_get_site_info", {}, shapes.read_site_info)

    def course(self, courseid: int) -> Course:
        """One course; raises CourseGone, as for an unknown course Moodle answers an empty list."""
        found = self._call("core_course_get_courses_by_field", {"field": "id", "value": courseid}, shapes.read_courses)
        if not found:
            raise course_gone()
        return found[0]

    def courses(self) -> list[Course]:
        """All courses that the service user can see, the front page among them."""
        return self._call("core_course_get_courses_by_field", {}, shapes.read_courses)

    def enrolled_page(
        self, courseid: int, *, start: int, limit: int, only: Literal["active", "suspended"], capability: str = ""
    ) -> list[EnrolledUser]:
        """`limit` users from the `start`th on, by id; "suspended" are all that are not active. Past the end: [].

        With a `capability` those who have it: nobody, where Moodle does not know it.
        """
        options = {
            f"only{only}": 1,
            "userfields": _FIELDS,
            "limitfrom": start,
            "limitnumber": limit,
            "sortby": "id",
            "sortdirection": "ASC",
            **({"withcapability": capability} if capability else {}),
        }
        listed = [{"name": name, "value": value} for name, value in options.items()]
        parameters = {"courseid": courseid, "options": listed}
        return self._call("core_enrol_get_enrolled_users", parameters, shapes.read_enrolled)

    def gradable(self, courseid: int) -> list[GradableUser]:
        """Enrolled users with a gradebook role, those with a suspended enrolment or account among them."""
        parameters = {"courseid": courseid, "onlyactive": False}
        return self._call("core_grades_get_gradable_users", parameters, shapes.read_gradable)

    def groups(self, courseid: int) -> list[Group]:
        """The groups of a course."""
        return self._call("core_group_get_course_groups", {"courseid": courseid}, shapes.read_groups)

    def group_members(self, groupids: Sequence[int]) -> list[GroupMembers]:
        """Who is in each of these groups."""
        function = "core_group_get_group_members"
        calls = (self._call(function, {"groupids": ids}, shapes.read_group_members) for ids in _slices(groupids))
        return [group for answer in calls for group in answer]

    def accounts(self, userids: Sequence[int]) -> list[Account]:
        """The accounts of these users; unknown ones are left out, deleted ones come without any mark."""
        function = "core_user_get_users_by_field"
        parameters = ({"field": "id", "values": ids} for ids in _slices(userids))
        return [account for each in parameters for account in self._call(function, each, shapes.read_accounts)]

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._http.close()


def _slices(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + _IDS_A_CALL] for start in range(0, len(ids), _IDS_A_CALL))
