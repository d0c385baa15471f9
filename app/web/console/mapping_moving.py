"""Pointing a mapping to other courses, and removing one: both are asked about first."""

from __future__ import annotations

from flask import request, url_for
from werkzeug.wrappers import Response

from app.errors import KurasyncError, Refused
from app.setup import mappings as verbs
from app.setup import pairing, repointing
from app.setup.repointing import Move, Named
from app.store import instances, sites
from app.web import access
from app.web.access import needs
from app.web.console.mapping import facts
from app.web.console.mappings import blueprint as blueprint
from app.web.console.page import back, plain, show
from app.words import moves as words


@blueprint.get("/mappings/<int:number>/repoint")
@needs("admin")
def repoint(number: int) -> str:
    """A form: where to."""
    return _form(number, {})


@blueprint.post("/mappings/<int:number>/repoint")
@needs("admin")
def ask_repoint(number: int) -> str | tuple[str, int]:
    """Say what it means, and ask."""
    try:
        move = _move(number, shared=False)
    except KurasyncError as error:
        if error.reason != pairing.SERVES_ANOTHER:
            return _form(number, request.form.to_dict(), plain(error.message)), 409
        return _asked(_move(number, shared=True), plain(error.message))
    return _asked(move)


@blueprint.post("/mappings/<int:number>/repoint/do")
@needs("admin")
def do_repoint(number: int) -> Response | tuple[str, int]:
    """Point it there."""
    move = _move(number, shared=request.form.get("shared") == "yes")
    try:
        repointing.repoint(access.kit(), move, access.principal().actor, force=request.form.get("force") == "yes")
    except KurasyncError as error:
        return _asked(move, failed=plain(error.message)), 409
    said = f"The mapping goes to {move.to.course_name} and {move.to.kura_course_name} now. Its next plan waits for you."
    return back(".mapping", said, number=number)


@blueprint.get("/mappings/<int:number>/remove")
@needs("admin")
def remove(number: int) -> str:
    """Say what it means, and ask."""
    return show("mapping_remove.html", mapping=facts(number), failed="")


@blueprint.post("/mappings/<int:number>/remove")
@needs("admin")
def do_remove(number: int) -> Response | tuple[str, int]:
    """Forget it; the students stay in kuraCloud."""
    mapping = facts(number)
    try:
        given_back = verbs.remove(
            access.kit(), number, access.principal().actor, force=request.form.get("force") == "yes"
        )
    except KurasyncError as error:
        return show("mapping_remove.html", mapping=mapping, failed=plain(error.message)), 409
    kept = "People can edit its students in kuraCloud again, and delete them there by hand."
    off = "lmsEnabled was not switched off on the kuraCloud course."
    return back(".mappings", f"{mapping['course_name']} is mapped no more. {kept if given_back else off}")


def _form(number: int, typed: dict[str, str], wrong: str = "") -> str:
    with access.kit().database.reading() as tx:
        choices = {
            "sites": [(each.name, each.name) for each in sites.every(tx)],
            "instances": [(each.name, each.name) for each in instances.every(tx)],
        }
    return show("mapping_repoint.html", mapping=facts(number), typed=typed, wrong=wrong, **choices)


def _move(number: int, *, shared: bool) -> Move:
    moodle, kuracloud = _named("site", "course"), _named("instance", "kura_course")
    if not (moodle or kuracloud):
        raise Refused("Say where to: another Moodle course, another kuraCloud course, or both.")
    return repointing.planned(access.kit(), number, moodle=moodle, kuracloud=kuracloud, shared=shared)


def _named(connection: str, course: str) -> Named | None:
    name = request.form.get(course, "").strip()
    return (request.form.get(connection, ""), name) if name else None


def _asked(move: Move, serves: str = "", failed: str = "") -> str:
    """The courses are named by their numbers from here on: what is done is what was shown."""
    with access.kit().database.reading() as tx:
        site, instance = sites.get(tx, move.to.site_id), instances.get(tx, move.to.instance_id)
    fields = {
        "site": site.name if site else "",
        "course": str(move.to.courseid),
        "instance": instance.name if instance else "",
        "kura_course": str(move.to.kura_courseid),
    }
    return show(
        "mapping_repoint_ask.html",
        mapping=facts(move.mapping.id),
        lines=words.lines(move),
        fields=fields,
        serves=serves,
        shared=move.shared,
        failed=failed,
        cancel=url_for(".mapping", number=move.mapping.id),
    )
