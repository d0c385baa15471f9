"""Secrets at rest: encrypted with the newest key, opened with any, and never with a key that others can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.errors import SettingsError
from app.settings import Settings
from app.store.vault import Vault, create_key_file, load_keys

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


def test_what_was_encrypted_opens_again_and_does_not_show() -> None:
    vault = Vault([NEW])
    sealed = vault.encrypt("a token")
    assert "a token" not in sealed
    assert vault.decrypt(sealed) == "a token"


def test_a_new_key_in_front_still_opens_what_the_old_one_sealed() -> None:
    sealed = Vault([OLD]).encrypt("a token")
    rotated = Vault([NEW, OLD])
    assert rotated.decrypt(sealed) == "a token"
    assert Vault([NEW]).decrypt(rotated.encrypt("another")) == "another"


def test_a_key_that_does_not_fit_is_said_in_words() -> None:
    with pytest.raises(SettingsError, match="not the one it was stored with"):
        Vault([OTHER]).decrypt(Vault([OLD]).encrypt("a token"))


def test_a_key_that_is_none_is_said_in_words() -> None:
    with pytest.raises(SettingsError, match="no Fernet key"):
        Vault(["short"])


def test_keys_come_from_the_environment_first(tmp_path: Path) -> None:
    create_key_file(Settings(home=tmp_path))
    assert load_keys(Settings(home=tmp_path, secret_key=f"{NEW}, {OLD}")) == (NEW, OLD)


def test_the_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    path = create_key_file(settings)
    first = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert create_key_file(settings).read_text() == first
    assert load_keys(settings) == (first.strip(),)


def test_another_key_file_may_be_named(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", secret_key_file=str(tmp_path / "keys"))
    assert create_key_file(settings) == tmp_path / "keys"
    assert len(load_keys(settings)) == 1


def test_no_key_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="run `kurasync db upgrade`"):
        load_keys(Settings(home=tmp_path))


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    os.chmod(create_key_file(settings), 0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_keys(settings)


def test_a_key_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_keys(Settings(home=tmp_path, secret_key_file=str(tmp_path)))


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    create_key_file(settings).write_text("\n")
    with pytest.raises(SettingsError, match="empty"):
        load_keys(settings)
