"""Every error of kurasync on one screen: a message for people, and a `reason` slug for counters and the audit log."""

from __future__ import annotations


class KurasyncError(Exception):
    """Something a person may have to read. `reason` is a stable slug; `message` a sentence that says what to do next.

    `origin` is the system it came from, "moodle" or "kuracloud", where a client raised it.
    """

    reason = "error"

    def __init__(self, message: str, *, reason: str | None = None, origin: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.origin = origin
        if reason is not None:
            self.reason = reason


class TransientError(KurasyncError):
    """It may work later without anybody doing anything (design.md 9).

    `retry_after` is in seconds, as the other side asked for. `acted` says whether the request may have been carried
    out all the same (time-out, reset after sending): then the next attempt must settle first (queue.md 5).
    """

    reason = "transient"

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        origin: str = "",
        retry_after: float | None = None,
        acted: bool = False,
    ) -> None:
        super().__init__(message, reason=reason, origin=origin)
        self.retry_after = retry_after
        self.acted = acted


class PermanentError(KurasyncError):
    """It stays as it is until a person acts."""

    reason = "permanent"


class ConnectionBroken(PermanentError):
    """A site or an instance refuses us: token, capability, REST switched off, redirect. Parks the connection."""

    reason = "connection_broken"


class CourseGone(PermanentError):
    """The course is not there on one side. Suspends this mapping and nothing else."""

    reason = "course_gone"


class RosterUnverified(PermanentError):
    """A read that may be incomplete: nothing may be derived from it (design.md 5, invariant 6)."""

    reason = "roster_unverified"


class BatchRefused(PermanentError):
    """kuraCloud refused a batch (400, 404, 409, 413, 422), perhaps after doing part of it: read again, then halve."""

    reason = "batch_refused"


class LeaseLost(KurasyncError):
    """Another run may already be working on this mapping: write nothing more (queue.md 3)."""

    reason = "lease_lost"


class RunStopped(KurasyncError):
    """The run was asked to stop (gate closed, shutting down, budget used up): release and go on later."""

    reason = "run_stopped"


class NotFound(KurasyncError):
    """There is no such site, instance, mapping, hold, run or event."""

    reason = "not_found"


class Refused(KurasyncError):
    """A verb that cannot be carried out as asked: already mapped, stale digest, a connection still in use."""

    reason = "refused"


class SettingsError(KurasyncError):
    """A setting is missing or cannot be used; the message names it."""

    reason = "settings"
