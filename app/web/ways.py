"""The proof of each way to deliver events: signature, token in the body, bearer header (design.md 10)."""

from __future__ import annotations

import hmac
import time
from collections.abc import Sequence
from functools import cached_property, lru_cache

from standardwebhooks import Webhook
from werkzeug.datastructures import Headers

from app.store.vault import Vault
from app.web.problems import Refusal
from schemas.problem import Problem

LIBRARY_TOLERANCE = 300.0

_BEARER = "bearer "


class Secret:
    """An opened webhook secret: `whsec_` and base64; as a token it is compared as it is written."""

    def __init__(self, text: str) -> None:
        self._text = text

    def signed(self, body: bytes, headers: Headers) -> bool:
        """Whether the signature is this secret's."""
        try:
            self._webhook.verify(body, dict(headers), json_parse=False)
        except Exception:  # the library lets ValueError, TypeError and others through: unproven, whatever it is
            return False
        return True

    @cached_property
    def _webhook(self) -> Webhook:
        # At first use: a secret that is only ever compared need not be base64.
        return Webhook(self._text)

    def equals(self, token: str) -> bool:
        """Whether the token is this secret, in constant time."""
        return hmac.compare_digest(self._text.encode(), token.encode(errors="replace"))


class Secrets:
    """Opens encrypted secrets, each once: Fernet would cost more than the rest of the proof."""

    def __init__(self, vault: Vault) -> None:
        self.open = lru_cache(maxsize=1024)(lambda stored: Secret(vault.decrypt(stored)))

    def every(self, stored: Sequence[str]) -> list[Secret]:
        """The secrets of a site that are valid now."""
        return [self.open(each) for each in stored]


def check_signature(secrets: Sequence[Secret], body: bytes, headers: Headers, tolerance: float) -> None:
    """Refuse what none of the secrets signed; a clock that differs too much is told by how much."""
    _check_clock(headers.get("webhook-timestamp", ""), min(tolerance, LIBRARY_TOLERANCE))
    if not any(secret.signed(body, headers) for secret in secrets):
        detail = "The signature fits none of the site's secrets: Standard Webhooks, over exactly the body that is sent."
        raise _unproven("bad_signature", detail, "StandardWebhooks")


def check_token(secrets: Sequence[Secret], document: object) -> None:
    """Refuse a body without one of the site's secrets as its `token`."""
    token = document.get("token") if isinstance(document, dict) else None
    if not _is_any(secrets, token):
        raise _unproven("bad_token", "The body's `token` is none of the site's secrets.", "Token")


def check_bearer(secrets: Sequence[Secret], authorization: str) -> None:
    """Refuse a request without one of the site's secrets as its bearer token."""
    token = authorization[len(_BEARER) :].strip() if authorization.lower().startswith(_BEARER) else None
    if not _is_any(secrets, token):
        raise _unproven("bad_token", "The header must be `Authorization: Bearer <secret of the site>`.", "Bearer")


def _is_any(secrets: Sequence[Secret], token: object) -> bool:
    return isinstance(token, str) and any(secret.equals(token) for secret in secrets)


def _check_clock(timestamp: str, tolerance: float) -> None:
    try:
        ahead = float(timestamp) - time.time()
    except ValueError:
        return  # no time at all: the signature cannot fit either
    if abs(ahead) > tolerance:
        way = "ahead of" if ahead > 0 else "behind"
        detail = (
            f"webhook-timestamp is {abs(ahead):.0f} s {way} this server's clock, more than the {tolerance:.0f} s "
            "allowed: set the clocks, or send it anew."
        )
        raise _unproven("clock_skew", detail, "StandardWebhooks")


def _unproven(reason: str, detail: str, scheme: str) -> Refusal:
    return Refusal(Problem(401, reason, detail), {"WWW-Authenticate": scheme})
