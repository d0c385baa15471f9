"""The REST entry of Moodle's web service (contracts/moodle.md 1): nearly every failure is HTTP 200."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from sandbox.moodle import errors, xml
from sandbox.moodle.actions.gradebook import GradebookActions
from sandbox.moodle.core import Core
from sandbox.moodle.errors import MoodleError
from sandbox.moodle.functions.function import Function
from sandbox.moodle.functions.registry import ELSEWHERE
from sandbox.moodle.pages import refusal
from sandbox.moodle.phpform import Fields, parsed
from sandbox.moodle.phpjson import php_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_DATABASE_DOWN = (
    "<p>Error: Database connection failed</p>\r\n"
    "<p>It is possible that the database is overloaded or otherwise not running properly.</p>\r\n"
    "<p>The site administrator should also check that the database details have been correctly specified in "
    "config.php</p>"
)
_RESERVED = ("wstoken", "wsfunction", "moodlewsrestformat", "moodlewssettingraw")


def name_of(request: Request) -> str:
    """What faults are matched with: the wsfunction, or the path where there is none."""
    return str(request.values.get("wsfunction") or request.path)


def rest_app(moodle: GradebookActions, functions: Mapping[str, Function]) -> WSGIApplication:
    """The WSGI application of a simulated Moodle, without control routes and faults."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        with moodle.lock:
            response = refusal(moodle, request) or _served(moodle, functions, request)
        return response(environ, start_response)

    return app


def _served(moodle: GradebookActions, functions: Mapping[str, Function], request: Request) -> Response:
    limit = moodle.max_input_vars
    # Of a form PHP takes one value more than it says: it counts what it has already taken.
    fields = {**parsed(request.args.items(multi=True), limit), **parsed(request.form.items(multi=True), limit + 1)}
    as_json = fields.get("moodlewsrestformat") == "json"
    try:
        function = _allowed_function(moodle, functions, fields)
        given = {name: value for name, value in fields.items() if name not in _RESERVED}
        result = function.run(moodle, function.parameters.clean(given))
        return _json(result) if as_json else _xml(xml.answer(result, function.returns))
    except MoodleError as problem:
        debugging = moodle.debugging
        return _json(_error(problem, debugging)) if as_json else _xml(xml.error(problem, debugging))


def _allowed_function(moodle: Core, functions: Mapping[str, Function], fields: Fields) -> Function:
    if moodle.database_down:
        raise MoodleError("dml_connection_exception", "dbconnectionfailed", _DATABASE_DOWN)
    _authenticate(moodle, fields.get("wstoken"))
    name = fields.get("wsfunction")
    if not isinstance(name, str) or not name:
        raise errors.invalid_parameter("wsfunction")
    if name not in functions and name not in ELSEWHERE:
        raise errors.missing_record("external_functions", name)
    in_service = name in functions and name in moodle.service_functions
    if not (in_service and moodle.service_enabled and moodle.user_authorised):
        raise errors.access(f"Access to the function {name}() is not allowed.")
    if moodle.php_error:
        raise MoodleError("Error", None, moodle.php_error)
    return functions[name]


def _authenticate(moodle: Core, token: object) -> None:
    if not token or token != moodle.token:
        raise errors.plain("invalidtoken", "Invalid token - token not found")
    if moodle.token_expired:
        # Moodle deletes the row of an expired token: the next call finds none.
        moodle.token, moodle.token_expired = "", False
        raise errors.access("Invalid token - token expired")
    if not moodle.ip_allowed:
        raise errors.access("Invalid IP address")
    if moodle.maintenance:
        raise errors.plain("sitemaintenance", "The site is undergoing maintenance and is currently not available")
    if moodle.service_user_suspended:
        text = "Refused web service access for suspended username: svc-sync"
        raise errors.plain("wsaccessusersuspended", text)
    if not moodle.rights.allow("webservice/rest:use"):
        raise errors.access("You are not allowed to use the REST protocol")


def _error(problem: MoodleError, debugging: bool) -> dict[str, Any]:
    body = {"exception": problem.exception}
    if problem.errorcode is not None:
        body["errorcode"] = problem.errorcode
    body["message"] = problem.message
    if debugging:
        body["debuginfo"] = problem.debuginfo
    return body


def _json(body: object) -> Response:
    return Response(php_json(body), content_type="application/json")


def _xml(text: str) -> Response:
    return Response(text, content_type="application/xml; charset=utf-8")
