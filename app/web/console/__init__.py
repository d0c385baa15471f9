"""The console: pages for those who run kurasync, made on the server; they work without JavaScript (docs/console.md)."""

from __future__ import annotations

from types import ModuleType

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from app.kit import Kit
from app.web.console import (
    accounts,
    alerts,
    audit,
    connections,
    dead,
    doctor,
    drawing,
    events,
    holds,
    instances,
    mapping,
    mapping_files,
    mapping_grades,
    mapping_moving,
    mapping_new,
    mapping_people,
    mapping_rules,
    mappings,
    overview,
    own,
    queues,
    runs,
    secrets,
    signing_in,
    sites,
    tasks,
    trace,
)
from app.web.console.page import TEMPLATES, unknown

PAGES: tuple[ModuleType, ...] = (
    signing_in,
    own,
    overview,
    mappings,
    mapping,
    mapping_new,
    mapping_people,
    mapping_grades,
    mapping_rules,
    mapping_moving,
    mapping_files,
    tasks,
    holds,
    events,
    queues,
    dead,
    runs,
    audit,
    trace,
    alerts,
    doctor,
    connections,
    instances,
    sites,
    secrets,
    accounts,
)
"""Each module has a blueprint; some share one, and stand under one entry of the menu."""


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
    app.register_error_handler(404, unknown)
    app.register_blueprint(TEMPLATES)
    for blueprint in dict.fromkeys(module.blueprint for module in PAGES):
        app.register_blueprint(blueprint)
