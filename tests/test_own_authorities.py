"""KURASYNC_CA_FILE: whose certificates are good for what is sent out."""

from __future__ import annotations

import ssl
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import ConnectionBroken, SettingsError
from app.kit import Kit
from app.settings import load
from app.setup import ground
from app.sync import connect
from tests.certificates import own_certificate
from tests.line_server import Line, listening


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_certificate(tmp_path_factory.mktemp("tls") / "own.pem")


def _answer(line: Line) -> None:
    while line.request():
        line.answer(b"[]")


def _asked(kit: Kit, certificate: Path) -> int:
    """The status of one request to a server with this certificate."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with listening(_answer, tls) as server, closing(connect.http(kit, server.url, "moodle")) as http:
        return http.send("GET", "/", writes=False).status


def test_an_unknown_authority_is_refused_and_the_setting_named(sqlite_kit: Kit, certificate: Path) -> None:
    with pytest.raises(ConnectionBroken, match="KURASYNC_CA_FILE") as refused:
        _asked(sqlite_kit, certificate)
    assert refused.value.reason == "certificate"


def test_one_that_the_setting_names_is_believed(sqlite_kit: Kit, certificate: Path) -> None:
    given = replace(sqlite_kit.settings, ca_file=str(certificate))
    assert _asked(replace(sqlite_kit, settings=given), certificate) == 200


def test_a_file_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="KURASYNC_CA_FILE must be a file that can be read"):
        load({"KURASYNC_CA_FILE": str(tmp_path / "nowhere.pem")})


def test_the_doctor_says_that_no_others_are_believed(sqlite_kit: Kit, certificate: Path) -> None:
    given = replace(sqlite_kit.settings, ca_file=str(certificate))
    (told,) = [check for check in ground.checks(given) if check.name == "certificates"]
    assert told.state == "note"
    assert "Only the 1 authority of" in told.message
