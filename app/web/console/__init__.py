"""The console: pages for those who run kurasync, made on the server; they work without JavaScript (docs/console.md)."""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from app.kit import Kit
from app.web.console import drawing, overview, own, signing_in
from app.web.console.page import TEMPLATES

BLUEPRINTS = (signing_in.blueprint, own.blueprint, overview.blueprint)


def register(app: Flask, kit: Kit) -> None:
    """Add the console to an application. Whatever its pages post carries a token that only they know (CSRF)."""
    newest, *older = kit.vault.derived("console sessions")
    app.config.update(
        SECRET_KEY=newest,
        SECRET_KEY_FALLBACKS=older,
        SESSION_COOKIE_NAME="kurasync",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=kit.settings.public_url.startswith("https:"),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,  # page.section checks it, where there are pages
    )
    csrf = CSRFProtect(app)
    app.extensions["csrf"] = csrf
    drawing.register(app)
    app.register_blueprint(TEMPLATES)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
