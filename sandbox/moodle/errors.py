"""Errors as Moodle's web service reports them."""

from __future__ import annotations

_CORE = "core\\exception\\"


class MoodleError(Exception):
    """An exception of Moodle: PHP class, error code (None for a PHP Error), message, details shown when debugging."""

    def __init__(self, exception: str, errorcode: str | None, message: str, debuginfo: str = "") -> None:
        super().__init__(message)
        self.exception = exception
        self.errorcode = errorcode
        self.message = message
        self.debuginfo = debuginfo


def plain(errorcode: str, message: str, debuginfo: str = "") -> MoodleError:
    """A moodle_exception."""
    return MoodleError(f"{_CORE}moodle_exception", errorcode, message, debuginfo)


def invalid_parameter(debuginfo: str) -> MoodleError:
    """Wrong, missing or extra parameter (recordings/moodle/ws/enrolled_param_string.json)."""
    message = "Invalid parameter value detected"
    return MoodleError(f"{_CORE}invalid_parameter_exception", "invalidparameter", message, debuginfo)


def access(debuginfo: str) -> MoodleError:
    """Moodle hides why access is refused (recordings/moodle/ws/err_token_ip.json)."""
    return MoodleError("webservice_access_exception", "accessexception", "Access control exception", debuginfo)


def missing_record(table: str, id: int | str) -> MoodleError:
    """No such row (recordings/moodle/ws/debug_err_course_missing.json)."""
    message = f"Can't find data record in database table {table}."
    detail = f"SELECT * FROM {{{table}}} WHERE id = ?\n[array (\n  0 => {id},\n)]"
    return MoodleError("dml_missing_record_exception", "invalidrecord", message, detail)


def no_permission(what: str) -> MoodleError:
    """A capability, in Moodle's words, is missing (recordings/moodle/ws/nocap_moodle_course_enrolreview*)."""
    message = f"Sorry, but you do not currently have permissions to do that ({what})."
    return MoodleError(f"{_CORE}required_capability_exception", "nopermissions", message)


def course_context(courseid: int, why: str) -> MoodleError:
    """The course can't be entered (recordings/moodle/ws/course_groups_missing.json)."""
    where = f"You cannot execute functions in the course context (course id:{courseid})."
    return plain("errorcoursecontextnotvalid", f"{where} The context error message was: {why}")


def login_required() -> MoodleError:
    """The course can't be entered, where Moodle does not wrap it (recordings/moodle/ws/mod_assign_save_grade.json)."""
    return MoodleError(f"{_CORE}require_login_exception", "requireloginerror", INACCESSIBLE)


def coding(message: str) -> MoodleError:
    """A coding_exception (recordings/moodle/ws/enrolled_onlyactive_and_suspended.json)."""
    text = f"Coding error detected, it must be fixed by a programmer: {message}"
    return MoodleError(f"{_CORE}coding_exception", "codingerror", text)


INACCESSIBLE = "Course or activity not accessible."
