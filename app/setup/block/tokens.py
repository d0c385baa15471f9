"""The block's encrypted tokens, opened with its key file (classes/endpoints.php of block_kuracloud v1.1.1)."""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from app.errors import Refused

KEY_LENGTH = 32
_BLOCK = 128


def decrypt(encrypted: str, key: bytes) -> str:
    """The token: AES-256-CBC without any proof that the key is right, so it has to be tried all the same.

    `encrypted` is the vector and the text, each in base64, with a colon between; the text was in base64 before
    already. Raises Refused.
    """
    if len(key) != KEY_LENGTH:
        raise Refused(
            f"The key file has {len(key)} bytes, and the block's key has {KEY_LENGTH}: is it the right file?"
        )
    vector, _, text = encrypted.partition(":")
    try:
        opened = Cipher(AES256(key), CBC(_decoded(vector))).decryptor()
        unpadded = PKCS7(_BLOCK).unpadder()
        clear = unpadded.update(opened.update(_decoded(_decoded(text))) + opened.finalize()) + unpadded.finalize()
        token = clear.decode("ascii")
    except (ValueError, binascii.Error):
        raise _wrong() from None
    if not token or not token.isprintable() or " " in token:
        raise _wrong()
    return token


def _decoded(text: str | bytes) -> bytes:
    return base64.b64decode(text, validate=True)


def _wrong() -> Refused:
    return Refused("The key file does not open the block's token: is it the key of this very Moodle?")
