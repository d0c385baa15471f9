"""What every answer tells browsers: take nothing from elsewhere, be framed by nobody, guess no types."""

from __future__ import annotations

from flask import Flask, Response

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_ALWAYS = {
    "Content-Security-Policy": _POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def register(app: Flask) -> None:
    """Add them to every answer; nothing but static files may be kept by browsers or proxies."""

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.extend({name: text for name, text in _ALWAYS.items() if name not in response.headers})
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response
