"""One call of a web service function over Moodle's REST protocol (contracts/moodle.md 1)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

from app.clients.http import Http
from app.clients.moodle_refusals import refusal, refused_at_the_door
from app.clients.phpform import php_form

_PATH = "/webservice/rest/server.php"
_Shape = TypeVar("_Shape")


class MoodleRest:
    """The web service of a site, called with one token."""

    def __init__(self, http: Http, token: str) -> None:
        self._http = http
        self._token = token

    def call(
        self,
        function: str,
        parameters: Mapping[str, object],
        read: Callable[[object], _Shape],
        *,
        writes: bool = False,
    ) -> _Shape:
        """What `read` (schemas) makes of a function's answer.

        Raises TransientError (with `acted` where the function `writes` and may have been carried out),
        ConnectionBroken, CourseGone and PermanentError.
        """
        terms = {"wstoken": self._token, "wsfunction": function, "moodlewsrestformat": "json"}
        answer = self._http.send("POST", _PATH, form=php_form({**terms, **parameters}), writes=writes)
        if answer.status != 200:
            raise refused_at_the_door(answer.status)

        def understood(value: object) -> _Shape:
            value = _unpacked(value)
            if isinstance(value, dict) and not value.keys().isdisjoint(("exception", "errorcode")):
                raise refusal(function, value, writes=writes)
            return read(value)

        return self._http.understood(answer, understood, writes=writes)


def _unpacked(value: object) -> object:
    """The value itself, where a function encoded its answer as JSON and Moodle did so again."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
