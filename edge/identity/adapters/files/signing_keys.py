"""Access tokens signed with ES256, and the keys to verify them with.

The key file is a JWK Set of private P-256 keys, ``{"current": KID, "keys": [...]}``: every key
is published, ``current`` signs, by default the first. A PEM file of a single key (PKCS #8 or
SEC 1) does as well. A key is known by its RFC 7638 thumbprint unless it brings a ``kid``.

To rotate without an outage: add the new key and restart; once verifiers have read the set
(they do within a minute) name it as current and restart; drop the old key when its last token
has expired.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from edge.identity.domain.tokens import AUDIENCE, Claims

_ALGORITHM = "ES256"
_CURVE = "P-256"


class SigningKeyError(Exception):
    """The signing key file is of no use; the words are for the operator and quote no key."""


class SigningKeys:
    """The ``TokenSigner`` and ``KeyPublisher`` over the keys of a file."""

    def __init__(self, keys: list[ECKey], current: str | None = None) -> None:
        by_kid = {_kid(key): key for key in keys}
        if not keys or len(by_kid) != len(keys):
            raise SigningKeyError("the keys must be at least one, and each kid its own")
        kid = current or _kid(keys[0])
        if kid not in by_kid:
            raise SigningKeyError("the current key is not among the keys")
        self._current = by_kid[kid]
        self._header = {"alg": _ALGORITHM, "typ": "JWT", "kid": kid}
        self._public = [_published(key, kid) for kid, key in by_kid.items()]

    @classmethod
    def load(cls, path: Path) -> SigningKeys:
        """The keys in a file; raises ``SigningKeyError`` where it is missing or malformed."""
        try:
            text = path.read_text(encoding="ascii")
        except (OSError, UnicodeError) as error:
            raise SigningKeyError(f"{path} cannot be read: {type(error).__name__}") from None
        try:
            if text.lstrip().startswith("{"):
                return cls._from_set(json.loads(text))
            return cls([_imported(text)])
        except SigningKeyError as error:
            raise SigningKeyError(f"{path}: {error}") from None
        except (ValueError, TypeError, KeyError, AttributeError, JoseError):
            # Causes are cut off here: theirs are the only words that could quote a key.
            raise SigningKeyError(
                f"{path} holds neither a PEM key nor a JWK Set of private P-256 keys"
            ) from None

    @classmethod
    def _from_set(cls, document: dict[str, Any]) -> SigningKeys:
        return cls([_imported(key) for key in document["keys"]], document.get("current"))

    def sign(self, claims: Claims) -> str:
        body: dict[str, Any] = {
            "iss": claims.issuer,
            "aud": AUDIENCE,
            "sub": claims.subject,
            "sid": claims.sid,
            "scope": " ".join(claims.scopes),
            "tier": claims.tier.value,
            "jti": claims.token_id,
            "iat": int(claims.issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
        }
        return jwt.encode(self._header, body, self._current, algorithms=[_ALGORITHM])

    def public_keys(self) -> list[dict[str, str]]:
        return [dict(key) for key in self._public]


def _imported(source: str | dict[str, Any]) -> ECKey:
    key = ECKey.import_key(source)
    if not key.is_private or key.curve_name != _CURVE:
        raise SigningKeyError("every key must be a private P-256 key")
    return key


def _kid(key: ECKey) -> str:
    return key.kid or key.thumbprint()


def _published(key: ECKey, kid: str) -> dict[str, str]:
    # Named members, not all but the private ones: what is not listed here never gets out.
    public = key.as_dict(private=False)
    return {
        "kty": "EC",
        "crv": _CURVE,
        "x": str(public["x"]),
        "y": str(public["y"]),
        "kid": kid,
        "alg": _ALGORITHM,
        "use": "sig",
    }
