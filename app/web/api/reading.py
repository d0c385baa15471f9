"""/api/v1/: the description of the API as a page, for people; made on the server, without any script."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template

from app.web.api.described import nouns, shapes, spec
from app.web.api.resource import PREFIX

blueprint = Blueprint("api_reading", __name__, url_prefix=PREFIX, template_folder="templates")

_MADE = "kurasync_api_page"


@blueprint.get("/")
def read() -> str:
    """Everything that can be asked for; it tells nothing of what is stored, so it needs no key."""
    # Making it takes a tenth of a second, and it never changes.
    made: str | None = current_app.extensions.get(_MADE)
    if made is None:
        document = spec(current_app)
        made = render_template("api.html", info=document["info"], nouns=nouns(document), shapes=shapes(document))
        current_app.extensions[_MADE] = made
    return made
