"""Users of the console and API keys, as the API takes and shows them."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.api.paging import Answer, Body, Moment, listed

ROLES = ("viewer", "operator", "admin")
_ROLE = validate.OneOf(ROLES)


class Password(fields.String):
    """A password, taken in and never shown."""

    def __init__(self) -> None:
        length = validate.Length(1, 1000)
        super().__init__(required=True, load_only=True, validate=length, metadata={"format": "password"})


class UserSchema(Answer):
    """Somebody who signs in at the console."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True, validate=_ROLE)
    locked = fields.Boolean(required=True, metadata={"description": "after wrong passwords, for a while"})
    created_at = Moment(required=True)
    signed_in_at = Moment(required=True, allow_none=True)


class NewUserBody(Body):
    """A new user."""

    name = fields.String(required=True)
    role = fields.String(load_default="viewer", validate=_ROLE)
    password = Password()


class PasswordBody(Body):
    """Another password."""

    password = Password()


class RoleBody(Body):
    """Another role."""

    role = fields.String(required=True, validate=_ROLE)


class KeySchema(Answer):
    """An API key, without its text."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True, validate=_ROLE)
    site = fields.String(required=True, allow_none=True, metadata={"description": "null: every site"})
    valid = fields.Boolean(required=True)
    created_by = fields.String(required=True)
    created_at = Moment(required=True)
    ends_at = Moment(required=True, allow_none=True)
    used_at = Moment(required=True, allow_none=True, metadata={"description": "to the minute"})


class NewKeyBody(Body):
    """A new API key."""

    name = fields.String(required=True)
    role = fields.String(load_default="viewer", validate=_ROLE)
    site = fields.String(load_default=None, allow_none=True, metadata={"description": "null: every site"})
    days = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, 36_500))


class MadeKeySchema(KeySchema):
    """A new API key with its text, which is never shown again."""

    key = fields.String(required=True)


UserList = listed(UserSchema)
KeyList = listed(KeySchema)
