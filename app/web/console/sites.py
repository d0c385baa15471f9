"""Moodle sites: add one, try it, give it another token or address, remove it. Tokens are typed in and never shown."""

from __future__ import annotations

from flask import request, url_for
from werkzeug.wrappers import Response

from app.errors import KurasyncError
from app.kit import Kit
from app.setup import entering, finding, plugin
from app.setup import sites as verbs
from app.setup.sites import Added
from app.store import events, mappings, sites
from app.web import access
from app.web.access import needs
from app.web.console.connections import blueprint
from app.web.console.page import ask, back, plain, show, status_of
from app.words import sites as words
from app.words.going import with_it
from app.words.moments import moment

PAGE = "console_connections.site"


@blueprint.get("/connections/sites/new")
@needs("admin")
def new_site() -> str:
    """The two forms: what the plugin wrote, or name, address and token."""
    return show("site_new.html", typed={})


@blueprint.post("/connections/sites/new")
@needs("admin")
def add_site() -> Response | str | tuple[str, int]:
    """Try a site, and keep it; its webhook secret is shown this once."""
    try:
        added, knows_us = _added(access.kit(), access.principal().actor)
    except KurasyncError as error:
        return show("site_new.html", typed=request.form, said=plain(error.message)), status_of(error)
    if knows_us:
        said = "Moodle's plugin has the secret already, and its status page sends a test event. Delete the file now."
        return back(PAGE, f"Added {added.site.name}: {added.info.site_name}. {said}", name=added.site.name)
    told = entering.instructions(access.kit().settings, added.site, added.secret)
    return show("secret_shown.html", name=added.site.name, secret=added.secret, told=told, number=None)


def _added(kit: Kit, actor: str) -> tuple[Added, bool]:
    typed, sent = request.form, request.files.get("file")
    if sent:
        file = verbs.read_file(sent.read().decode(errors="replace"))
        return verbs.add_from_file(kit, file, actor=actor, ways=("signed",), shared="shared" in typed), True
    added = verbs.add(
        kit,
        name=typed.get("name", "").strip(),
        url=typed.get("url", "").strip(),
        token=typed.get("token", "").strip(),
        actor=actor,
        shared="shared" in typed,
    )
    return added, False


@blueprint.get("/connections/sites/<name>")
@needs("viewer")
def site(name: str) -> str:
    """One of them, with its ways in and its secrets."""
    kit = access.kit()
    with kit.database.reading() as tx:
        found, now = finding.site(tx, name), kit.database.now(tx)
        line = {
            **words.line(found, len(mappings.of_connection(tx, "site", found.id))),
            "last_event_at": moment(events.last_received(tx, found.id)),
        }
        secrets = [words.secret_line(each, now) for each in sites.every_secret(tx, found.id)]
    return show("site.html", one=line, secrets=secrets, every_way=verbs.WAYS)


@blueprint.post("/connections/sites/<name>/test")
@needs("operator")
def test_site(name: str) -> Response:
    """Try a site, and its plugin."""
    kit = access.kit()
    info = verbs.test(kit, name)
    with kit.database.reading() as tx:
        found = finding.site(tx, name)
    told = " ".join(plain(each.message) for each in plugin.checks(kit, found, info))
    return back(PAGE, f"{name} works: {info.site_name}, Moodle {info.release}. {told}", name=name)


@blueprint.post("/connections/sites/<name>/token")
@needs("admin")
def rotate_site(name: str) -> Response:
    """Another token, which is tried first."""
    verbs.rotate(access.kit(), name, request.form.get("token", "").strip(), access.principal().actor)
    return back(PAGE, f"{name} uses the new token.", name=name)


@blueprint.post("/connections/sites/<name>/address")
@needs("admin")
def move_site(name: str) -> Response:
    """Another address of the same Moodle, which is tried first."""
    url, sure = request.form.get("url", "").strip(), "force" in request.form
    info = verbs.move(access.kit(), name, url, access.principal().actor, force=sure)
    said = f"{name} is now {info.site_url}. Its plugin in Moodle has to be told too: its page says so, and how."
    return back(PAGE, said, name=name)


@blueprint.get("/connections/sites/<name>/remove")
@needs("admin")
def ask_to_remove_site(name: str) -> str:
    """What goes with it."""
    with access.kit().database.reading() as tx:
        gone = mappings.of_connection(tx, "site", finding.site(tx, name).id)
    lines = [with_it(gone), "Its events and its secrets go too. Students stay in kuraCloud, and the audit stays here."]
    return ask(
        f"Remove the site {name}?",
        lines,
        "Remove",
        url_for(PAGE, name=name),
        danger=True,
        force="Go on where kuraCloud courses cannot be given back",
    )


@blueprint.post("/connections/sites/<name>/remove")
@needs("admin")
def remove_site(name: str) -> Response:
    """Remove a site and its mappings."""
    verbs.remove(access.kit(), name, access.principal().actor, force="force" in request.form)
    return back("console_connections.connections", f"Removed {name}.")
