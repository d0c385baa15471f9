"""The kuraCloud instances of the block: those kurasync has already, and those to be made with the block's token."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import Connection

from app.clients.kuracloud import KuraCloudClient
from app.errors import KurasyncError, Refused
from app.kit import Kit
from app.planning.moving import Finding
from app.setup import instances as verbs
from app.setup.block import tokens
from app.store import instances, mappings
from app.store.instances import Instance
from app.sync import connect
from schemas.block import Block, Endpoint

_NO_NAME = re.compile("[^a-z0-9_-]+")
_LONGEST = 50


@dataclass(frozen=True, slots=True)
class Target:
    """A kuraCloud instance to adopt courses of; `stored` None: it is made, under this name."""

    name: str
    remote_id: str
    display_name: str
    url: str
    token: str = field(repr=False)
    stored: Instance | None = None


def targets(kit: Kit, site_id: int, block: Block, key: bytes | None) -> tuple[dict[str, Target], list[Finding]]:
    """The instances that courses can be adopted of, by what kuraCloud calls them, each tried; and what is in the way.

    What nothing is mapped to is passed over: kurasync needs no connection there.
    """
    connections = {endpoint.instanceid: endpoint for endpoint in block.endpoints}
    with kit.database.reading() as tx:
        every = instances.every(tx)
        sites = {each.id: frozenset(_sites(tx, each)) for each in every}
    found: dict[str, Target] = {}
    findings = []
    for remote_id in sorted({course.remote_instanceid for course in block.courses}):
        stored = [each for each in every if each.remote_id == remote_id]
        own = [each for each in stored if sites[each.id] <= {site_id}]
        if own:
            found[remote_id] = _known(kit, max(own, key=lambda each: len(sites[each.id])))
        elif stored:
            findings.append(Finding("other_site", remote_id))
        elif remote_id not in connections:
            findings.append(Finding("no_connection", remote_id))
        else:
            try:
                taken = {each.name for each in every} | {target.name for target in found.values()}
                found[remote_id] = _new(kit, connections[remote_id], key, taken)
            except KurasyncError as error:
                findings.append(Finding("token", remote_id, message=_advised(error, connections[remote_id])))
    return found, findings


def client(kit: Kit, target: Target) -> KuraCloudClient:
    """A client for the instance, whether it is stored yet or not."""
    return KuraCloudClient(connect.http(kit, target.url, "kuracloud"), target.token)


def made(kit: Kit, target: Target, actor: str) -> Instance:
    """The instance as stored; one that is not is tried once more and added. Raises what adding raises."""
    with kit.database.reading() as tx:
        stored = target.stored or instances.by_name(tx, target.name)
    if stored is not None and stored.remote_id == target.remote_id:
        return stored
    return verbs.add(kit, name=target.name, url=target.url, token=target.token, actor=actor)


def _sites(tx: Connection, instance: Instance) -> set[int]:
    return {each.site_id for each in mappings.every(tx) if each.instance_id == instance.id}


def _known(kit: Kit, each: Instance) -> Target:
    return Target(each.name, each.remote_id, each.display_name, each.url, kit.vault.decrypt(each.token), each)


def _new(kit: Kit, endpoint: Endpoint, key: bytes | None, taken: Collection[str]) -> Target:
    if key is None:
        raise Refused("No key file was given: say --key-file.")
    token = tokens.decrypt(endpoint.encrypted_token, key)
    url = endpoint.api_endpoint.strip().rstrip("/")
    remote = verbs.tried(kit, url, token)
    if remote.instance_id != endpoint.instanceid:
        raise Refused(f"The block's token belongs to another instance, {remote.display_name} ({remote.instance_id}).")
    return Target(_name(endpoint.instanceid, taken), remote.instance_id, remote.display_name, url, token)


def _advised(error: KurasyncError, endpoint: Endpoint) -> str:
    url = endpoint.api_endpoint.strip().rstrip("/")
    return (
        f"{error.message} Or add the instance by hand, `kurasync instance add NAME --url {url}` with its token, and "
        "adopt again."
    )


def _name(remote_id: str, taken: Collection[str]) -> str:
    """A name as `instance add` takes it, like what kuraCloud calls the instance, and not taken yet."""
    plain = _NO_NAME.sub("-", remote_id.lower()).strip("-_")[:_LONGEST]
    first = plain if plain and not plain.isdecimal() else f"kura-{plain}".rstrip("-")
    return next(name for name in _numbered(first) if name not in taken)


def _numbered(first: str) -> Iterator[str]:
    yield first
    yield from (f"{first}-{number}" for number in count(2))
