"""Secrets at rest: tokens and webhook secrets are encrypted with a key that is not in the database (design.md 10)."""

from __future__ import annotations

import hmac
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.errors import SettingsError
from app.settings import Settings


class Vault:
    """Encrypts with the first key, decrypts with any: keys are rotated by putting a new one in front.

    Raises SettingsError when a key is not a Fernet key.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        try:
            self._box = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise SettingsError(
                "The key (KURASYNC_SECRET_KEY, or the key file) is damaged: it is no Fernet key, 44 characters long. "
                "Restore it from your backup."
            ) from None

    def derived(self, purpose: str) -> list[bytes]:
        """A key for another purpose (32 bytes) out of each key, the newest first: none tells anything of the others."""
        return [hmac.digest(key.encode(), purpose.encode(), "sha256") for key in self._keys]

    def encrypt(self, text: str) -> str:
        """The text as it may be stored."""
        return self._box.encrypt(text.encode()).decode()

    def decrypt(self, text: str) -> str:
        """What was encrypted; raises SettingsError when no key fits."""
        try:
            return self._box.decrypt(text.encode()).decode()
        except InvalidToken:
            raise SettingsError(
                "A stored token or secret cannot be opened: the key (KURASYNC_SECRET_KEY, or the key file) is not the "
                "one it was stored with. Put that one back, or behind the new one, separated by a comma."
            ) from None


def key_file(settings: Settings) -> Path:
    """Where the key is kept when it is not in the environment."""
    return Path(settings.secret_key_file) if settings.secret_key_file else settings.home / "secret.key"


def load_keys(settings: Settings) -> tuple[str, ...]:
    """The keys, the newest first: from KURASYNC_SECRET_KEY, else from the key file.

    Raises SettingsError when there is none, or when the file can be read by others.
    """
    keys = _split(settings.secret_key or _read(key_file(settings)))
    if not keys:
        raise SettingsError("The key file is empty. Restore it: stored tokens cannot be opened without it.")
    return keys


def create_key_file(settings: Settings) -> Path:
    """Make a key file (0600) with a new key unless there is one already; it is never overwritten."""
    path = key_file(settings)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path
    with os.fdopen(handle, "wb") as file:
        file.write(Fernet.generate_key() + b"\n")
    return path


def _split(text: str) -> tuple[str, ...]:
    return tuple(key.strip() for key in text.replace("\n", ",").split(",") if key.strip())


def _read(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text()
    except FileNotFoundError:
        raise SettingsError(
            f"There is no key {path.absolute()}. Type the command in the folder where kurasync runs, or name its home "
            "in KURASYNC_HOME. If the key was lost, restore it from your backup; if kurasync is new here, run "
            "`kurasync db upgrade`."
        ) from None
    except OSError as error:
        raise SettingsError(f"The key file {path} cannot be read: {error.strerror}.") from None
    if stat.S_IMODE(mode) & 0o077:
        raise SettingsError(f"The key file {path} can be read by others: run `chmod 600 {path}`.")
    return text
