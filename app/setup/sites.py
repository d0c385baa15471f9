"""Sites: try a Moodle before it is trusted, and keep its token and webhook secrets in order (design.md 8)."""

from __future__ import annotations

import base64
import secrets as randomness
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from sqlalchemy import Connection

from app.clients.moodle import MoodleClient
from app.errors import ConnectionBroken, NotFound, Refused
from app.kit import Kit
from app.setup import finding
from app.setup import mappings as mapping_verbs
from app.setup.acts import record
from app.setup.names import checked_name
from app.setup.reopening import reopen
from app.setup.trial import first_try, stored
from app.store import mappings, sites
from app.store.sites import Secret, Site
from app.sync import connect, plugin
from app.sync import identity as identity_verbs
from schemas.moodle import SiteInfo
from schemas.site_file import SiteFile, site_file
from schemas.wire import WrongShape

WAYS = ("signed", "local_webhooks", "tool_trigger")
FUNCTIONS = (
    "core_webservice_get_site_info",
    "core_course_get_courses_by_field",
    "core_enrol_get_enrolled_users",
    "core_grades_get_gradable_users",
    "core_group_get_course_groups",
    "core_group_get_group_members",
    "core_user_get_users_by_field",
)
"""What the service of the token must offer (contracts/moodle.md 2)."""
FUNCTIONS_BESIDE_THE_PLUGIN = ("core_webservice_get_site_info", "core_course_get_courses_by_field")
"""... and where our own plugin reads the rosters."""


@dataclass(frozen=True, slots=True)
class Added:
    """A new site, with its first webhook secret, which is never shown again."""

    site: Site
    info: SiteInfo
    secret: str = field(repr=False)


def read_file(text: str) -> SiteFile:
    """The file that Moodle's plugin wrote at its set-up (docs/moodle-plugin.md); raises Refused."""
    try:
        return site_file(text)
    except WrongShape as shape:
        raise Refused(
            f"The file holds {shape}: give the one that the set-up of Moodle's plugin wrote, as it is."
        ) from None


def add_from_file(kit: Kit, file: SiteFile, *, actor: str, ways: Sequence[str], shared: bool = False) -> Added:
    """Add the site of a file, with the token and the webhook secret that are in it; raises what `add` raises."""
    return add(
        kit,
        name=file.name,
        url=file.url,
        token=file.token,
        actor=actor,
        ways=ways,
        shared=shared,
        secret=file.secret,
        identity=file.siteidentifier,
    )


def add(
    kit: Kit,
    *,
    name: str,
    url: str,
    token: str,
    actor: str,
    ways: Sequence[str] = WAYS,
    shared: bool = False,
    secret: str | None = None,
    identity: str | None = None,
) -> Added:
    """Try the token, then keep the site with its first webhook secret: the given one, or a new one.

    `identity` tells the Moodle from others where it does not say so itself. Raises Refused when a function is missing
    or, without `shared`, when another site is the same Moodle or one of the two is a copy; and what the client raises.
    """
    checked_name(name)
    address = url.strip().rstrip("/")
    with kit.database.reading() as tx:
        if sites.by_name(tx, name):
            raise Refused(
                f"There is a site called {name} already. Give it another token with `kurasync site rotate {name}`."
            )
    info, told = _tried(kit, address, token)
    identity = told or identity
    secret = secret or _new_secret()
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        if not shared:
            _refuse_second(tx, info, identity)
        site_id = sites.add(
            tx,
            now,
            name=name,
            url=address,
            wwwroot=info.site_url,
            identity=identity,
            token=kit.vault.encrypt(token),
            ways=ways,
            plugin=info.plugin,
        )
        sites.add_secret(tx, now, site_id, kit.vault.encrypt(secret))
        record(tx, now, actor, "add_site", {"site": name, "url": address})
        return Added(finding.site(tx, name), info, secret)


def test(kit: Kit, name: str) -> SiteInfo:
    """Try a site with its stored token; raises what `add` raises."""
    with kit.database.reading() as tx:
        site = finding.site(tx, name)
    with stored(name), closing(connect.moodle_client(kit, site)) as client:
        return _complete(identity_verbs.check(kit, site, client))


def rotate(kit: Kit, name: str, token: str, actor: str) -> SiteInfo:
    """Try a new token, then use it; a parked site goes on.

    Raises Refused when it belongs to another Moodle, and what `test` raises where the plugin is out of its reach.
    """
    with kit.database.reading() as tx:
        site = finding.site(tx, name)
    info, told = _tried(kit, site.url, token)
    if info.site_url != site.wwwroot:
        raise Refused(f"This token belongs to {info.site_url}, and {name} is {site.wwwroot}: nothing was changed.")
    with first_try():
        plugin.verify(site, info)
        identity_verbs.verify(site, info, told)
    plugin.remember(kit, site.id, info.plugin, site.plugin)
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        sites.set_token(tx, site.id, kit.vault.encrypt(token))
        reopen(tx, now, "site", site.id)
        record(tx, now, actor, "rotate_token", {"site": name})
    return info


def move(kit: Kit, name: str, url: str, actor: str, *, force: bool = False) -> SiteInfo:
    """Say that a Moodle has another address now; its stored token is tried there first, and a parked site goes on.

    Raises Refused when it is not the same Moodle or, without `force`, when no plugin can tell; and what `test` raises.
    """
    with kit.database.reading() as tx:
        site = finding.site(tx, name)
    address = url.strip().rstrip("/")
    with first_try():
        connect.http(kit, address, "moodle").close()  # refuses what is no address
    with kit.database.transaction() as tx:
        # Before the token leaves: whoever has it sent somewhere is known, whatever comes of it.
        record(tx, kit.database.now(tx), actor, "try_address", {"site": name, "to": address})
    info, told = _tried(kit, address, kit.vault.decrypt(site.token))
    with first_try():
        plugin.verify(site, info)
    _refuse_other(site, info, told, force)
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        sites.move(tx, site.id, address, info.site_url)
        reopen(tx, now, "site", site.id)
        record(tx, now, actor, "move_site", {"site": name, "from": site.url, "to": address})
    return info


def remove(kit: Kit, name: str, actor: str, *, force: bool = False) -> list[int]:
    """Remove a site and first its mappings, each as `mappings.remove` does it; returns their numbers."""
    with kit.database.reading() as tx:
        site = finding.site(tx, name)
        gone = mappings.of_connection(tx, "site", site.id)
    for mapping_id in gone:
        mapping_verbs.remove(kit, mapping_id, actor, force=force)
    with kit.database.transaction() as tx:
        sites.remove(tx, site.id)
        record(tx, kit.database.now(tx), actor, "remove_site", {"site": name})
    return gone


def set_ways(kit: Kit, name: str, ways: Sequence[str], actor: str) -> None:
    """Let only these ways deliver events from now on."""
    with kit.database.transaction() as tx:
        site = finding.site(tx, name)
        sites.set_ways(tx, site.id, ways)
        record(tx, kit.database.now(tx), actor, "set_ways", {"site": name, "ways": list(ways)})


def add_secret(kit: Kit, name: str, actor: str) -> tuple[int, str]:
    """One more webhook secret, valid beside the others; returns its number and itself, which is never shown again."""
    secret = _new_secret()
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        secret_id = sites.add_secret(tx, now, finding.site(tx, name).id, kit.vault.encrypt(secret))
        record(tx, now, actor, "add_secret", {"site": name, "secret": secret_id})
    return secret_id, secret


def end_secret(kit: Kit, name: str, secret_id: int, actor: str, *, after: float = 0.0, force: bool = False) -> Secret:
    """Let a secret be valid for `after` seconds more and no longer.

    Raises NotFound, and Refused when it is the last valid one, unless `force`: then nothing can be delivered any more.
    """
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        site = finding.site(tx, name)
        known = {each.id: each for each in sites.every_secret(tx, site.id)}
        if secret_id not in known:
            raise NotFound(f"{name} has no secret {secret_id}: see `kurasync site secret list {name}`.")
        lasting = [each.id for each in known.values() if each.valid_until is None and each.id != secret_id]
        if not lasting and not force:
            raise Refused(
                f"Secret {secret_id} is the only one of {name} that does not end: Moodle could deliver nothing any "
                f"more. Add another with `kurasync site secret add {name}`, enter it in Moodle, then end this one; or "
                "say --force."
            )
        sites.end_secret(tx, secret_id, now + after)
        record(tx, now, actor, "end_secret", {"site": name, "secret": secret_id})
        return next(each for each in sites.every_secret(tx, site.id) if each.id == secret_id)


def _tried(kit: Kit, url: str, token: str) -> tuple[SiteInfo, str | None]:
    """What a Moodle says of itself, and what tells it from others where it can say that."""
    with first_try(), closing(MoodleClient(connect.http(kit, url, "moodle"), token)) as client:
        info = _complete(client.site_info())
        return info, identity_verbs.told(client, info)


def _complete(info: SiteInfo) -> SiteInfo:
    """The same; raises ConnectionBroken where the token's service lacks functions."""
    needed = FUNCTIONS_BESIDE_THE_PLUGIN if info.plugin is not None else FUNCTIONS
    missing = [name for name in needed if name not in info.functions]
    if missing:
        raise ConnectionBroken(
            f"The token works, but its service lacks {', '.join(missing)}. In Moodle: Site administration > Server > "
            "Web services > External services > Functions of that service > Add functions.",
            reason="functions_missing",
            origin="moodle",
        )
    return info


def _refuse_second(tx: Connection, info: SiteInfo, identity: str | None) -> None:
    for other in sites.every(tx):
        if other.wwwroot == info.site_url:
            raise Refused(
                f"{info.site_url} is the site {other.name} already. Use that one, or say --shared if you really want "
                "it twice."
            )
        if identity is not None and other.identity == identity:
            raise Refused(
                f"{info.site_url} is a copy of the site {other.name} ({other.wwwroot}), or the other way round. A copy "
                "must have kuraCloud courses, and a token of kuraCloud, of its own: say --shared if it has. If Moodle "
                f"moved, run `kurasync site move {other.name} {info.site_url}` instead."
            )


def _refuse_other(site: Site, info: SiteInfo, identity: str | None, force: bool) -> None:
    if None not in (site.identity, identity) and site.identity != identity:
        raise Refused(
            f"{info.site_url} is another Moodle than {site.name}: its courses have other numbers. Nothing was changed; "
            "add it as a site of its own."
        )
    if None in (site.identity, identity) and not force:
        raise Refused(
            f"Nobody can tell whether {info.site_url} is the Moodle that was connected as {site.name}: only the plugin "
            "local_kurasync can. Say --force if you know that it is."
        )


def _new_secret() -> str:
    """In the form of Standard Webhooks; the other ways send it as it stands.

    Letters and digits alone: a double click takes it whole, and tool_trigger's JSON mode loses a "+".
    """
    while not (key := base64.b64encode(randomness.token_bytes(30)).decode()).isalnum():
        pass
    return f"whsec_{key}"
