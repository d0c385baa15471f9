"""Real worker processes with a verb of a few lines, which brings a tests.ledger in step.

`python -m tests.small_worker` is `kurasync worker` with it; LEDGER_URL names the ledger. What the verb reads may
hold orders: {"writes": n} so many of them, {"pause": s} between them; {"die": true} kills the process before its first
write; {"freeze": true} stops the process (SIGSTOP) between the check of its lease and the sending of its first write.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial

from app import log, settings
from app.clients.http import Http
from app.kit import Kit
from app.sync.lease import Ended, Lease
from workers.process import work
from workers.supervisor import supervise


def bring_in_step(kit: Kit, lease: Lease) -> Ended:
    """Read what should be there and write it, as often as it is told to."""
    fence = Fence(lease)
    http = Http(
        os.environ["LEDGER_URL"],
        "kuracloud",
        connect_timeout=kit.settings.connect_timeout,
        call_timeout=kit.settings.call_timeout,
        fence=fence,
    )
    try:
        return _bring_in_step(http, lease, fence)
    finally:
        http.close()


class Fence:
    """The lease's check, behind which the process may be made to stop."""

    def __init__(self, lease: Lease) -> None:
        self.freezes = False
        self._check: Callable[[], None] = lease.check

    def __call__(self) -> None:
        self._check()
        if self.freezes:
            self.freezes = False
            os.kill(os.getpid(), signal.SIGSTOP)


def _bring_in_step(http: Http, lease: Lease, fence: Fence) -> Ended:
    path = f"/{lease.mapping_id}"
    seen = http.send("GET", path, writes=False).json()
    if seen.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    fence.freezes = seen.get("freeze", False)
    lease.wrote = True
    for _ in range(seen.get("writes", 1)):
        http.send("PUT", path, writes=True, body={"version": seen["version"], "fence": lease.claim.fence})
        time.sleep(seen.get("pause", 0.0))
    return Ended()


def main() -> None:
    """The crew."""
    given = settings.load()
    log.configure(given)
    supervise(given, partial(work, verbs={"roster": bring_in_step}))


if __name__ == "__main__":
    main()
