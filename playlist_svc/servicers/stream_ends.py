"""Why the server ends the stream of a user: it drains, or the user's token ends."""

from __future__ import annotations

import asyncio
import enum
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from meshkit.principal import Principal
from meshkit.tokens import TokenVerifier


class Reason(enum.Enum):
    """Why a stream ends."""

    DRAINING = "DRAINING"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - a reason, no secret
    TOKEN_REVOKED = "TOKEN_REVOKED"  # noqa: S105 - a reason, no secret


class Ending:
    """One stream: ``stop`` is set when it has to end, for ``reason``."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.reason = Reason.DRAINING

    def end(self, reason: Reason) -> None:
        """Has the stream end; the first reason counts."""
        if not self.stop.is_set():
            self.reason = reason
            self.stop.set()


class StreamEnds:
    """The open streams of users. A ``Revoker`` that also refuses tokens from then on."""

    def __init__(self, tokens: TokenVerifier) -> None:
        self._tokens = tokens
        self._open: defaultdict[str, set[Ending]] = defaultdict(set)
        self._draining = False

    @contextmanager
    def opened(self, principal: Principal) -> Iterator[Ending]:
        """A stream of this user, until the block ends."""
        ending = Ending()
        streams = self._open[principal.sid]
        streams.add(ending)
        left_s = principal.expires_at - time.time()
        timer = asyncio.get_running_loop().call_later(
            max(left_s, 0), ending.end, Reason.TOKEN_EXPIRED
        )
        if self._tokens.is_revoked(principal.sid):
            # Revoked after the token was verified, before the stream could be found.
            ending.end(Reason.TOKEN_REVOKED)
        if self._draining:
            ending.end(Reason.DRAINING)
        try:
            yield ending
        finally:
            timer.cancel()
            streams.discard(ending)
            if not streams:
                self._open.pop(principal.sid, None)

    def revoke(self, sid: str, forget_at: float) -> None:
        """See ``meshkit.revocations.Revoker``."""
        self._tokens.revoke(sid, forget_at)
        for ending in self._open.get(sid, ()):
            ending.end(Reason.TOKEN_REVOKED)

    async def drain(self) -> None:
        """Has every stream end, and those that are yet to be opened."""
        self._draining = True
        for streams in self._open.values():
            for ending in streams:
                ending.end(Reason.DRAINING)
