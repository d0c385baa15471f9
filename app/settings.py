"""The one table of settings (name, default, help) and the only reader of the environment."""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.errors import SettingsError

_LEVELS = ("debug", "info", "warning", "error")
_SECURITIES = ("starttls", "tls", "none")
_CARRIERS = ("redis://", "rediss://", "unix://")
_TOGETHER = (
    ("smtp_host", "alert_from"),
    ("smtp_host", "alert_to"),
    ("smtp_user", "smtp_password"),
    ("alert_webhook", "alert_webhook_secret"),
)
_Parse = Callable[[str], Any]


def _flag(text: str) -> bool:
    """Raises ValueError saying what it must be, as all of these do."""
    truths = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.strip().lower() not in truths:
        raise ValueError("yes or no")
    return truths[text.strip().lower()]


def _number(kind: type[int] | type[float], least: float, most: float) -> _Parse:
    whole = "whole " if kind is int else ""
    must_be = f"a {whole}number" + (f", {least:g} or more" if most == math.inf else f" from {least:g} to {most:g}")

    def parse(text: str) -> Any:
        try:
            number = kind(text)
        except ValueError:
            raise ValueError(must_be) from None
        # Written this way round, it refuses "nan" too.
        if not (least <= number <= most and math.isfinite(number)):
            raise ValueError(must_be)
        return number

    return parse


def _level(text: str) -> str:
    if text.lower() not in _LEVELS:
        raise ValueError(f"one of {', '.join(_LEVELS)}")
    return text.lower()


def _redis_url(text: str) -> str:
    if text and not text.startswith(_CARRIERS):
        raise ValueError("a URL such as redis://host:6379/0 or unix:///folder/redis.sock")
    return text


def _web_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = not text or (parts.scheme in ("http", "https") and bool(parts.hostname))
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("a URL such as https://host/path")
    return text


def _smtp_security(text: str) -> str:
    if text.lower() not in _SECURITIES:
        raise ValueError(f"one of {', '.join(_SECURITIES)}")
    return text.lower()


def _addresses(text: str) -> str:
    each = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all("@" in part and part.isprintable() and not any(sign in part for sign in " <>;") for part in each):
        raise ValueError("e-mail addresses without names, separated by commas")
    return ", ".join(each)


def _address(text: str) -> str:
    if "," in text:
        raise ValueError("one e-mail address without a name")
    return _addresses(text)


def _webhook_secret(text: str) -> str:
    try:
        usable = not text or bool(base64.b64decode(text.removeprefix("whsec_"), validate=True))
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("whsec_ and base64")
    return text


def _readable(text: str) -> str:
    if text and not (Path(text).is_file() and os.access(text, os.R_OK)):
        raise ValueError("a file that can be read")
    return text


def _setting(
    default: Any,
    about: str,
    *,
    parse: _Parse | None = None,
    secret: bool = False,
    least: float = 0,
    most: float = math.inf,
) -> Any:
    if parse is None and type(default) in (int, float):
        parse = _number(type(default), least, most)
    return field(default=default, repr=not secret, metadata={"about": about, "parse": parse or str, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is read from `KURASYNC_<NAME>`; times are seconds unless the name says otherwise."""

    home: Path = _setting(Path("var"), "folder of the database, the private Redis and the key file", parse=Path)
    database_url: str = _setting("", "SQLAlchemy URL; empty: SQLite in the home folder", secret=True)
    redis_url: str = _setting(
        "", "redis:// or unix:// URL; empty: `kurasync up` starts a private Redis", parse=_redis_url, secret=True
    )
    secret_key: str = _setting(
        "", "Fernet key(s) that encrypt tokens and secrets, the newest first, separated by commas", secret=True
    )
    secret_key_file: str = _setting("", "file (mode 0600) with the key(s); empty: secret.key in the home folder")
    host: str = _setting("127.0.0.1", "address the web server listens on")
    port: int = _setting(8765, "port the web server listens on; 0: a free one", most=65535)
    web_threads: int = _setting(8, "threads of the web server", least=1)
    workers: int = _setting(4, "worker processes", least=1)
    worker_rest: int = _setting(
        60,
        "seconds without work after which a worker that has worked makes room for a fresh one, a third its size",
        least=1,
    )
    log_level: str = _setting("info", "debug, info, warning or error", parse=_level)
    log_json: bool = _setting(True, "log lines as JSON, but for those on a terminal; off: never", parse=_flag)
    log_file: str = _setting(
        "", "where `kurasync up` keeps its last log lines; empty: kurasync.log in the home folder; none: nowhere"
    )
    allow_http: bool = _setting(False, "allow http:// for hosts other than this machine", parse=_flag)
    ca_file: str = _setting(
        "",
        "file (PEM) with the authorities whose certificates are good, in place of the usual ones",
        parse=_readable,
    )

    quiet: float = _setting(3.0, "how long an event settles before its course is looked at")
    cap: float = _setting(15.0, "the longest that a stream of events can put off a look")
    tick: float = _setting(0.5, "how often the clock puts due work on the queue", least=0.05)
    window: int = _setting(40, "how many jobs Redis may hold; at least 10 for each worker", least=1)
    lease: float = _setting(120.0, "how long a run may go without renewing its claim")
    connect_timeout: float = _setting(5.0, "time-out for connecting to Moodle and kuraCloud")
    call_timeout: float = _setting(20.0, "time-out for an answer of Moodle or kuraCloud")
    grace: float = _setting(60.0, "how long a sent request may still arrive; a lease outlasts call time-out + grace")
    grace_dead: float = _setting(30.0, "how long the work of a worker that died stays reserved")
    settle: float = _setting(60.0, "pause after a write whose answer was lost")
    backoff: float = _setting(5.0, "first pause after a failure; doubles, with full jitter")
    backoff_max: float = _setting(900.0, "longest pause after a failure")
    dead_after: float = _setting(86400.0, "how long work must have failed before it is given up ...")
    dead_attempts: int = _setting(8, "... and how often", least=1)
    dead_crashes: int = _setting(5, "crashes in a row after which work is given up", least=1)
    recheck: float = _setting(600.0, "one more look this long after an unclean end")
    quieten: float = _setting(600.0, "how long removals wait after Moodle says that a course is being deleted or reset")
    recheck_unsigned: float = _setting(60.0, "one more look this long after an event sent before Moodle's commit")
    run_budget: float = _setting(900.0, "longest time of one run")
    job_timeout: int = _setting(1800, "RQ's time-out for a job, a backstop only", least=1)
    reconcile: float = _setting(21600.0, "how often each mapping is compared without an event")
    export_patience: float = _setting(900.0, "longest time that kuraCloud may take for an export of grades")
    preview_patience: float = _setting(120.0, "... and the longest that a preview of grades waits for one")
    touched_most: int = _setting(20, "most users named by events who are read alone; beyond, the whole course is")
    probe_interval: float = _setting(60.0, "how often a parked connection is tried again")
    retention_days: int = _setting(30, "how many days events, runs and decided holds are kept", least=1)
    audit_anchor: str = _setting("", "file that remembers the audit's seals; empty: audit.anchor in the home folder")
    seal_every: float = _setting(60.0, "how often the clock seals the audit", least=1)
    runs_per_instance: int = _setting(2, "runs at a time on one kuraCloud instance", least=1)
    batch_size: int = _setting(200, "students in one request to kuraCloud", least=1)
    page_size: int = _setting(200, "users in one page of a Moodle roster", least=2)
    max_body: int = _setting(1048576, "largest body the receiver takes, in bytes", least=1)
    max_events: int = _setting(1000, "most events in one delivery", least=1)
    max_depth: int = _setting(20, "deepest nesting in a delivery", least=1)
    tolerance: float = _setting(300.0, "largest clock difference of a signed delivery")
    late_after: float = _setting(30.0, "work that is due for longer is called late")
    smtp_host: str = _setting("", "mail server that alerts are sent by; empty: none are mailed")
    smtp_port: int = _setting(587, "its port: 587 with starttls, 465 with tls, 25 with none", least=1, most=65535)
    smtp_security: str = _setting("starttls", "starttls, tls or none", parse=_smtp_security)
    smtp_user: str = _setting("", "user name at the mail server; empty: it asks for none")
    smtp_password: str = _setting("", "... and the password", secret=True)
    alert_from: str = _setting("", "address that alerts are mailed from", parse=_address)
    alert_to: str = _setting("", "address(es) that alerts are mailed to, separated by commas", parse=_addresses)
    alert_webhook: str = _setting(
        "", "URL that alerts are posted to; empty: none are posted", parse=_web_url, secret=True
    )
    alert_webhook_secret: str = _setting(
        "", "whsec_... that signs them (Standard Webhooks)", parse=_webhook_secret, secret=True
    )
    alert_every: float = _setting(21600.0, "the same is not told again within this time")
    alert_collect: float = _setting(30.0, "how long alerts are gathered before they are told as one message ...")
    alert_pause: float = _setting(600.0, "... and the least time between two messages")
    public_url: str = _setting(
        "", "address at which people reach the console, such as https://kurasync.example.edu", parse=_web_url
    )
    session_idle: float = _setting(28800.0, "seconds without a request after which somebody is signed out ...")
    session_longest: float = _setting(604800.0, "... and the longest that anybody stays signed in")
    task_kept: float = _setting(3600.0, "how long the result of a preview is kept")
    course_pages: bool = _setting(
        True, "whether teachers see and steer their courses from within Moodle", parse=_flag
    )
    metrics_token: str = _setting("", "bearer token that /metrics asks for; empty: none", secret=True)
    silent_hours: float = _setting(72.0, "hours without an event after which a site is called silent; 0: never")

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.home.absolute() / 'kurasync.db'}"

    @property
    def console_url(self) -> str:
        """Where people reach the console."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def anchor(self) -> Path:
        """The file that remembers the audit's seals."""
        return Path(self.audit_anchor) if self.audit_anchor else self.home / "audit.anchor"

    @property
    def log_path(self) -> Path | None:
        """Where `kurasync up` keeps log lines; None: nowhere."""
        if self.log_file.lower() == "none":
            return None
        return Path(self.log_file) if self.log_file else self.home / "kurasync.log"

    @property
    def need(self) -> float:
        """Seconds a lease must still have before a request may be sent (queue.md 4)."""
        return self.call_timeout + self.grace


def variable(name: str) -> str:
    """The environment variable of a setting: `quiet` -> `KURASYNC_QUIET`."""
    return f"KURASYNC_{name.upper()}"


def table() -> list[tuple[str, str, str]]:
    """Rows (variable, default, help) for documentation and `--help`."""
    return [(variable(each.name), str(each.default), str(each.metadata["about"])) for each in fields(Settings)]


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from the environment; keyword arguments win.

    Raises SettingsError naming the variable that cannot be read, or that nobody knows.
    """
    given = os.environ if environ is None else environ
    known = {variable(each.name): each for each in fields(Settings)}
    unknown = sorted(name for name in given if name.startswith("KURASYNC_") and name not in known)
    if unknown:
        raise SettingsError(f"{unknown[0]} is not a setting of kurasync. See docs/configuration.md for the list.")
    values = {each.name: _read(name, given[name], each.metadata) for name, each in known.items() if name in given}
    return _checked(Settings(**{**values, **overrides}))


def _read(name: str, text: str, metadata: Mapping[str, Any]) -> Any:
    try:
        return metadata["parse"](text)
    except ValueError as error:
        # A URL may hold a password.
        given = "" if metadata["secret"] else f", not {text!r}"
        raise SettingsError(f"{name} must be {error}{given}.") from None


def _checked(settings: Settings) -> Settings:
    if settings.lease <= settings.need:
        raise SettingsError(
            f"KURASYNC_LEASE ({settings.lease:g} s) must be longer than KURASYNC_CALL_TIMEOUT + KURASYNC_GRACE "
            f"({settings.need:g} s): else no run could ever write."
        )
    if settings.smtp_user and settings.smtp_security == "none":
        raise SettingsError("KURASYNC_SMTP_USER needs KURASYNC_SMTP_SECURITY=starttls or tls: a password is sent.")
    for given, needed in _TOGETHER:
        if getattr(settings, given) and not getattr(settings, needed):
            raise SettingsError(f"{variable(given)} needs {variable(needed)} too.")
    return settings
