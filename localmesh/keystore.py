"""Passwords and signing keys, made at first start and kept for their owner alone (0600).

Processes get the paths of key files; only passwords travel, in the environment, inside the
address of a store.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from meshkit.private_files import write_private

_PASSWORD_BYTES = 24
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keystore:
    """The secrets below ``folder``. Every method makes what it names when it is missing."""

    folder: Path

    def password(self, name: str) -> str:
        """A random password: 32 characters of the URL-safe alphabet."""
        path = self.folder / f"{name}.password"
        held = _text(path)
        if held is None:
            held = secrets.token_urlsafe(_PASSWORD_BYTES)
            write_private(path, held.encode("ascii"))
        return held

    def token_signing_key(self) -> Path:
        """The P-256 key that signs access tokens (ES256): PEM, PKCS #8."""
        path = self.folder / "token-signing-key.pem"
        if _text(path) is None:
            key = ec.generate_private_key(ec.SECP256R1())
            pem = key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            write_private(path, pem)
        return path

    def mac_keys(self, name: str) -> Path:
        """Keys of HMAC-SHA-256: ``{"current": ID, "keys": {ID: base64 of 32 random bytes}}``.

        The current key signs, all verify: to rotate, add one and make it current, then drop the
        old one when everything it signed has expired.
        """
        path = self.folder / f"{name}-keys.json"
        if _text(path) is None:
            encoded = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")
            document = {"current": "k1", "keys": {"k1": encoded}}
            write_private(path, json.dumps(document, indent=2).encode("ascii"))
        return path


def _text(path: Path) -> str | None:
    """What the file holds, or None when it is missing or empty."""
    try:
        return path.read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
