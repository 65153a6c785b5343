"""Passwords as they are kept."""

from __future__ import annotations

from typing import Protocol

from edge.identity.domain.users import Password


class PasswordHasher(Protocol):
    """Turns passwords into hashes that are slow to guess, without holding up the event loop."""

    async def hash(self, password: Password) -> str:
        """A salted hash that carries its own parameters; must differ from call to call.

        Must raise ``Unavailable`` (OVERLOADED), with when to come back, as soon as it is known
        that it would not be done before the caller's deadline.
        """
        ...

    async def verify(self, password: Password, hashed: str) -> bool:
        """Whether the password fits the hash. Raises as ``hash`` does."""
        ...
