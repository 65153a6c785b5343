"""From the playlist service's feed to search: a served feed, PostgreSQL, and the follower."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1 import playlist_pb2
from segue.playlist.v1.playlist_internal_service_pb2_grpc import (
    PlaylistInternalServiceServicer,
    add_PlaylistInternalServiceServicer_to_server,
)

from catalog_svc import wiring
from catalog_svc.adapters.memory.search_index import MemorySearchIndex
from catalog_svc.adapters.postgres.catalogue_snapshot import PostgresCatalogueSnapshot
from catalog_svc.adapters.postgres.playlists import PostgresPlaylistReplica
from catalog_svc.domain.search import Kind
from catalog_svc.schema import SCHEMA
from catalog_svc.search_convert import index_change
from catalog_svc.usecases.consume_into_index import IndexConsumer, Pace
from meshkit import feeds_postgres, postgres
from meshkit.faults import OutOfRange
from meshkit.stream_ends import draining
from meshkit.testing.rpc import served
from meshkit.ulids import new_id
from tests.adapters.catalog.processes import catalog_process
from tests.contracts.catalog.search_suite import names


def public(title: str, version: int) -> pb.WatchChangesResponse:
    """A change that brings a public playlist."""
    message = playlist_pb2.Playlist(
        playlist_id=new_id(), title=title, owner="Ada", is_public=True, track_count=1
    )
    return pb.WatchChangesResponse(version=version, playlist=message)


def private(change: pb.WatchChangesResponse, version: int) -> pb.WatchChangesResponse:
    """The change after which it is not public any more."""
    hidden = playlist_pb2.Playlist(playlist_id=change.playlist.playlist_id, title="Hidden")
    return pb.WatchChangesResponse(version=version, playlist=hidden)


class Playlists(PlaylistInternalServiceServicer):
    """A playlist service that knows only its feed; tokens are "1", "2" and so on."""

    def __init__(self) -> None:
        self.listed: list[pb.WatchChangesResponse] = []
        self.changes: list[pb.WatchChangesResponse] = []
        self.asked: list[str] = []
        self.expired: set[str] = set()
        self.ended = asyncio.Event()

    async def WatchChanges(
        self, request: pb.WatchChangesRequest, context: Any
    ) -> AsyncIterator[pb.WatchChangesResponse]:
        self.asked.append(request.resume_token)
        if request.resume_token in self.expired:
            raise OutOfRange("too old", reason="RESUME_TOKEN_EXPIRED")
        if not request.resume_token:
            for change in self.listed:
                yield change
            yield pb.WatchChangesResponse(resume_token=str(len(self.changes)))
        place = int(request.resume_token or len(self.changes))
        ended = self.ended
        while not ended.is_set():
            for change in self.changes[place:]:
                place += 1
                change.resume_token = str(place)
                yield change
            await asyncio.sleep(0.005)
        end = draining(0.0).to_message()
        yield pb.WatchChangesResponse(resume_token=str(place), end=end)

    def end(self) -> None:
        """Ends every watch; the next goes on."""
        self.ended.set()
        self.ended = asyncio.Event()


@dataclass
class Followed:
    """The playlist service, and search behind what follows it."""

    service: Playlists
    index: MemorySearchIndex
    copy: PostgresPlaylistReplica

    async def finds(self, text: str) -> list[str]:
        return await names(self.index, text, Kind.PLAYLIST)


@pytest.fixture
async def followed(
    tmp_path: Path, catalog_dsn: str, pool: postgres.Pool
) -> AsyncIterator[Followed]:
    service = Playlists()  # type: ignore[abstract]
    index = MemorySearchIndex()
    service.listed = [public("Listed Focus", 3), public("Listed Sleep", 1)]
    async with AsyncExitStack() as stack:
        mesh = await stack.enter_async_context(
            served(
                tmp_path,
                (add_PlaylistInternalServiceServicer_to_server, service),
                workload="playlist",
            )
        )
        feed = await stack.enter_async_context(
            feeds_postgres.open_feed(catalog_dsn, schema=SCHEMA.name, pool=pool)
        )
        process = await stack.enter_async_context(catalog_process(tmp_path, catalog_dsn))
        indexing = IndexConsumer(
            feed, index, PostgresCatalogueSnapshot(pool), index_change, pace=Pace(gather_s=0.001)
        )
        target = f"127.0.0.1:{mesh.port}"
        await wiring.copy_playlists(process, target)
        process.run(indexing.run)
        await stack.enter_async_context(process.served())
        copy = PostgresPlaylistReplica(pool)

        async def listed() -> bool:
            return await copy.resume_token() == "0"

        await until(listed)
        yield Followed(service, index, copy)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Returns when it holds; the test's own time limit ends a wait in vain."""
    while not await condition():
        await asyncio.sleep(0.01)


async def test_search_finds_what_was_listed_and_then_what_changes(followed: Followed) -> None:
    async def listed() -> bool:
        return sorted(await followed.finds("listed")) == ["Listed Focus", "Listed Sleep"]

    async def changed() -> bool:
        return (await followed.finds("morning"), await followed.finds("focus")) == (
            ["Morning"],
            [],
        )

    await until(listed)
    followed.service.changes += [public("Morning", 1), private(followed.service.listed[0], 4)]
    await until(changed)
    assert followed.service.asked == [""]
    assert await followed.copy.resume_token() == "2"


async def test_an_interrupted_watch_resumes_after_the_last_change(followed: Followed) -> None:
    async def first() -> bool:
        return await followed.copy.resume_token() == "1"

    async def second() -> bool:
        return await followed.finds("evening") == ["Evening"]

    followed.service.changes.append(public("Morning", 1))
    await until(first)
    followed.service.end()
    followed.service.changes.append(public("Evening", 1))
    await until(second)
    assert followed.service.asked == ["", "1"]


async def test_a_token_too_old_has_everything_listed_again(followed: Followed) -> None:
    async def first() -> bool:
        return await followed.finds("morning") == ["Morning"]

    async def again() -> bool:
        found = await followed.finds("listed"), await followed.finds("morning")
        return found == (["Listed Sleep"], [])

    followed.service.changes.append(public("Morning", 1))
    await until(first)
    followed.service.expired.add("1")
    del followed.service.listed[0]
    followed.service.end()
    await until(again)
    assert followed.service.asked[-1] == ""
