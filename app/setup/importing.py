"""Many mappings from a file, carried out line by line as a preview showed them (docs/many-mappings.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.errors import ConnectionBroken, KurasyncError, TransientError
from app.kit import Kit
from app.planning.rules import to_settings
from app.setup import mappings
from app.setup.import_preview import Change


def carry_out(kit: Kit, changes: Sequence[Change], actor: str, *, shared: bool = False) -> Iterator[tuple[Change, str]]:
    """Do what a preview showed, one line after the other; each with why it failed, or "".

    A line that fails stops no other, except those of a connection that did not answer: they are not tried.
    """
    silent: dict[tuple[str, str], int] = {}
    for change in changes:
        if change.what in ("add", "change"):
            yield change, _not_tried(change, silent) or _tried(kit, change, actor, shared, silent)


def _not_tried(change: Change, silent: dict[tuple[str, str], int]) -> str:
    failed = [(name, silent[origin, name]) for origin, name in _connections(change).items() if (origin, name) in silent]
    return f"Not tried, since {failed[0][0]} failed at line {failed[0][1]}." if failed else ""


def _tried(kit: Kit, change: Change, actor: str, shared: bool, silent: dict[tuple[str, str], int]) -> str:
    try:
        _do(kit, change, actor, shared)
    except KurasyncError as error:
        names = _connections(change)
        if isinstance(error, TransientError | ConnectionBroken) and error.origin in names:
            silent[error.origin, names[error.origin]] = change.line
        return error.message
    return ""


def _connections(change: Change) -> dict[str, str]:
    """The names of the two connections by the origin that errors have."""
    return {"moodle": change.moodle.partition(":")[0], "kuracloud": change.kuracloud.partition(":")[0]}


def _do(kit: Kit, change: Change, actor: str, shared: bool) -> None:
    if change.new is not None:
        new = change.new
        mappings.add_pair(kit, new.site, new.instance, new.pair, change.chosen, actor, shared=shared)
    elif change.mapping_id is not None:
        own = to_settings(change.chosen)
        changed = {each.rule: own[each.rule] for each in change.rules if each.rule in own}
        reset = [each.rule for each in change.rules if each.rule not in own]
        mappings.set_rules(kit, change.mapping_id, changed, reset, actor)
