"""What a Moodle answers when its web service does not even begin."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from sandbox.moodle.core import Core

UTF8 = "text/html; charset=utf-8"
ENTRY = "/webservice/rest/server.php"


def refusal(moodle: Core, request: Request) -> Response | None:
    """The answer of what stands before the web service, if it does not let the request through."""
    if moodle.php_down:
        return Response(_html("502 Bad Gateway", "nginx"), 502, content_type="text/html")
    if moodle.cli_maintenance:
        page = _html("Under maintenance", "The site is undergoing maintenance and is currently not available")
        return Response(page, 503, {"Retry-After": "300"}, content_type=UTF8)
    if moodle.wwwroot and _host(moodle.wwwroot) != request.host:
        return _redirect(f"{moodle.wwwroot}{request.path}")
    if request.path != ENTRY:
        return Response(_html("404 Not Found", request.path), 404, content_type=UTF8)
    if not (moodle.webservices_enabled and moodle.rest_enabled):
        return Response("", 403, content_type=UTF8)
    return None


def _redirect(target: str) -> Response:
    page = _html("Redirect", f'<a href="{target}">Continue</a>')
    return Response(page, 303, {"Location": target}, content_type="text/html; charset=UTF-8")


def _host(url: str) -> str:
    return url.split("://", 1)[-1].split("/", 1)[0]


def _html(title: str, text: str) -> str:
    head = f"<head><title>{title}</title></head>"
    return f"<!DOCTYPE html>\r\n<html>\r\n{head}\r\n<body><h1>{title}</h1>\r\n<div>{text}</div></body>\r\n</html>\r\n"
