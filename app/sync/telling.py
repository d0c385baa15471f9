"""Telling: alerts that are due go out by mail and by webhook, once each, as one message (docs/holds-and-alerts.md)."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from app.clients import announce, mail
from app.clients.mail import MailServer
from app.errors import KurasyncError, Refused
from app.kit import Kit
from app.settings import Settings
from app.store import alerts
from app.store.alerts import Alert, Channel
from app.sync import digest
from app.sync.alerting import no_longer_so, told_lately
from app.sync.backoff import Chance, backoff
from app.sync.connect import http

_log = structlog.get_logger()
_SLACK = 60.0

Send = Callable[[Kit, str, str, dict[str, Any], str, float], None]


def channels(settings: Settings) -> list[Channel]:
    """The ways that are set up."""
    given: list[tuple[Channel, str]] = [("mail", settings.smtp_host), ("webhook", settings.alert_webhook)]
    return [channel for channel, where in given if where]


def tell(kit: Kit, *, chance: Chance = random.random) -> int:
    """Tell what is due, after it has waited for others to join it; returns how many alerts went out.

    Taken before anything is sent, so that of several clocks one tells it. Killed meanwhile, it is told again, perhaps
    for the second time, when its time is over; what fails is tried again with growing pauses.
    """
    if not _is_time(kit):
        return 0
    with kit.database.transaction() as tx:
        taken = _take(kit, tx, kit.database.now(tx))
    ways = channels(kit.settings)
    failed = {channel for channel in ways if not _tell_by(kit, channel, _untold(taken, channel))}
    with kit.database.transaction() as tx:
        _settle(kit, tx, taken, failed, chance)
    return len(taken) if len(failed) < len(ways) else 0


def _is_time(kit: Kit) -> bool:
    settings = kit.settings
    with kit.database.reading() as tx:
        oldest, now = alerts.oldest_due(tx), kit.database.now(tx)
        if oldest is None or oldest > now - settings.alert_collect:
            return False
        return (alerts.last_told(tx) or 0.0) <= now - settings.alert_pause


def try_out(kit: Kit) -> dict[Channel, KurasyncError | None]:
    """Send a trial message each way now; by way, what went wrong. Raises Refused where no way is set up."""
    ways = channels(kit.settings)
    if not ways:
        raise Refused(
            "No way to tell anybody is set up: see KURASYNC_SMTP_HOST and KURASYNC_ALERT_WEBHOOK in "
            "docs/configuration.md.",
            reason="no_channel",
        )
    with kit.database.reading() as tx:
        now = kit.database.now(tx)
    text = "This is a trial. Alerts of kurasync come this way."
    body = {**digest.body([], now), "data": {"summary": text, "total": 0, "alerts": []}}
    found: dict[Channel, KurasyncError | None] = {}
    for channel in ways:
        try:
            _SENDERS[channel](kit, "kurasync: a trial", text, body, f"trial-{int(now * 1000)}", now)
            found[channel] = None
        except KurasyncError as error:
            found[channel] = error
    return found


def _take(kit: Kit, tx: Connection, now: float) -> list[Alert]:
    """What is to be told now: not what somebody was told lately, nor what is so no more; of the same, the newest."""
    settings = kit.settings
    taken = alerts.take(tx, now, now + mail.LIMIT + settings.connect_timeout + settings.call_timeout + _SLACK)
    untold = [alert for alert in taken if alert.mailed_at is None and alert.posted_at is None]
    gone = no_longer_so(tx, untold) if channels(settings) else {alert.id for alert in taken}
    first = [alert for alert in untold if alert.attempts == 1 and alert.id not in gone]
    latest = {(alert.kind, alert.topic): alert.id for alert in first}
    gone |= {alert.id for alert in first} - set(latest.values())
    lately = told_lately(tx, now - settings.alert_every)
    put_off = {number: lately[about] + settings.alert_every for about, number in latest.items() if about in lately}
    alerts.set_due(tx, [alert for alert in taken if alert.id in gone], None)
    alerts.put_off(tx, put_off)
    return [alert for alert in taken if alert.id not in gone and alert.id not in put_off]


def _untold(found: Sequence[Alert], channel: Channel) -> list[Alert]:
    return [alert for alert in found if (alert.mailed_at if channel == "mail" else alert.posted_at) is None]


def _tell_by(kit: Kit, channel: Channel, found: Sequence[Alert]) -> bool:
    """Whether these were told one way, or need not be."""
    if not found:
        return True
    shown = digest.distinct(found)
    with kit.database.reading() as tx:
        now = kit.database.now(tx)
    text = digest.text(shown, socket.gethostname())
    try:
        _SENDERS[channel](kit, digest.subject(shown), text, digest.body(shown, now), digest.message_id(found), now)
    except KurasyncError as error:
        _log.warning("alerts_not_told", channel=channel, alerts=len(found), reason=error.reason)
        return False
    except Exception:
        _log.exception("alerts_not_told", channel=channel, alerts=len(found))
        return False
    with kit.database.transaction() as tx:
        alerts.note_told(tx, kit.database.now(tx), channel, [alert.id for alert in found])
    _log.info("alerts_told", channel=channel, alerts=len(found))
    return True


def _settle(kit: Kit, tx: Connection, taken: Sequence[Alert], failed: set[Channel], chance: Chance) -> None:
    now = kit.database.now(tx)
    again = {alert.id: alert for channel in failed for alert in _untold(taken, channel)}
    alerts.set_due(tx, [alert for alert in taken if alert.id not in again], None)
    fewest = min((alert.attempts for alert in again.values()), default=1)
    alerts.set_due(tx, list(again.values()), now + backoff(kit.settings, fewest - 1, chance))


def _mail(kit: Kit, subject: str, text: str, _body: dict[str, Any], message_id: str, now: float) -> None:
    settings = kit.settings
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, settings.alert_from, settings.alert_to
    message["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    message["Message-ID"] = f"<{message_id}@{settings.alert_from.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    server = MailServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_security,
        settings.smtp_user,
        settings.smtp_password,
        timeout=settings.call_timeout,
        ca_file=settings.ca_file or None,
    )
    refused = mail.send(server, message)
    if refused:
        _log.warning("alert_recipients_refused", recipients=refused)


def _post(kit: Kit, _subject: str, _text: str, body: dict[str, Any], message_id: str, now: float) -> None:
    base_url, path = announce.split(kit.settings.alert_webhook)
    client = http(kit, base_url, "webhook")
    try:
        announce.post(client, path, kit.settings.alert_webhook_secret, message_id, now, body)
    finally:
        client.close()


_SENDERS: dict[Channel, Send] = {"mail": _mail, "webhook": _post}
