"""Sites and their webhook secrets, as the API takes and shows them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from schemas.api.connections import ADDRESS, Token
from schemas.api.paging import Answer, Body, Moment, listed

WAYS = ("signed", "local_webhooks", "tool_trigger")


def _ways(**more: Any) -> fields.List[str]:
    """The ways in which a Moodle may deliver events."""
    return fields.List(fields.String(validate=validate.OneOf(WAYS)), validate=validate.Length(1, 3), **more)


class SiteSchema(Answer):
    """A Moodle."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    url = fields.String(required=True)
    wwwroot = fields.String(required=True, metadata={"description": "what Moodle calls its own address"})
    ways = fields.List(fields.String(), required=True)
    plugin = fields.String(required=True, allow_none=True, metadata={"description": "version of local_kurasync there"})
    state = fields.String(required=True, metadata={"description": "open, or parked"})
    reason = fields.String(required=True, allow_none=True)
    mappings = fields.Integer(required=True)
    last_success_at = Moment(required=True, allow_none=True)


class NewSiteBody(Body):
    """A Moodle to try and to add."""

    name = fields.String(required=True)
    url = fields.String(required=True, validate=ADDRESS, metadata={"description": "address of Moodle's front page"})
    token = Token()
    ways = _ways(load_default=list(WAYS))
    shared = fields.Boolean(load_default=False, metadata={"description": "it is there under another name already"})


class SiteFileBody(Body):
    """What the set-up of Moodle's plugin wrote."""

    file = fields.String(required=True, load_only=True, metadata={"description": "the text of the file, as it is"})
    ways = _ways(load_default=["signed"])
    shared = fields.Boolean(load_default=False, metadata={"description": "it is there under another name already"})


class MoveBody(Body):
    """Where a Moodle is now."""

    url = fields.String(required=True, validate=ADDRESS)
    force = fields.Boolean(load_default=False, metadata={"description": "though nobody can tell if it is the same"})


class WaysBody(Body):
    """The only ways in which a Moodle may deliver events."""

    ways = _ways(required=True)


class TriedSiteSchema(Answer):
    """What a Moodle said of itself."""

    site = fields.String(required=True)
    site_name = fields.String(required=True)
    wwwroot = fields.String(required=True)
    release = fields.String(required=True)
    plugin = fields.String(required=True, allow_none=True)


class AddedSiteSchema(TriedSiteSchema):
    """A new site; its secret is never shown again, and null where Moodle's plugin has it already."""

    id = fields.Integer(required=True)
    secret = fields.String(required=True, allow_none=True)


class SecretSchema(Answer):
    """A webhook secret, without what it is."""

    id = fields.Integer(required=True)
    valid = fields.Boolean(required=True)
    created_at = Moment(required=True)
    ends_at = Moment(required=True, allow_none=True)


class NewSecretSchema(Answer):
    """A new webhook secret, which is never shown again."""

    site = fields.String(required=True)
    id = fields.Integer(required=True)
    secret = fields.String(required=True)


class EndSecretBody(Body):
    """When a secret ends."""

    after_hours = fields.Float(load_default=0.0, validate=validate.Range(0, 8760))
    force = fields.Boolean(load_default=False, metadata={"description": "also the last one: nothing is delivered then"})


SiteList = listed(SiteSchema)
SecretList = listed(SecretSchema)
