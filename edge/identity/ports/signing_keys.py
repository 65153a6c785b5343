"""Keys that access tokens are signed and verified with."""

from __future__ import annotations

from typing import Protocol

from edge.identity.domain.tokens import Claims


class TokenSigner(Protocol):
    """Signs access tokens with the current key."""

    def sign(self, claims: Claims) -> str:
        """The token in its compact form."""
        ...


class KeyPublisher(Protocol):
    """Publishes the keys that tokens are verified with."""

    def public_keys(self) -> list[dict[str, str]]:
        """The public JWKs, the current signer's among them; must hold nothing private."""
        ...
