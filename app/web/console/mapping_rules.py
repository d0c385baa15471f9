"""The rules of a mapping: a form that explains each, with its default."""

from __future__ import annotations

from dataclasses import asdict

from flask import request
from werkzeug.wrappers import Response

from app.errors import KurasyncError
from app.planning import rules as planning
from app.planning.rules import Rules
from app.setup import finding
from app.setup import mappings as verbs
from app.web import access
from app.web.access import needs
from app.web.console.mapping import facts
from app.web.console.mappings import blueprint as blueprint
from app.web.console.page import back, plain, show
from app.words import rules as words


@blueprint.get("/mappings/<int:number>/rules")
@needs("viewer")
def rules(number: int) -> str:
    """All rules as they are."""
    chosen = _chosen(number)
    return _form(number, chosen, words.written(chosen))


@blueprint.post("/mappings/<int:number>/rules")
@needs("admin")
def set_rules(number: int) -> Response | tuple[str, int]:
    """Set those that were changed; one that is put back to its default is its default from now on."""
    chosen = _chosen(number)
    before = words.written(chosen)
    typed = {name: request.form.get(name, before[name]).strip() for name in words.RULES}
    changed = {name: text for name, text in typed.items() if text != before[name]}
    try:
        _set(number, changed)
    except KurasyncError as error:
        return _form(number, chosen, typed, words.refusal(plain(error.message))), 409
    said = "The rules are set, and the mapping is looked at now." if changed else "Nothing was changed."
    return back(".rules", said, number=number)


def _set(number: int, changed: dict[str, str]) -> None:
    if not changed:
        return
    given, own = words.read(changed), set(asdict(Rules()))
    reset = [name for name in own & set(given) if changed[name] == words.written(Rules())[name]]
    changes = {name: text for name, text in given.items() if name not in reset}
    verbs.set_rules(access.kit(), number, changes, reset, access.principal().actor)


def _chosen(number: int) -> Rules:
    with access.kit().database.reading() as tx:
        return planning.from_settings(finding.mapping(tx, number).settings)


def _form(number: int, chosen: Rules, typed: dict[str, str], wrong: str = "") -> str:
    return show(
        "mapping_rules.html",
        mapping=facts(number),
        rules=words.RULES,
        typed=typed,
        shown={name: words.shown(name, chosen) for name in words.RULES},
        defaults={name: words.shown(name, Rules()) for name in words.RULES},
        wrong=wrong,
    )
