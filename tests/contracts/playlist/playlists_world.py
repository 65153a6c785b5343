"""What the suites of the playlist store share: a world with two instances, and values."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from ulid import ULID

from meshkit import ulids
from meshkit.feeds import Change, ChangeFeed
from meshkit.idempotency import RequestKey
from playlist_svc.domain import content as contents
from playlist_svc.domain.access import Visibility
from playlist_svc.domain.content import Content
from playlist_svc.domain.order import Entry, Order
from playlist_svc.domain.playlist import Head, Kind
from playlist_svc.ports.playlists import HeadCache, NewSnapshot, PlaylistStore, Writing

NOW = 1_764_000_000_000

Edit = Callable[[Content], Content]


class StoreWorld(Protocol):
    """One set of playlists as two instances of the service see it."""

    store: PlaylistStore
    other: PlaylistStore
    cache: HeadCache
    feed: ChangeFeed

    def cold(self) -> PlaylistStore:
        """An instance that has nothing in its memory."""
        ...

    async def block(self, user_id: str, blocked_id: str) -> None:
        """Have one user block another."""
        ...


def new_id() -> str:
    return str(ULID())


def key(body: bytes = b"body", request_id: str | None = None) -> RequestKey:
    return RequestKey("user", "AddTracks", request_id or new_id(), body.ljust(32))


def entries(count: int, added_by: str) -> list[Entry]:
    user = ulids.to_raw(added_by)
    return [Entry(i, os.urandom(16), user, 200_000) for i in ulids.new_ids(count, NOW)]


def version(content: Content, author_id: str, **changed: Any) -> NewSnapshot:
    plain = NewSnapshot(
        new_id(), Kind.EDIT, author_id, NOW, "added 1 track", content, ("/art/1.jpg",)
    )
    return replace(plain, **changed)


def head(owner_id: str, **changed: Any) -> Head:
    """As a new playlist's; what a version says of it is left to its first version."""
    plain = Head(new_id(), owner_id, "", "", Visibility.PRIVATE, 1, "", 1, NOW, NOW)
    return replace(plain, **changed)


async def made(
    store: PlaylistStore, owner_id: str, count: int = 0, title: str = "Road", **changed: Any
) -> Head:
    """A new playlist with so many tracks."""
    content = Content(title, "", Order.of(entries(count, owner_id)))
    first = version(content, owner_id, kind=Kind.CREATED, summary="created")
    return await store.create(head(owner_id, **changed), first, None)


async def edit(
    store: PlaylistStore,
    playlist_id: str,
    author_id: str,
    change: Edit,
    request: RequestKey | None = None,
    **said: Any,
) -> str:
    """A new version of the newest one; the answer is its snapshot_id."""

    async def decide(writing: Writing) -> bytes:
        before = await writing.content(writing.head.revision)
        return writing.record(version(change(before), author_id, **said)).snapshot_id.encode()

    return (await store.write(playlist_id, request, decide)).decode()


async def change_head(store: PlaylistStore, playlist_id: str, **changed: Any) -> None:
    """A change that makes no version."""

    async def decide(writing: Writing) -> bytes:
        writing.change(replace(writing.head, **changed))
        return b""

    await store.write(playlist_id, None, decide)


def appended(entry: Entry) -> Edit:
    return lambda content: contents.add(content, [entry])


async def known(store: PlaylistStore, playlist_id: str) -> Head:
    found = await store.head(playlist_id)
    assert found is not None
    return found


async def changes(feed: ChangeFeed, token: str) -> list[Change]:
    """Everything in the feed after the token."""
    found: list[Change] = []
    while (batch := await feed.read(token)).changes:
        found += batch.changes
        token = batch.token
    return found
