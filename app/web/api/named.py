"""What an address or a body names, where the caller's key may see it; what it may not see is not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import NotFound, Refused
from app.setup import pairing
from app.store import instances, mappings, sites
from app.store.instances import Instance
from app.store.sites import Site
from app.web import access
from app.web.access import Forbidden

_OF_OTHERS = {
    pairing.MAPPED_ELSEWHERE: "The kuraCloud course is mapped already, at another site.",
    pairing.SERVES_ANOTHER: "The instance serves another site: this takes a key for every site.",
}


def everywhere() -> None:
    """Raise Forbidden for a key that is for one site: what it asks for concerns them all."""
    if access.principal().site_id is not None:
        raise Forbidden("This key is for one site, and what it asks for concerns all of them.")


def site(name: str) -> Site:
    """The site with this name; raises NotFound."""
    with access.kit().database.reading() as tx:
        found = sites.by_name(tx, name)
    if found is None or not access.principal().sees(found.id):
        raise NotFound(f"There is no site called {name!r}.")
    return found


def site_id(name: str | None) -> int | None:
    """The number of the site with this name, None: of the one that the key is for, if it is for one."""
    return access.principal().site_id if name is None else site(name).id


def site_name(name: str | None) -> str | None:
    """The same as a name."""
    if name is not None:
        return site(name).name
    own = access.principal().site_id
    if own is None:
        return None
    with access.kit().database.reading() as tx:
        found = sites.get(tx, own)
    if found is None:  # it was removed just now: that makes the key none for every site
        raise NotFound("The site that this key is for was removed just now.")
    return found.name


def instance(name: str) -> Instance:
    """The instance with this name: a key for one site sees those that serve it, or nobody yet. Raises NotFound."""
    with access.kit().database.reading() as tx:
        found = instances.by_name(tx, name)
        if found is not None and found.id in {each.id for each in instances.every(tx, access.principal().site_id)}:
            return found
    raise NotFound(f"There is no instance called {name!r}.")


@contextmanager
def discreetly() -> Iterator[None]:
    """A key for one site is not told whose mapping at another site is in the way."""
    try:
        yield
    except Refused as error:
        if access.principal().site_id is None or error.reason not in _OF_OTHERS:
            raise
        raise Refused(_OF_OTHERS[error.reason], reason=error.reason) from None


def mapping_of_site(number: int) -> None:
    """Raise NotFound unless there is a mapping with this number; a key for one site sees those of its site."""
    with access.kit().database.reading() as tx:
        found = mappings.get(tx, number)
    if found is None or not access.principal().sees(found.site_id):
        raise NotFound(f"There is no mapping {number}.")
