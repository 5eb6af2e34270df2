"""Sealing of secret fields, and a keyed digest to find equals without opening them.

Keys are Fernet keys (32 bytes, urlsafe base64), newest first. Rotation: put a new key in front, bring what is stored
under it (`storage.reseal`), then take old keys away. Digests hang on a key of their own that never changes, for what
was digested is not kept to be digested again; unless it is given, it is the last and oldest of the keys.
cryptography is imported at the first use, to keep cold starts short.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet

KEY_BYTES = 32
Keys = str | Sequence[str]
DIGEST_PURPOSE = b"chusho119 digest of a secret field, 1"


class SealBroken(Exception):
    """Sealed with a key we do not have, or changed since."""

    retryable = False


def new_key() -> str:
    """A fresh key for FIELD_KEYS."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode("ascii")


class Vault:
    """Seals and opens with `keys`, newest first; ValueError when one is not a key or there is none."""

    def __init__(self, keys: Sequence[str], digest_key: str = "") -> None:
        """`digest_key`: what digests hang on; empty for the last of `keys`."""
        if not keys:
            raise ValueError("FIELD_KEYS holds no key")
        self._keys = [_decoded(key) for key in keys]
        self._digests = _decoded(digest_key) if digest_key else self._keys[-1]

    def seal(self, plain: bytes) -> bytes:
        """`plain` encrypted and authenticated under the newest key; ASCII bytes."""
        return self._fernet.encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        """What was sealed, under any of the keys; SealBroken otherwise."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise SealBroken from None

    def seal_json(self, value: Any) -> bytes:
        """A JSON value, sealed."""
        return self.seal(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

    def open_json(self, sealed: bytes) -> Any:
        """The value `seal_json` sealed; SealBroken otherwise."""
        return json.loads(self.open(sealed))

    def rotate(self, sealed: bytes) -> bytes:
        """The same content under the newest key; SealBroken when no key opens it."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.rotate(sealed)
        except InvalidToken:
            raise SealBroken from None

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the newest key opens it; SealBroken when no key does."""
        from cryptography.fernet import InvalidToken

        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            self.open(sealed)
            return False
        return True

    def digest(self, value: bytes | str) -> str:
        """HMAC-SHA256 as 64 hex digits: equal for equal values, useless without the digest key."""
        plain = value.encode() if isinstance(value, str) else value
        return hmac.new(self._digest_key, plain, hashlib.sha256).hexdigest()

    @cached_property
    def _newest(self) -> "Fernet":
        from cryptography.fernet import Fernet

        return Fernet(base64.urlsafe_b64encode(self._keys[0]))

    @cached_property
    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in self._keys])

    @cached_property
    def _digest_key(self) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        derive = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=DIGEST_PURPOSE)
        return derive.derive(self._digests)


def oldest_first(keys: Keys) -> list[str]:
    """One signing key or several, the newest first, in the order in which itsdangerous takes them."""
    return [keys] if isinstance(keys, str) else list(reversed(keys))


def _decoded(key: str) -> bytes:
    try:
        raw = base64.b64decode(key.strip(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ValueError("a key of FIELD_KEYS is not 32 bytes of urlsafe base64")
    return raw
