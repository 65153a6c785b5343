"""Skips of a user who plays a list, and how many of them are counted."""

from __future__ import annotations

from typing import Any

from tests.rpc.playback.harness import Instance, User
from tests.rpc.playback.music import Music

ROOM_S = 40


async def start(user: User, music: Music, count: int = 12) -> list[str]:
    """Plays a list of new tracks, from the first."""
    track_ids = music.tracks(count)
    await user.play(track_id="", track_ids=track_ids)
    return track_ids


async def skip(user: User, request_id: str = "", **fields: Any) -> Any:
    return await user.call("Skip", **{"device_id": "kitchen", "request_id": request_id, **fields})


async def used(instance: Instance, user: User) -> int:
    return (await instance.parts.skips.read(user.user_id)).used
