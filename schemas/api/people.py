"""People, as the API is asked about them: always in a body, since an address of a page stays in many places."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from schemas.api.document import Document
from schemas.api.paging import Answer, Body, listed

_ONE_OF = "Say user or email: one of the two."


class MoodleUserBody(Body):
    """A Moodle user by number."""

    site = fields.String(required=True, metadata={"description": "name of a site"})
    userid = fields.Integer(required=True, strict=True, validate=validate.Range(1))


class WhomBody(Body):
    """Somebody: `user`, or `email`."""

    user = fields.Nested(MoodleUserBody)
    email = fields.String(load_only=True, validate=validate.Length(1, 320))

    @validates_schema
    def _refuse_both(self, given: dict[str, Any], **_: Any) -> None:
        if ("user" in given) == ("email" in given):
            raise ValidationError({"user": [_ONE_OF]})


class PersonBody(WhomBody):
    """A person; `all`: everybody who has or had the address is one person."""

    all = fields.Boolean(load_default=False)


class EraseBody(PersonBody):
    """A person to erase."""

    force = fields.Boolean(load_default=False, metadata={"description": "also who still takes part in a mapping"})
    dry_run = fields.Boolean(load_default=False, metadata={"description": "only say what is stored"})


class ErasedSchema(Answer):
    """What was stored of a person, and whether it is erased."""

    who = fields.List(fields.String(), required=True, metadata={"description": "numbers, such as uni:17"})
    stored = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    present = fields.List(fields.Integer(), required=True, metadata={"description": "mappings she still takes part in"})
    overtaken = fields.List(fields.Integer(), required=True, metadata={"description": "holds that name the person"})
    erased = fields.Boolean(required=True)
    compacted = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "false: old values may stand in the database's files for a while (docs/privacy.md)"},
    )


class DisclosedSchema(Answer):
    """Everything that is stored about a person."""

    found = Document(required=True)


class TraceSchema(Answer):
    """Why something happened, in the order in which it did. Personal."""

    about = Document(required=True)
    mappings = fields.List(Document(), required=True)
    links = fields.List(Document(), required=True)
    removals = fields.List(Document(), required=True)
    moments = fields.List(Document(), required=True)
    waiting = fields.List(Document(), required=True)
    no_longer_kept = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    erased = fields.Boolean(required=True)


TraceList = listed(TraceSchema)
