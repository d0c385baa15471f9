"""Files of mappings, as the API takes and gives them."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.api.paging import Answer, Body, Query, listed

WHAT = ("add", "change rules", "unchanged", "refused")


class FileQuery(Query):
    """How a file is written."""

    format = fields.String(load_default="csv", validate=validate.OneOf(("csv", "json")))


class ImportBody(Body):
    """A file of mappings, as an export writes it."""

    file = fields.String(required=True, metadata={"description": "the text of the file, CSV or JSON"})
    shared = fields.Boolean(
        load_default=False, metadata={"description": "although an instance or a course serves another site already"}
    )
    dry_run = fields.Boolean(load_default=False, metadata={"description": "only say what would change"})


class ChangeSchema(Answer):
    """A line of the file: what it would change, and whether it has."""

    line = fields.Integer(required=True)
    what = fields.String(required=True, validate=validate.OneOf(WHAT))
    moodle = fields.String(required=True)
    kuracloud = fields.String(required=True)
    mapping = fields.Integer(required=True, allow_none=True)
    details = fields.String(required=True, metadata={"description": "the rules that change, or why it is refused"})
    done = fields.Boolean(required=True)
    failed = fields.String(required=True, allow_none=True, metadata={"description": "why it could not be done"})


ChangeList = listed(ChangeSchema)
