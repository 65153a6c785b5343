"""Playlists, links and users for tests of sharing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ulid import ULID

from playlist_svc.domain.access import Role, Visibility
from playlist_svc.domain.content import Content
from playlist_svc.domain.order import EMPTY, Order
from playlist_svc.domain.playlist import Head, Kind
from playlist_svc.domain.sharing import Share
from playlist_svc.ports.playlists import NewSnapshot, PlaylistStore, Writing

NOW = 1_763_900_000_000
DAY_MS = 86_400_000


def new_id() -> str:
    return str(ULID())


def code_digest(number: int) -> bytes:
    return number.to_bytes(32, "big")


@dataclass
class Time:
    """A clock that stands still until it is set."""

    now_ms: int = NOW

    def __call__(self) -> int:
        return self.now_ms


async def a_playlist(
    store: PlaylistStore,
    owner_id: str,
    visibility: Visibility = Visibility.PRIVATE,
    order: Order = EMPTY,
) -> Head:
    """A new playlist in the store."""
    title = "Sunday"
    head = Head(new_id(), owner_id, title, "", visibility, 1, "", 1, NOW, NOW)
    first = NewSnapshot(
        new_id(), Kind.CREATED, owner_id, NOW, "created", Content(title, "", order), ()
    )
    return await store.create(head, first, None)


def a_share(
    playlist_id: str,
    *,
    role: Role | None = Role.VIEWER,
    created_at_ms: int = NOW,
    expires_at_ms: int | None = None,
) -> Share:
    return Share(new_id(), playlist_id, role, new_id(), created_at_ms, expires_at_ms)


async def held(
    store: PlaylistStore, playlist_id: str, do: Callable[[Writing], Awaitable[object]]
) -> None:
    """Do something with the playlist held."""

    async def decide(writing: Writing) -> bytes:
        await do(writing)
        return b""

    await store.write(playlist_id, None, decide)


async def outcomes(*calls: Awaitable[object]) -> list[object]:
    """What calls at once answered, or raised."""
    return await asyncio.gather(*calls, return_exceptions=True)
