"""The rule `capability` is tried before it is kept: only Moodle knows its capabilities, and who may ask about them."""

from __future__ import annotations

from contextlib import closing

from app.kit import Kit
from app.planning.rules import Rules
from app.store.sites import Site
from app.sync import connect, plugin, read

_NOBODY = 2**31 - 1  # a user id that no Moodle has come to: whom the answer lists does not matter


def try_out(kit: Kit, site: Site, courseid: int, chosen: Rules) -> None:
    """Ask Moodle who has the capability, if the rules name one; raises what the client raises where it cannot tell.

    With stock functions a name that Moodle does not know cannot be told from one that nobody has.
    """
    if not chosen.capability:
        return
    with closing(connect.moodle_client(kit, site)) as client:
        if site.plugin is not None:
            plugin.read(client, courseid, chosen, [_NOBODY])
        else:
            read.read_capable(client, courseid, chosen.capability, kit.settings.page_size)
