"""kuraCloud instances: add one, try it, give it another token, remove it. Tokens are typed in and never shown."""

from __future__ import annotations

from flask import request, url_for
from werkzeug.wrappers import Response

from app.errors import KurasyncError
from app.setup import finding
from app.setup import instances as verbs
from app.store import mappings
from app.web import access
from app.web.access import needs
from app.web.console.connections import blueprint
from app.web.console.page import ask, back, plain, show, status_of
from app.words import instances as words
from app.words.going import with_it

_PAGE = "console_connections.instance"


@blueprint.get("/connections/instances/new")
@needs("admin")
def new_instance() -> str:
    """The form."""
    return show("instance_new.html", typed={"url": verbs.DEFAULT_URL})


@blueprint.post("/connections/instances/new")
@needs("admin")
def add_instance() -> Response | tuple[str, int]:
    """Try an instance, and keep it."""
    typed = request.form
    try:
        added = verbs.add(
            access.kit(),
            name=typed.get("name", "").strip(),
            url=typed.get("url", "").strip(),
            token=typed.get("token", "").strip(),
            actor=access.principal().actor,
            shared="shared" in typed,
        )
    except KurasyncError as error:
        return show("instance_new.html", typed=typed, said=plain(error.message)), status_of(error)
    return back(_PAGE, f"Added {added.name}: {added.display_name}.", name=added.name)


@blueprint.get("/connections/instances/<name>")
@needs("viewer")
def instance(name: str) -> str:
    """One of them."""
    with access.kit().database.reading() as tx:
        found = finding.instance(tx, name)
        line = words.line(found, len(mappings.of_connection(tx, "instance", found.id)))
    return show("instance.html", one=line)


@blueprint.get("/connections/instances/<name>/courses")
@needs("viewer")
def courses(name: str) -> str:
    """The courses of an instance, as kuraCloud lists them now."""
    kit = access.kit()
    with kit.database.reading() as tx:
        found = finding.instance(tx, name)
        mapped = mappings.kura_courses(tx, found.id)
    listed = [words.course_line(each, mapped.get(each.course_id)) for each in verbs.courses(kit, name)]
    return show("instance_courses.html", name=name, courses=listed)


@blueprint.post("/connections/instances/<name>/test")
@needs("operator")
def test_instance(name: str) -> Response:
    """Try an instance."""
    remote = verbs.test(access.kit(), name)
    return back(_PAGE, f"{name} works: {remote.display_name}, LMS integration is on.", name=name)


@blueprint.post("/connections/instances/<name>/token")
@needs("admin")
def rotate_instance(name: str) -> Response:
    """Another token, which is tried first."""
    verbs.rotate(access.kit(), name, request.form.get("token", "").strip(), access.principal().actor)
    return back(_PAGE, f"{name} uses the new token.", name=name)


@blueprint.get("/connections/instances/<name>/remove")
@needs("admin")
def ask_to_remove_instance(name: str) -> str:
    """What goes with it."""
    with access.kit().database.reading() as tx:
        gone = mappings.of_connection(tx, "instance", finding.instance(tx, name).id)
    lines = [with_it(gone), "Students stay in kuraCloud. The events and the audit stay here."]
    return ask(
        f"Remove the instance {name}?",
        lines,
        "Remove",
        url_for(_PAGE, name=name),
        danger=True,
        force="Go on where kuraCloud courses cannot be given back",
    )


@blueprint.post("/connections/instances/<name>/remove")
@needs("admin")
def remove_instance(name: str) -> Response:
    """Remove an instance and its mappings."""
    verbs.remove(access.kit(), name, access.principal().actor, force="force" in request.form)
    return back("console_connections.connections", f"Removed {name}.")
