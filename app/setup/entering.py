"""What to enter in Moodle so that it reports its events to us, for each way in (docs/events.md)."""

from __future__ import annotations

from app.settings import Settings
from app.store.sites import Site


def instructions(settings: Settings, site: Site, secret: str) -> list[str]:
    """The lines to show, once: the secret is in them."""
    here = f"http://{settings.host}:{settings.port}"
    address = f"{here}/events/{site.name}"
    lines = [
        f"The webhook secret of {site.name}, shown this once: {secret}",
        f"Enter it in Moodle for the way you use. Where Moodle reaches kurasync through a reverse proxy, its address "
        f"stands in place of {here}.",
    ]
    told = {
        "signed": [
            "signed, by Moodle's plugin local_kurasync: on its page Set-up (Site administration > Plugins > Local "
            "plugins > kurasync), or on Moodle's machine with",
            f"    php local/kurasync/cli/setup.php --url={address} --secret-file=-",
            "  and delete the file that either of them makes.",
        ],
        "local_webhooks": [
            f"local_webhooks: a service with the URL {address}/local_webhooks, the secret as its token, the content "
            "type application/json, and the events that docs/events.md lists.",
        ],
        "tool_trigger": [
            "tool_trigger: a workflow for each event that docs/events.md lists, with a step HTTP Post to "
            f"{address}/tool_trigger with the header",
            f"    Authorization: Bearer {secret}",
            "  and the parameters given there.",
        ],
    }
    for way in site.ways:
        lines += [f"- {line}" if line[0] != " " else line for line in told[way]]
    return [
        *lines,
        "Moodle refuses private addresses and ports other than 80 and 443 until they are allowed: Site "
        "administration > General > Security > HTTP security.",
    ]
