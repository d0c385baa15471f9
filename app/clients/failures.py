"""What can go wrong on the way, whatever the system: one error each, with words for people."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import requests
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ReadTimeoutError

from app.clients.retry_after import retry_after
from app.errors import ConnectionBroken, PermanentError, TransientError

if TYPE_CHECKING:
    from app.clients.answer import Answer
    from app.clients.peer import Peer
    from schemas.wire import WrongShape

_BY_ITSELF = "It is tried again by itself"


def unreachable(peer: Peer, cause: Exception) -> TransientError | ConnectionBroken:
    """Nothing was sent: no name, no connection, no handshake, or closed before the first byte."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ConnectionBroken(
            f"The certificate of {peer.name} at {peer.base_url} cannot be verified: {cause.verify_message}. "
            "Renew it, or let the server send the whole chain; for an authority of your own, name its certificate in "
            "KURASYNC_CA_FILE.",
            reason="certificate",
            origin=peer.origin,
        )
    return TransientError(
        f"{peer.name} at {peer.base_url} cannot be reached: {_why(cause)}. {_BY_ITSELF}; if this goes on, check the "
        "address, the network and the server.",
        reason="unreachable",
        origin=peer.origin,
    )


def _why(cause: Exception) -> str:
    if isinstance(cause, NameResolutionError):
        return "its name is not known"
    if isinstance(cause, NewConnectionError):
        return "it refuses the connection, or no way leads there"
    if isinstance(cause, ConnectTimeoutError | TimeoutError):
        return "it did not accept the connection in time"
    if isinstance(cause, ssl.SSLError):
        return "no encrypted connection comes about, perhaps because it speaks plain http"
    return "it closed the connection"


def no_answer(peer: Peer, error: requests.RequestException, *, writes: bool) -> TransientError:
    """The request was sent, and no whole answer came back."""
    what = "did not answer in time" if _is_timeout(error) else "broke off the connection during its answer"
    return TransientError(
        f"{peer.name} {what}. {_BY_ITSELF}; if this goes on, look at the load and the logs of the server.",
        reason="no_answer",
        origin=peer.origin,
        acted=writes,
    )


def _is_timeout(error: requests.RequestException) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError)


def not_now(peer: Peer, answer: Answer, *, writes: bool) -> TransientError:
    """408, 429 or 5xx."""
    return TransientError(
        f"{peer.name} answered with the error {answer.status}. {_BY_ITSELF}; if this goes on, look at the logs of "
        "the server.",
        reason="rate_limited" if answer.status == 429 else "server_error",
        origin=peer.origin,
        retry_after=retry_after(answer.headers),
        acted=writes and not _turned_away(answer),
    )


def _turned_away(answer: Answer) -> bool:
    """Whether the request was not carried out. Gateways answer 502, 503 and 504 while the server behind is at it."""
    return answer.status in (408, 429) or (answer.status == 503 and "Retry-After" in answer.headers)


def redirected(peer: Peer, path: str, location: str) -> ConnectionBroken:
    """Moodle sends on to its wwwroot (recordings/moodle/ws/err_host_mismatch_303.json)."""
    there = peer.sent_on_to(path, location)
    advice = f"Configure {there} as its address" if there != peer.base_url else "See what answers at that address"
    return ConnectionBroken(
        f"{peer.name} at {peer.base_url} sends requests on to {there}. {advice}.",
        reason="redirect",
        origin=peer.origin,
    )


def too_large(peer: Peer, mebibytes: int, *, writes: bool) -> TransientError:
    """An answer that nobody meant."""
    return TransientError(
        f"{peer.name} answered more than {mebibytes} MiB. See what answers at {peer.base_url}.",
        reason="too_large",
        origin=peer.origin,
        acted=writes,
    )


def not_json(peer: Peer, *, writes: bool) -> TransientError:
    """A page or a torso instead of JSON (contracts/moodle.md 1)."""
    return TransientError(
        f"{peer.name} answered something that is not JSON: a page for people, or an answer cut off. {_BY_ITSELF}; "
        f"if this goes on, see what answers at {peer.base_url}.",
        reason="not_json",
        origin=peer.origin,
        acted=writes,
    )


def odd_answer(peer: Peer, shape: WrongShape, *, writes: bool) -> TransientError | PermanentError:
    """JSON that is not what was asked for. After a write nobody knows what was done; a read concerns itself only."""
    message = f"{peer.name} answered {shape}. If it was updated lately, look for a newer kurasync."
    if writes:
        return TransientError(message, reason="bad_answer", origin=peer.origin, acted=True)
    return PermanentError(message, reason="bad_answer", origin=peer.origin)
