"""Music to play in tests: tracks, playlists, albums and artists of a world."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from meshkit.faults import Fault, Unavailable
from playback_svc.domain.listing import Entry, Listing
from playback_svc.domain.plans import Playable
from playback_svc.ports.player_states import Change, PlayerStateStore
from tests.contracts.playback.samples import PLAYABLE, new_id
from tests.rpc.playback.harness import User, World

BLINK_MS = 60
"""So short a track has come to its end, and was heard, as soon as anyone looks."""


@dataclass(frozen=True)
class Music:
    """Adds to what the neighbours of a world know."""

    world: World

    def track(self, duration_ms: int = 180_000, *, premium: bool = False, **changed: Any) -> str:
        """A new track that can be played."""
        track_id = new_id()
        named = replace(
            PLAYABLE.track,
            track_id=track_id,
            title=f"Song {track_id}",
            duration_ms=duration_ms,
            premium=premium,
        )
        playable: Playable = replace(PLAYABLE, track=named, **changed)
        self.world.catalogue.known[track_id] = playable
        return track_id

    def tracks(self, count: int, duration_ms: int = 180_000) -> list[str]:
        """So many new tracks."""
        return [self.track(duration_ms) for _ in range(count)]

    def album(self, track_ids: list[str]) -> str:
        """An album, or an artist, of these tracks."""
        album_id = new_id()
        self.world.catalogue.orders[album_id] = track_ids
        return album_id

    def playlist(self, track_ids: list[str]) -> tuple[str, list[str]]:
        """A playlist of these tracks, and the ids of its entries."""
        playlist_id, items = new_id(), [new_id() for _ in track_ids]
        entries = map(Entry, track_ids, items)
        self.world.playlists.lists[playlist_id] = Listing.of(entries)
        return playlist_id, items


async def upcoming(user: User, **page: int) -> list[str]:
    """The ids of the tracks that come next."""
    ahead = await user.call("GetQueue", **{"page_size": 500, **page})
    return [entry.track.id for entry in ahead.entries]


async def run_out(user: User) -> Any:
    """The playback once its track has come to its end."""
    async with asyncio.timeout(20):
        while True:
            state = await user.state()
            if state.position_ms == state.track.duration_ms:
                return state
            await asyncio.sleep(0.01)


async def advance(user: User, state: Any, **fields: Any) -> Any:
    """Advance of the play that a playback, or an answer, tells of."""
    named = {"playback_id": state.playback_id, "play_id": state.play_id}
    return await user.call("Advance", **{**named, **fields})


class Interrupted:
    """Stands between the commands and ``store.commit``, for the next writes."""

    def __init__(self, store: PlayerStateStore) -> None:
        self._commit = store.commit
        self.tries = 0
        self.refused = 0
        self.before: Any = None
        self.fault: Fault | None = None
        self.writes_first = False

    async def commit(self, change: Change, now_ms: int) -> bool:
        """As the store's, but for what was asked for."""
        self.tries += 1
        before, self.before = self.before, None
        if before is not None:
            await before()
        if self.refused:
            self.refused -= 1
            return False
        fault, self.fault = self.fault, None
        if fault is not None:
            if self.writes_first:
                assert await self._commit(change, now_ms)
            raise fault
        return await self._commit(change, now_ms)


@contextmanager
def interrupted(store: PlayerStateStore) -> Iterator[Interrupted]:
    """The store's writes, to be interrupted."""
    interruption = Interrupted(store)
    store.commit = interruption.commit  # type: ignore[method-assign]
    try:
        yield interruption
    finally:
        del store.commit


def away() -> Unavailable:
    """What a store says that cannot answer."""
    return Unavailable("The store cannot answer now.")
