"""What a request may carry: limits of size and depth, and its two encodings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from app.web.problems import Refusal
from schemas.problem import Problem

_MOST_FIELDS = 1000
_NESTS = (dict, list)


def read(request: Request) -> bytes:
    """The whole body; one that is too large ends in a 413, also when its length is not announced."""
    body = request.get_data(cache=False)
    # Werkzeug cuts a chunked body off at the limit and does not say so.
    if len(body) == request.max_content_length and request.content_length is None:
        _check_end(request)
    return body


def _check_end(request: Request) -> None:
    if request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge


def from_json(body: bytes, *, depth: int) -> Any:
    """The JSON value in a body; refuses what is not UTF-8, not JSON, or nested deeper than `depth`."""
    try:
        document = _DECODER.decode(body.decode())
    except RecursionError:
        raise _too_deep(depth) from None
    except ValueError:
        raise Refusal(Problem(422, "unreadable", "The body is not JSON in UTF-8.")) from None
    # Counting brackets is quick and settles it for nearly every delivery.
    if body.count(b"{") + body.count(b"[") > depth and _is_deeper(document, depth):
        raise _too_deep(depth)
    return document


def from_form(body: bytes) -> dict[str, str]:
    """The fields of a form-encoded body; of a repeated field the last."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Refusal(Problem(422, "unreadable", "The body is not a form in UTF-8.")) from None
    return dict(pairs)


def _no_such_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_such_number)


def _is_deeper(document: object, depth: int) -> bool:
    level: list[Any] = [document]
    for _ in range(depth):
        level = [inner for outer in level for inner in _inside(outer) if type(inner) in _NESTS]
    return bool(level)


def _inside(outer: Any) -> Iterable[object]:
    if type(outer) is dict:
        return outer.values()
    return outer if type(outer) is list else ()


def _too_deep(depth: int) -> Refusal:
    return Refusal(Problem(422, "too_deep", f"The body is nested deeper than {depth}."))
