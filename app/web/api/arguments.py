"""How arguments of the API are read: nothing unknown, also in a URL, and JSON that says it is."""

from __future__ import annotations

from typing import Any

from flask import Request
from marshmallow import Schema
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType


class Parser(FlaskParser):
    """webargs, with what a schema says about unknown fields obeyed everywhere."""

    DEFAULT_UNKNOWN_BY_LOCATION = dict.fromkeys(FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION)

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body; raises what is answered by a 415 for one that is not called JSON, by a 400 for one that is none."""
        if req.content_length and not req.is_json:
            raise UnsupportedMediaType("The body must be JSON, with the header `Content-Type: application/json`.")
        try:
            return super().load_json(req, schema)
        except RecursionError:
            raise BadRequest("The body is nested too deeply.") from None
