"""Settings: what cannot be used is refused before anything starts, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import settings
from app.errors import SettingsError


def refusal(name: str, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        settings.load({f"KURASYNC_{name}": text})
    return caught.value.message


def test_every_default_reads_back_as_itself() -> None:
    written = {name: default for name, default, _ in settings.table()}
    assert settings.load(written) == settings.Settings()


def test_the_environment_is_read() -> None:
    given = {"KURASYNC_HOME": "/srv/kurasync", "KURASYNC_QUIET": "1.5", "KURASYNC_ALLOW_HTTP": "Yes", "OTHER": "1"}
    read = settings.load(given)
    assert (read.home, read.quiet, read.allow_http) == (Path("/srv/kurasync"), 1.5, True)


@pytest.mark.parametrize(
    ("name", "text", "must_be"),
    [
        ("PORT", "abc", "a whole number from 0 to 65535"),
        ("PORT", "65536", "a whole number from 0 to 65535"),
        ("PORT", "1.5", "a whole number from 0 to 65535"),
        ("WORKERS", "0", "a whole number, 1 or more"),
        ("PAGE_SIZE", "1", "a whole number, 2 or more"),
        ("QUIET", "-1", "a number, 0 or more"),
        ("QUIET", "nan", "a number, 0 or more"),
        ("QUIET", "inf", "a number, 0 or more"),
        ("TICK", "0", "a number, 0.05 or more"),
        ("LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("LOG_JSON", "maybe", "yes or no"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_what_it_must_be(name: str, text: str, must_be: str) -> None:
    assert refusal(name, text) == f"KURASYNC_{name} must be {must_be}, not {text!r}."


@pytest.mark.parametrize("text", ["nowhere", "127.0.0.1:6379", "http://:hunter2@redis"])
def test_what_is_no_redis_url_is_refused_and_not_repeated(text: str) -> None:
    message = refusal("REDIS_URL", text)
    assert "redis://host:6379/0" in message
    assert text not in message


@pytest.mark.parametrize("text", ["", "redis://host:6379/0", "rediss://host", "unix:///run/redis.sock"])
def test_urls_of_a_redis_are_taken(text: str) -> None:
    assert settings.load({"KURASYNC_REDIS_URL": text}).redis_url == text


def test_levels_are_taken_in_any_case() -> None:
    assert settings.load({"KURASYNC_LOG_LEVEL": "WARNING"}).log_level == "warning"
