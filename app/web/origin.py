"""Whose request it is: the site it names, and the proof that it comes from there (design.md 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from flask import request

from app.kit import Kit
from app.store import sites
from app.store.sites import Site
from app.web import bodies, ways
from app.web.problems import Refusal
from app.web.ways import Secret, Secrets
from schemas.events import LONGEST_UID
from schemas.problem import FieldError, Problem

Way = Literal["signed", "local_webhooks", "tool_trigger"]


@dataclass(frozen=True, slots=True)
class Proven:
    """A request that one of the site's secrets signed: the name of the delivery, and what it says."""

    site: Site
    webhook_id: str
    document: Any


class Sites:
    """Finds the site that a request names."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._secrets = Secrets(kit.vault)

    def named(self, name: str, way: Way) -> tuple[Site, list[Secret]]:
        """The site with its secrets; refuses what is none, and a way that is switched off for it."""
        with self._kit.database.reading() as tx:
            found = sites.with_secrets(tx, name, self._kit.database.now(tx)) if name.isprintable() else None
        if found is None:
            raise Refusal(Problem(404, "unknown_site", "There is no such site. `kurasync site list` shows them."))
        site, stored = found
        if way not in site.ways:
            raise Refusal(Problem(403, "way_off", f"The way {way} is switched off for this site."))
        return site, self._secrets.every(stored)

    def signed(self, name: str) -> Proven:
        """A request by Standard Webhooks, proven and read; refuses every other."""
        site, secrets = self.named(name, "signed")
        if request.mimetype != "application/json":
            raise Refusal(Problem(415, "not_json", "A signed delivery must be application/json."))
        body = bodies.read(request)
        ways.check_signature(secrets, body, request.headers, self._kit.settings.tolerance)
        document = bodies.from_json(body, depth=self._kit.settings.max_depth)
        return Proven(site, _webhook_id(), document)


def check_origin(site: Site, origin: str | None) -> None:
    """Refuse what says that it comes from another Moodle than the site's; `origin` is a wwwroot, or only a host."""
    if origin is not None and not _same_moodle(origin, site.wwwroot):
        detail = "The delivery comes from another Moodle than the site's. A copy of a Moodle needs a site of its own."
        raise Refusal(Problem(403, "wrong_moodle", detail))


def invalid(errors: Sequence[FieldError]) -> Refusal:
    """A 422 that says field by field what is wrong."""
    return Refusal(Problem(422, "invalid", "Nothing of the delivery can be used; see errors.", tuple(errors)))


def _webhook_id() -> str:
    name = request.headers["webhook-id"]
    if len(name) > LONGEST_UID or not name.isprintable():
        raise invalid([FieldError(None, "webhook-id", f"must be {LONGEST_UID} printable characters at most")])
    return name


def _same_moodle(origin: str, wwwroot: str) -> bool:
    # local_webhooks names only its host, without a port.
    return _place(origin) == _place(wwwroot) if "//" in origin else origin.lower() == urlsplit(wwwroot).hostname


def _place(url: str) -> tuple[str, str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme, parts.netloc.lower(), parts.path.rstrip("/")
