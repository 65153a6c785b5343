"""Waiting for the first sound of a track, and for its last."""

from __future__ import annotations

import asyncio
import contextlib

from player.domain.status import PlaybackState
from player.engine import Player

_FIRST_SOUND_S = 1.0
_LAST_SOUND_S = 5.0
_STARTING = (PlaybackState.IDLE, PlaybackState.STARTING)


async def first_sound(player: Player) -> None:
    """Waits a moment for a track to be heard. Raises the PlayerError of one that fails at once."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FIRST_SOUND_S):
            async for status in player.watch():
                if status.state not in _STARTING:
                    break
    if player.status().state is PlaybackState.FAILED:
        await player.wait()


async def last_sound(player: Player) -> None:
    """Waits, for some seconds at most, until a track is heard to its end. Raises PlayerError."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_SOUND_S):
            await player.wait()
