"""Instances: try a kuraCloud instance before it is trusted, and keep its token in order (design.md 8)."""

from __future__ import annotations

from contextlib import closing

from sqlalchemy import Connection

from app.clients.kuracloud import KuraCloudClient
from app.errors import ConnectionBroken, Refused
from app.kit import Kit
from app.setup import finding
from app.setup import mappings as mapping_verbs
from app.setup.acts import record
from app.setup.names import checked_name
from app.setup.reopening import reopen
from app.setup.trial import first_try, stored
from app.store import instances, mappings
from app.store.instances import Instance
from app.sync import connect
from schemas.kuracloud import Course
from schemas.kuracloud import Instance as Remote

DEFAULT_URL = "https://api.kuracloud.com"


def add(kit: Kit, *, name: str, url: str, token: str, actor: str, shared: bool = False) -> Instance:
    """Try the token, then keep the instance.

    Raises ConnectionBroken when its LMS integration is off, Refused when it was added before (with `shared`: only when
    the token is the same), and what the client raises.
    """
    checked_name(name)
    address = url.strip().rstrip("/")
    with kit.database.reading() as tx:
        if instances.by_name(tx, name):
            raise Refused(
                f"There is an instance called {name} already. "
                f"Give it another token with `kurasync instance rotate {name}`."
            )
    remote = tried(kit, address, token)
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        _refuse_second(kit, tx, remote, token, shared)
        instances.add(
            tx,
            now,
            name=name,
            url=address,
            token=kit.vault.encrypt(token),
            remote_id=remote.instance_id,
            display_name=remote.display_name,
        )
        record(tx, now, actor, "add_instance", {"instance": name, "url": address, "remote_id": remote.instance_id})
        added = finding.instance(tx, name)
        instances.set_lms_enabled(tx, added.id, remote.lms_enabled)
        return added


def test(kit: Kit, name: str) -> Remote:
    """Try an instance with its stored token; raises what `add` raises."""
    instance = _stored(kit, name)
    with stored(name), closing(connect.kuracloud_client(kit, instance)) as client:
        remote = client.instance()
    with kit.database.transaction() as tx:
        instances.set_lms_enabled(tx, instance.id, remote.lms_enabled)
    return _enabled(remote)


def courses(kit: Kit, name: str) -> list[Course]:
    """The courses of an instance, as kuraCloud lists them: deleted ones are absent."""
    with stored(name), closing(connect.kuracloud_client(kit, _stored(kit, name))) as client:
        return client.courses()


def rotate(kit: Kit, name: str, token: str, actor: str) -> Remote:
    """Try a new token, then use it; a parked instance goes on. Raises Refused when it belongs to another instance."""
    instance = _stored(kit, name)
    remote = tried(kit, instance.url, token)
    if remote.instance_id != instance.remote_id:
        raise Refused(
            f"This token belongs to {remote.display_name} ({remote.instance_id}), and {name} is "
            f"{instance.display_name} ({instance.remote_id}): nothing was changed."
        )
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        instances.set_token(tx, instance.id, kit.vault.encrypt(token))
        instances.set_lms_enabled(tx, instance.id, remote.lms_enabled)
        reopen(tx, now, "instance", instance.id)
        record(tx, now, actor, "rotate_token", {"instance": name})
    return remote


def remove(kit: Kit, name: str, actor: str, *, force: bool = False) -> list[int]:
    """Remove an instance and first its mappings, each as `mappings.remove` does it; returns their numbers."""
    instance = _stored(kit, name)
    with kit.database.reading() as tx:
        gone = mappings.of_connection(tx, "instance", instance.id)
    for mapping_id in gone:
        mapping_verbs.remove(kit, mapping_id, actor, force=force)
    with kit.database.transaction() as tx:
        instances.remove(tx, instance.id)
        record(tx, kit.database.now(tx), actor, "remove_instance", {"instance": name})
    return gone


def _stored(kit: Kit, name: str) -> Instance:
    with kit.database.reading() as tx:
        return finding.instance(tx, name)


def tried(kit: Kit, url: str, token: str) -> Remote:
    """What an instance says of itself to a token that is not stored yet; raises what `add` raises."""
    with first_try(), closing(KuraCloudClient(connect.http(kit, url, "kuracloud"), token)) as client:
        return _enabled(client.instance())


def _enabled(remote: Remote) -> Remote:
    """The same; raises ConnectionBroken where its LMS integration is off."""
    if not remote.lms_enabled:
        raise ConnectionBroken(
            f"{remote.display_name} has its LMS integration switched off. Ask your ADInstruments representative to "
            "enable it; then, in kuraCloud: Instance Administration > LMS Integration > Configure > Moodle > Enable. "
            "The token is shown once, there.",
            reason="lms_disabled",
            origin="kuracloud",
        )
    return remote


def _refuse_second(kit: Kit, tx: Connection, remote: Remote, token: str, shared: bool) -> None:
    for other in instances.every(tx):
        if other.remote_id != remote.instance_id:
            continue
        if not shared:
            raise Refused(
                f"{remote.display_name} ({remote.instance_id}) is the instance {other.name} already. Use that one, or "
                "say --shared for a second Moodle site, which must have a token of its own."
            )
        if kit.vault.decrypt(other.token) == token:
            raise Refused(
                f"The instance {other.name} uses this very token. A second site must have a token of its own: make one "
                "in kuraCloud under Instance Administration > LMS Integration."
            )
