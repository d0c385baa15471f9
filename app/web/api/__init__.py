"""The JSON API: /api/v1, described by OpenAPI from the marshmallow schemas, opened by API keys (docs/api.md)."""

from __future__ import annotations

import inspect
from importlib.metadata import version

from flask import Flask
from flask_smorest import Api

from app.web.api import (
    alerts,
    audit,
    dead,
    events,
    exempting,
    holds,
    instances,
    keys,
    mapping_acts,
    mappings,
    people,
    queues,
    reading,
    runs,
    site_secrets,
    sites,
    standings,
    tasks,
    trace,
    transfer,
    users,
)
from app.web.api.resource import PREFIX
from schemas.api.problem import ProblemSchema
from schemas.problem import CONTENT_TYPE

BLUEPRINTS = (
    mappings.blueprint,
    mapping_acts.blueprint,
    exempting.blueprint,
    standings.blueprint,
    transfer.blueprint,
    tasks.blueprint,
    holds.blueprint,
    runs.blueprint,
    sites.blueprint,
    site_secrets.blueprint,
    instances.blueprint,
    users.blueprint,
    keys.blueprint,
    events.blueprint,
    queues.blueprint,
    dead.blueprint,
    audit.blueprint,
    trace.blueprint,
    alerts.blueprint,
    people.blueprint,
)


class _Api(Api):  # type: ignore[misc]
    """flask-smorest, with errors answered in the one shape of app.web.problems."""

    ERROR_SCHEMA = ProblemSchema

    def _register_responses(self) -> None:
        """The errors are answered as problems."""
        self.DEFAULT_RESPONSE_CONTENT_TYPE = CONTENT_TYPE
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE

    def describe_shapes(self) -> None:
        """Say of each shape what its schema says; apispec's own way would let go of unknown fields for it."""
        for key, name in self.ma_plugin.converter.refs.items():
            self.spec.components.schemas[name]["description"] = inspect.getdoc(key[0])

    def _register_error_handlers(self) -> None:
        """app.web.problems answers them all."""


def register(app: Flask) -> None:
    """Add the API and its description to an application."""
    app.config.update(
        API_TITLE="kurasync",
        API_VERSION=version("kurasync"),
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    tags = [{"name": noun, "description": about} for noun, about in _nouns().items()]
    api = _Api(app, spec_kwargs={"security": [{"key": []}], "servers": [{"url": "/"}], "tags": tags})
    api.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    api.describe_shapes()
    app.register_blueprint(reading.blueprint)


def _nouns() -> dict[str, str]:
    """What each noun is about: what the first of its blueprints says."""
    found: dict[str, str] = {}
    for blueprint in BLUEPRINTS:
        found.setdefault(blueprint.noun, blueprint.description)
    return found
