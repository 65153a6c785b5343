"""Copies of homes in Valkey, one string a user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog
from redis.asyncio import Redis

from meshkit.valkey import fail_closed, fail_open
from rec_svc.adapters.codecs import homes as codec
from rec_svc.ports.homes import KeptHome

_USE: Final = "homes"

_log = structlog.get_logger("homes")


class ValkeyHomeCopies:
    """``HomeCopies``: what is lost is in the store still, so reading and putting fail OPEN."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def get(self, user_id: str) -> KeptHome | None:
        body = await fail_open(self._client.get(key_of(user_id)), otherwise=None, use=_USE)
        if not isinstance(body, bytes):
            return None
        try:
            head, _, home = body.partition(b"\n")
            changed, exposed = head.split()
            return KeptHome(codec.decode(home), int(changed), exposed == b"1")
        except (ValueError, codec.HomeDamaged):
            _log.warning("a cached home is malformed and ignored", user_id=user_id)
            return None

    async def put(self, user_id: str, kept: KeptHome, left_ms: int) -> None:
        head = f"{kept.changed} {int(kept.exposed)}\n".encode()
        putting = self._client.set(key_of(user_id), head + codec.encode(kept.home), px=left_ms)
        await fail_open(putting, otherwise=None, use=_USE)

    async def drop(self, user_ids: Sequence[str]) -> None:
        """Fails CLOSED: what is to go must be asked for again."""
        if user_ids:
            await fail_closed(self._client.delete(*map(key_of, user_ids)), use=_USE)


def key_of(user_id: str) -> str:
    """Where the copy of a user's home stands."""
    return f"recommendations:{user_id}"
