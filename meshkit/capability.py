"""Signed, expiring capabilities: who holds the text may use one named resource until it expires.

The text is ``{key id}.{expiry}.{subject}.{grants}.{mac}``, for example
``k1.1764000000.01JD4Q8Z7Y1V9K2M5N6P7R8S9T.128-192-flac.Jq0n…`` with the grants joined by ``-``.
It is one URL path segment. The MAC (HMAC-SHA256 cut to 128 bits) covers every field and the
resource, which the text does not carry: the verifier names it.

The fields are readable so that a CDN's log can be added up by subject; the text as a whole is a
bearer secret until it expires and stays out of logs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_MAC_BYTES = 16
_KEY_BYTES = 32
_CONTEXT = b"segue capability v1"
_KEY_ID = re.compile(r"[A-Za-z0-9_]{1,16}", re.ASCII)
_SUBJECT = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_GRANT = re.compile(r"[a-z0-9_]{1,16}", re.ASCII)
_TEXT = re.compile(
    r"(?P<key_id>[A-Za-z0-9_]{1,16})"
    r"\.(?P<expiry>[1-9][0-9]{0,11})"
    r"\.(?P<subject>[A-Za-z0-9_-]{1,64})"
    r"\.(?P<grants>[a-z0-9_]{1,16}(?:-[a-z0-9_]{1,16}){0,15})"
    r"\.(?P<mac>[A-Za-z0-9_-]{22})",
    re.ASCII,
)


class CapabilityError(Exception):
    """The capability gives no access; its words hold no part of the text."""


class CapabilityInvalid(CapabilityError):
    """Malformed, altered, signed by an unknown key, or made for another resource."""


class CapabilityExpired(CapabilityError):
    """Genuine and made for this resource, but its time is over; ``capability`` says whose."""

    def __init__(self, capability: Capability) -> None:
        super().__init__("the capability has expired")
        self.capability = capability


class KeysUnusable(Exception):
    """The key file cannot be read or does not hold what it should; never quotes a key."""


@dataclass(frozen=True, slots=True)
class Capability:
    """What a verified capability says: until when (unix seconds), for whom, and what."""

    key_id: str
    expires_at: int
    subject: str
    grants: tuple[str, ...]


class CapabilityKeys:
    """The signing keys: ``current`` signs, every listed one verifies.

    ``keys`` maps a key id (1 to 16 of A-Z, a-z, 0-9 and '_') to 32 secret bytes.
    """

    def __init__(self, current: str, keys: Mapping[str, bytes]) -> None:
        for key_id, key in keys.items():
            if not _KEY_ID.fullmatch(key_id):
                raise KeysUnusable("a key id is not 1 to 16 of A-Z, a-z, 0-9 and '_'")
            if len(key) != _KEY_BYTES:
                raise KeysUnusable(f"key {key_id} is not {_KEY_BYTES} bytes long")
        if current not in keys:
            raise KeysUnusable("the current key is not among the keys")
        self._current = current
        self._keys = dict(keys)

    def __repr__(self) -> str:
        return f"CapabilityKeys(current={self._current!r}, keys={sorted(self._keys)!r})"

    @classmethod
    def from_json(cls, text: str) -> CapabilityKeys:
        """Keys of ``{"current": "k1", "keys": {"k1": "<base64 of 32 bytes>"}}``.

        Raises KeysUnusable.
        """
        try:
            document = json.loads(text)
            current = document["current"]
            encoded = dict(document["keys"])
            keys = {str(k): base64.b64decode(v, validate=True) for k, v in encoded.items()}
        except (ValueError, TypeError, KeyError, binascii.Error):
            # The decoder's own words may quote the document, which is secret.
            raise KeysUnusable('not of the form {"current": ID, "keys": {ID: BASE64}}') from None
        return cls(str(current), keys)

    def mint(self, *, subject: str, grants: Sequence[str], resource: str, expires_at: int) -> str:
        """The text of a capability for ``resource`` until ``expires_at`` (unix seconds).

        ``subject`` is 1 to 64 of A-Z, a-z, 0-9, '-' and '_'; ``grants`` are 1 to 16 different words
        of a-z, 0-9 and '_'. Raises ValueError for others.
        """
        if not _SUBJECT.fullmatch(subject):
            raise ValueError("subject: 1 to 64 of A-Z, a-z, 0-9, '-' and '_'")
        if not 1 <= len(set(grants)) == len(grants) <= 16:
            raise ValueError("grants: 1 to 16, each once")
        if not all(_GRANT.fullmatch(grant) for grant in grants):
            raise ValueError("a grant: 1 to 16 of a-z, 0-9 and '_'")
        if not 0 < expires_at < 10**12:
            raise ValueError("expires_at: unix seconds")
        fields = f"{self._current}.{expires_at}.{subject}.{'-'.join(grants)}"
        return f"{fields}.{_mac(self._keys[self._current], fields, resource)}"

    def verify(self, text: str, resource: str, now: float) -> Capability:
        """What ``text`` grants on ``resource`` at ``now`` (unix seconds).

        Raises CapabilityInvalid, or CapabilityExpired for a genuine one past its time.
        """
        parts = _TEXT.fullmatch(text)
        if parts is None:
            raise CapabilityInvalid("the capability is malformed")
        key = self._keys.get(parts["key_id"])
        if key is None:
            raise CapabilityInvalid("the capability was not signed here")
        expected = _mac(key, text.rpartition(".")[0], resource)
        # Compared as text: several spellings of base64 decode to the same bytes.
        if not hmac.compare_digest(expected.encode(), parts["mac"].encode()):
            raise CapabilityInvalid("the capability was altered or made for another resource")
        capability = Capability(
            parts["key_id"],
            int(parts["expiry"]),
            parts["subject"],
            tuple(parts["grants"].split("-")),
        )
        if capability.expires_at <= now:
            raise CapabilityExpired(capability)
        return capability


class KeyFile:
    """The keys of a file, read again when the file was replaced, so that keys rotate at run time.

    A replacement that cannot be used leaves the keys as they were; ``refresh`` tells.
    """

    def __init__(self, path: Path) -> None:
        """Reads ``path`` at once. Raises KeysUnusable."""
        self._path = path
        self._stamp = self._stat()
        self._keys = self._read()

    @property
    def keys(self) -> CapabilityKeys:
        """The keys as of the last refresh."""
        return self._keys

    def refresh(self) -> bool:
        """Reads the file if it changed; True when it did. Raises KeysUnusable, keeping the keys."""
        stamp = self._stat()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        self._keys = self._read()
        return True

    def _stat(self) -> tuple[int, int, int]:
        try:
            status = self._path.stat()
        except OSError as error:
            raise KeysUnusable(f"cannot read {self._path}: {error.strerror}") from None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _read(self) -> CapabilityKeys:
        try:
            return CapabilityKeys.from_json(self._path.read_text("utf-8"))
        except OSError as error:
            raise KeysUnusable(f"cannot read {self._path}: {error.strerror}") from None
        except (UnicodeDecodeError, KeysUnusable) as error:
            words = str(error) if isinstance(error, KeysUnusable) else "not UTF-8"
            raise KeysUnusable(f"{self._path}: {words}") from None


def _mac(key: bytes, fields: str, resource: str) -> str:
    """HMAC-SHA256 over context, fields and resource, cut to 128 bits, base64url unpadded.

    The fields hold no newline, so the first two newlines part the three unambiguously.
    """
    message = b"\n".join((_CONTEXT, fields.encode("ascii"), resource.encode()))
    digest = hmac.new(key, message, hashlib.sha256).digest()[:_MAC_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
