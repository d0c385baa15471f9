"""Each request has a name that its log lines and its answer carry: who was given an error can say which it was."""

from __future__ import annotations

import os

from flask import Flask, Response, g
from structlog.contextvars import bind_contextvars, unbind_contextvars

HEADER = "X-Request-Id"
_BYTES = 6


def register(app: Flask) -> None:
    """Name every request of the application; the name says nothing of who asked or for what."""

    @app.before_request
    def begin() -> None:
        g.request_id = os.urandom(_BYTES).hex()
        bind_contextvars(request_id=g.request_id)

    @app.after_request
    def tell(response: Response) -> Response:
        if "request_id" in g:
            response.headers[HEADER] = g.request_id
        return response

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        unbind_contextvars("request_id")
