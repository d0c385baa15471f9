"""Whether this process lives, and whether it can do its work; says which part cannot, and nothing secret."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from app.kit import Kit
from app.store import migrate
from app.store.db import Database


def blueprint(kit: Kit) -> Blueprint:
    """/healthz (200 while the process answers) and /readyz (503 while a check fails)."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="alive")

    @routes.get("/readyz")
    def readyz() -> tuple[Response, int]:
        checks = _checks(kit.database)
        ready = all(result == "ok" for result in checks.values())
        return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503

    return routes


def _checks(database: Database) -> dict[str, str]:
    try:
        is_current = migrate.is_current(database)
    except SQLAlchemyError:
        return {"database": "cannot be reached", "schema": "unknown"}
    return {"database": "ok", "schema": "ok" if is_current else "not this version's: run `kurasync db upgrade`"}
