"""One way out over HTTP: kept-alive connections, a fence before each request, and errors that say what to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

import requests

from app import metrics
from app.clients import failures
from app.clients.answer import Answer, NotJson
from app.clients.fence import Fence, FencingAdapter, NotSent
from app.clients.peer import Origin, peer
from schemas.wire import WrongShape

LARGEST_ANSWER = 64  # MiB
_PIECE = 65_536
_Shape = TypeVar("_Shape")


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """No target: a redirect is an answer like others. Following one would turn Moodle's POST into a GET."""


class Http:
    """The connection to one Moodle, kuraCloud or webhook; made after a fork, used for many calls.

    `connect_timeout` and `call_timeout` are seconds; the latter bounds a whole answer. `fence` is called before every
    request, on a connection that stands (queue.md 5). `ca_file` replaces the usual certificate authorities. Raises
    ConnectionBroken when nothing may be sent to the address.
    """

    def __init__(
        self,
        base_url: str,
        origin: Origin,
        *,
        connect_timeout: float,
        call_timeout: float,
        allow_http: bool = False,
        fence: Fence | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self.peer = peer(origin, base_url, allow_http=allow_http)
        self._timeouts = (connect_timeout, call_timeout)
        self._session = _session(FencingAdapter(fence or _open, call_timeout), ca_file)

    def send(
        self,
        method: str,
        path: str,
        *,
        writes: bool,
        headers: Mapping[str, str] | None = None,
        form: list[tuple[str, str]] | None = None,
        body: object = None,
        content: bytes | None = None,
    ) -> Answer:
        """Send one request, once; `form` goes as a form, `body` as JSON, `content` as it is.

        Raises TransientError when no answer comes, one that is too large, or one that says "not now" (408, 429, 5xx);
        `acted` is set where the request `writes` and may have been carried out, or still may be. Raises
        ConnectionBroken on a redirect and on a certificate that can't be verified. Other statuses are the caller's.
        """
        began = time.monotonic()
        try:
            with self._session.request(
                method,
                self.peer.base_url + path,
                headers=headers,
                data=form if content is None else content,
                json=body,
                timeout=self._timeouts,
                stream=True,
            ) as response:
                answer = Answer(response.status_code, response.headers, self._content(response, writes))
        except NotSent as error:
            self._count(None, began)
            raise failures.unreachable(self.peer, error.cause) from error
        except requests.RequestException as error:
            self._count(None, began)
            raise failures.no_answer(self.peer, error, writes=writes) from error
        self._count(answer.status, began)
        if 300 <= answer.status < 400:
            raise failures.redirected(self.peer, path, answer.headers.get("Location", ""))
        if answer.status in (408, 429) or answer.status >= 500:
            raise failures.not_now(self.peer, answer, writes=writes)
        return answer

    def understood(self, answer: Answer, read: Callable[[object], _Shape], *, writes: bool) -> _Shape:
        """What `read` (schemas) makes of the JSON of an answer; raises TransientError or PermanentError."""
        try:
            return read(answer.json())
        except NotJson:
            raise failures.not_json(self.peer, writes=writes) from None
        except WrongShape as shape:
            raise failures.odd_answer(self.peer, shape, writes=writes) from None

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self._session.close()

    def _count(self, status: int | None, began: float) -> None:
        metrics.called(self.peer.origin, status, time.monotonic() - began)

    def _content(self, response: requests.Response, writes: bool) -> bytes:
        content = bytearray()
        for piece in response.iter_content(_PIECE):
            content += piece
            if len(content) > LARGEST_ANSWER << 20:
                raise failures.too_large(self.peer, LARGEST_ANSWER, writes=writes)
        return bytes(content)


def _session(adapter: FencingAdapter, ca_file: Path | None) -> _Session:
    session = _Session()
    session.trust_env = False
    session.verify = str(ca_file) if ca_file else True
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"Accept": "application/json", "User-Agent": f"kurasync/{_version()}"})
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _open() -> None:
    """The fence of whoever needs none."""


def _version() -> str:
    try:
        return version("kurasync")
    except PackageNotFoundError:
        return "uninstalled"
