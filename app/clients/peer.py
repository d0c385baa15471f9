"""The other side of a connection: what it is called and where it is."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urljoin, urlsplit

from app.errors import ConnectionBroken

Origin = Literal["moodle", "kuracloud", "webhook"]
_NAMES: dict[Origin, str] = {"moodle": "Moodle", "kuracloud": "kuraCloud", "webhook": "KURASYNC_ALERT_WEBHOOK"}


@dataclass(frozen=True, slots=True)
class Peer:
    """Moodle, kuraCloud or who is told of alerts, at one address; `base_url` has no slash at its end."""

    origin: Origin
    base_url: str

    @property
    def name(self) -> str:
        """As people call it."""
        return _NAMES[self.origin]

    def sent_on_to(self, path: str, location: str) -> str:
        """The base URL that a redirect of `path` points to; without query, which could hold anything."""
        try:
            there = urlsplit(urljoin(self.base_url + path, location))
            return _address(there) + there.path.removesuffix(path.partition("?")[0]).rstrip("/")
        except ValueError:
            return "an address that cannot be read"


def peer(origin: Origin, base_url: str, *, allow_http: bool) -> Peer:
    """The peer at an address; raises ConnectionBroken when nothing may be sent there (design.md 10)."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and parts.hostname is not None and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise _unusable(origin, "cannot be used. Write it as https://host/path")
    if parts.scheme == "http" and not allow_http and not _is_this_machine(parts.hostname or ""):
        raise _unusable(origin, "is not encrypted. Use https://, or set KURASYNC_ALLOW_HTTP=1 in a closed network")
    return Peer(origin, base_url.rstrip("/"))


def _address(parts: SplitResult) -> str:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unusable(origin: Origin, why: str) -> ConnectionBroken:
    return ConnectionBroken(f"The address of {_NAMES[origin]} {why}.", reason="address", origin=origin)
