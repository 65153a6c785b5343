"""The addresses of a session's stream: a signed, expiring path under the public URL."""

from __future__ import annotations

import asyncio

import structlog

from meshkit.capability import KeyFile, KeysUnusable
from playback_svc.ports.addresses import StreamAddresses
from playback_svc.ports.answers import Answer

_REFRESH_S = 30.0
# A foreign player neither beats nor asks for fresh addresses: it has to hear a track to its end,
# with pauses.
_LISTENING_MARGIN_S = 3600

_log = structlog.get_logger("playback")


class SignedAddresses:
    """Signs addresses; the same answer gives the same addresses while the key stays."""

    def __init__(self, public_url: str, keys: KeyFile, urls_live_s: int) -> None:
        self._base = f"{public_url.rstrip('/')}/media/v1"
        self._keys = keys
        self._urls_live_s = urls_live_s

    def of(self, answer: Answer) -> StreamAddresses:
        """The addresses of an answer of Play or Resume."""
        played = answer.played
        longest_s = -(-played.track.duration_ms // 1000) + _LISTENING_MARGIN_S
        expires_at_s = (played.urls_expire_at_s or 0) + max(0, longest_s - self._urls_live_s)
        capability = self._keys.keys.mint(
            subject=answer.session_id,
            grants=[rung.name for rung in played.asset.rungs],
            resource=played.asset.descriptor,
            expires_at=expires_at_s,
        )
        base = f"{self._base}/{capability}/{played.asset.descriptor}"
        return StreamAddresses(f"{base}/master.m3u8", f"{base}/manifest.mpd", expires_at_s)

    async def run(self) -> None:
        """Take up rotated keys until cancelled; a file that cannot be used changes nothing."""
        while True:
            await asyncio.sleep(_REFRESH_S)
            try:
                self._keys.refresh()
            except KeysUnusable as problem:
                _log.error("signing keys not renewed", problem=str(problem))
