"""What Moodle's refusals mean and what to do about each (contracts/moodle.md 1; recordings/moodle/ws)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from app.errors import ConnectionBroken, CourseGone, KurasyncError, PermanentError, TransientError

PLUGIN = "local_kurasync"
"""What the names of our own plugin's functions begin with."""
_TRANSIENT = {
    "sitemaintenance": "Moodle is in maintenance mode. Work goes on by itself when it is over.",
    "dbconnectionfailed": "Moodle cannot reach its database. It is tried again by itself; if this goes on, tell "
    "Moodle's administrator.",
    "gradesneedregrading": "Moodle is still recalculating the grades of the course. It is tried again by itself; if "
    "this goes on, open the gradebook of the course once.",
    "locktimeout": "Moodle is busy with another change of the same gradebook. It is tried again by itself.",
}
_BROKEN = {
    "invalidtoken": "Moodle does not accept the token. Make a new one under Site administration → Server → Web "
    "services → Manage tokens and run `kurasync site rotate NAME`.",
    "accessexception": "Moodle refuses the service user {function}. Check that the service is enabled, holds this "
    "function and is open to the user, that the user has webservice/rest:use, that the token allows the address of "
    "this machine, and that it has not expired.",
}
_USER = (
    "Moodle refuses the service user, whose account is suspended, expired, not confirmed or may not log in. Put the "
    "account in order under Site administration → Users."
)
_CAPABILITIES = {
    "core_enrol_get_enrolled_users": "moodle/course:enrolreview or moodle/course:viewparticipants",
    "core_group_get_course_groups": "moodle/course:managegroups",
    "core_group_get_group_members": "moodle/course:managegroups",
    "core_grades_get_gradable_users": "moodle/grade:viewall or moodle/course:viewparticipants",
    "core_user_get_users_by_field": "moodle/user:viewdetails",
}
_CODE = re.compile(r"[a-z_]{1,60}")


def refusal(function: str, answer: Mapping[str, Any], *, writes: bool = False) -> KurasyncError:
    """The error for an answer with `exception`; of its message nothing is shown, for it may name people.

    `errorcode` decides, as texts are in the site's language; only the name of a table is looked for in them. A function
    that `writes` may have done so before it was stopped.
    """
    code = _code(answer)
    if code in _TRANSIENT:
        return TransientError(_TRANSIENT[code], reason=code, origin="moodle", acted=writes)
    if code == "invalidrecord":
        return _record_missing(function, str(answer.get("message", "")))
    if code == "errorcoursecontextnotvalid":
        return course_gone()
    return _broken(function, code) or _of_plugin(function, code) or _other(function, code)


def refused_at_the_door(status: int) -> KurasyncError:
    """The error for an HTTP status other than 200: 403 with nothing in it says that web services are off."""
    if status == 403:
        return ConnectionBroken(
            "Web services or the REST protocol are switched off in Moodle. Enable web services under Site "
            "administration → General → Advanced features, and REST under Server → Web services → Manage protocols.",
            reason="rest_disabled",
            origin="moodle",
        )
    if status == 404:
        return ConnectionBroken(
            "There is no Moodle at this address. Configure the address of its front page, with the path if it has one.",
            reason="address",
            origin="moodle",
        )
    return PermanentError(
        f"Moodle's web server answers with the status {status} instead of 200. See its logs, and those of whatever "
        "stands in front of it.",
        reason="refused",
        origin="moodle",
    )


def _code(answer: Mapping[str, Any]) -> str:
    code = answer.get("errorcode")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _record_missing(function: str, message: str) -> KurasyncError:
    if "external_functions" in message:
        if function.startswith(PLUGIN):
            return plugin_missing(function)
        return ConnectionBroken(
            f"Moodle does not know the function {function}. Update Moodle to a supported version.",
            reason="function_unknown",
            origin="moodle",
        )
    if re.search(r"\bcourse\b", message):
        return course_gone()
    return _other(function, "invalidrecord")


def plugin_missing(function: str) -> ConnectionBroken:
    """The error where a function of our plugin was there and is not offered any more, or never was.

    Why a function of a service is refused Moodle does not say (contracts/moodle.md 1).
    """
    return ConnectionBroken(
        f"The plugin {PLUGIN} is gone from Moodle, or its function {function} is refused to the service user. Install "
        "the plugin again, or check that its service is enabled and open to the user, that the user has "
        "webservice/rest:use, that the token is one of this service, allows the address of this machine and has not "
        "expired.",
        reason="plugin_missing",
        origin="moodle",
    )


def lacking(function: str, missing: Collection[str]) -> PermanentError:
    """The error for an answer of the plugin's that names missing capabilities: it may be incomplete.

    A matter of one function in one course: the site and its rosters are not parked for it.
    """
    return PermanentError(
        f"Moodle does not let the service user do all that {function} needs. Allow in the user's role: "
        f"{', '.join(sorted(missing))}.",
        reason="nopermissions",
        origin="moodle",
    )


def cut() -> TransientError:
    """The error for a form of which PHP dropped the end without a word (contracts/moodle.md 1)."""
    return TransientError(
        "Moodle received only a part of the grades that were sent. Raise max_input_vars in PHP's settings to at least "
        "1000, the value that PHP has by itself.",
        reason="cut",
        origin="moodle",
        acted=True,
    )


def course_gone() -> CourseGone:
    """The error for a course that is missing or hidden: Moodle's answers do not tell which."""
    return CourseGone(
        "Moodle has no such course, or does not show it to the service user. If the course is there, give the user "
        "moodle/course:view and, for hidden courses, moodle/course:viewhiddencourses.",
        origin="moodle",
    )


def _broken(function: str, code: str) -> ConnectionBroken | None:
    if code in ("nopermissions", "nopermissiontoviewgrades"):
        message = f"Moodle does not let the service user call {function}. {_missing_capability(function)}"
    elif code == "accessexception" and function.startswith(PLUGIN):
        return plugin_missing(function)
    elif code.startswith("wsaccessuser"):
        message = _USER
    elif code in _BROKEN:
        message = _BROKEN[code].format(function=function)
    else:
        return None
    return ConnectionBroken(message, reason=code, origin="moodle")


def _of_plugin(function: str, code: str) -> PermanentError | None:
    if code == "error_capability":
        return PermanentError(
            "Moodle knows no capability of the name that the mapping's rule `capability` has. `kurasync mapping set` "
            "shows and changes it; the names are listed in Moodle under Site administration → Users → Permissions → "
            "Define roles.",
            reason="capability_unknown",
            origin="moodle",
        )
    if code == "invalidparameter" and function.startswith(PLUGIN):
        return PermanentError(
            f"The plugin {PLUGIN} in Moodle does not understand what {function} was asked: it is probably older than "
            "this kurasync. Install the plugin that came with it.",
            reason="plugin_differs",
            origin="moodle",
        )
    return None


def _missing_capability(function: str) -> str:
    capability = _CAPABILITIES.get(function)
    if capability is None:
        return "Give the user the capabilities that `kurasync doctor` lists."
    return f"It probably lacks the capability {capability}: allow it in the user's role."


def _other(function: str, code: str) -> PermanentError:
    what = f"the error {code}" if code else "an error without a code"
    return PermanentError(
        f"Moodle answered {function} with {what}. Look at Moodle's log; if the error is not there, report it as a "
        "defect of kurasync.",
        reason="moodle_error",
        origin="moodle",
    )
