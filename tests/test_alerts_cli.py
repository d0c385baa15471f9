"""`kurasync alerts`: what was told, and a trial of each way."""

from __future__ import annotations

import pytest

from app import settings
from app.errors import SettingsError
from app.store import alerts
from tests.alarm import SECRET, Hook
from tests.fixtures_desk import Desk
from tests.line_server import listening
from tests.post_office import open_post_office


def tell_by(desk: Desk, **given: object) -> None:
    """Settings of the commands."""
    desk.environ |= {settings.variable(name): str(value) for name, value in given.items()}


def mail(port: int) -> dict[str, object]:
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "alert_from": "kurasync@example.edu",
        "alert_to": "it@example.edu",
    }


def test_alerts_are_listed_the_newest_first_with_what_became_of_them(desk: Desk) -> None:
    with desk.kit.database.transaction() as tx:
        now = desk.kit.database.now(tx)
        for topic in ("told", "gone", "failed", "put off", "new"):
            alerts.add(tx, now, "drift", topic, f"About {topic}.")
        told, gone, failed, put_off, _ = alerts.take(tx, now, now + 60)
        alerts.note_told(tx, now, "mail", [told.id])
        alerts.note_told(tx, now, "webhook", [told.id])
        alerts.set_due(tx, [told, gone], None)
        alerts.put_off(tx, {put_off.id: now + 3600, 5: now})
    found = desk.json("alerts", "list")
    assert [line["topic"] for line in found] == ["new", "put off", "failed", "gone", "told"]
    assert [line["state"] for line in found] == [
        "about to be",
        "waits, since the same was told lately",
        "is tried again",
        "no: put right, told before, or nobody to tell",
        "mail and webhook",
    ]
    assert failed.topic == "failed"
    shown = desk.done("alerts", "list", "--limit", "2")
    assert "About new." in shown
    assert "About failed." not in shown


def test_where_nobody_is_told_the_list_says_so(desk: Desk) -> None:
    shown = desk.done("alerts", "list")
    assert "Nothing had to be told lately." in shown
    assert "Nobody is told" in shown


def test_a_trial_goes_each_way_that_is_set_up(desk: Desk) -> None:
    hook = Hook()
    with open_post_office() as office, listening(hook.talk) as server:
        tell_by(desk, **mail(office.port), alert_webhook=server.url, alert_webhook_secret=SECRET)
        shown = desk.done("alerts", "test")
        assert "mail: 127.0.0.1 took a message to it@example.edu." in shown
        assert "webhook: a signed message was taken." in shown
        assert (office.messages[0]["Subject"], len(hook.requests)) == ("kurasync: a trial", 1)
        assert desk.json("alerts", "test") == [
            {"way": "mail", "sent": True, "error": None},
            {"way": "webhook", "sent": True, "error": None},
        ]


def test_a_trial_that_is_refused_ends_with_1_and_says_what_to_do(desk: Desk) -> None:
    hook = Hook(status="403 Forbidden")
    with listening(hook.talk) as server:
        tell_by(desk, alert_webhook=f"{server.url}/a-secret-path", alert_webhook_secret=SECRET)
        done = desk.run("alerts", "test")
        assert done.exit_code == 1
        assert "refused with the status 403" in done.stdout
        assert "a-secret-path" not in done.output


def test_a_trial_that_reaches_nobody_ends_with_4(desk: Desk) -> None:
    with open_post_office() as office:
        tell_by(desk, **mail(office.port))
    done = desk.run("alerts", "test")
    assert (done.exit_code, "cannot be reached" in done.stdout) == (4, True)


def test_a_trial_without_any_way_says_what_to_set(desk: Desk) -> None:
    done = desk.run("alerts", "test")
    assert (done.exit_code, "KURASYNC_SMTP_HOST" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("name", "text", "must_be"),
    [
        ("ALERT_TO", "Ada <ada@example.edu>", "e-mail addresses without names, separated by commas"),
        ("ALERT_TO", "it@example.edu,", "e-mail addresses without names, separated by commas"),
        ("ALERT_FROM", "a@example.edu, b@example.edu", "one e-mail address without a name"),
        ("ALERT_WEBHOOK", "hooks.example.edu/one", "a URL such as https://host/path"),
        ("ALERT_WEBHOOK", "https://[", "a URL such as https://host/path"),
        ("ALERT_WEBHOOK_SECRET", "whsec_not base64", "whsec_ and base64"),
        ("SMTP_SECURITY", "ssl", "one of starttls, tls, none"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(name: str, text: str, must_be: str) -> None:
    with pytest.raises(SettingsError, match=must_be) as refusal:
        settings.load({f"KURASYNC_{name}": text})
    assert ("WEBHOOK" in name) == (text not in refusal.value.message)


def test_a_password_is_never_sent_unencrypted() -> None:
    given = {"KURASYNC_SMTP_USER": "me", "KURASYNC_SMTP_PASSWORD": "x", "KURASYNC_SMTP_SECURITY": "none"}
    with pytest.raises(SettingsError, match="needs KURASYNC_SMTP_SECURITY=starttls or tls"):
        settings.load(given)


def test_half_a_setting_is_told_before_anything_starts(desk: Desk) -> None:
    tell_by(desk, smtp_host="post.example.edu")
    done = desk.run("alerts", "list")
    assert (done.exit_code, "KURASYNC_SMTP_HOST needs KURASYNC_ALERT_FROM too." in done.stderr) == (1, True)
