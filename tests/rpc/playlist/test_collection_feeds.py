"""What services are told of saved tracks, blocked and followed artists; how artists are blocked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1.playlist_internal_service_pb2_grpc import (
    LibraryInternalServiceStub,
    SocialInternalServiceStub,
)

from meshkit.clock import now_ms
from meshkit.testing.stores import PostgresServer
from meshkit.ulids import new_id
from playlist_svc.schema import SCHEMA
from tests.rpc.playlist.harness import refused
from tests.rpc.playlist.sharing_harness import Instance, Shared, an_instance

KINDS = ["tracks", "artists", "followed"]


@pytest.fixture
async def one(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[Instance]:
    template = await postgres_server.template("playlist", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with an_instance(Shared.of(dsn, tls)) as instance:
            yield instance


_PUTS = {
    "tracks": ("LibraryService/SaveTracks", "track_ids"),
    "artists": ("SocialService/BlockArtist", "artist_id"),
    "followed": ("SocialService/Follow", "artist_ids"),
}
_TAKES = {
    "tracks": ("LibraryService/RemoveSavedTracks", "track_ids"),
    "artists": ("SocialService/UnblockArtist", "artist_id"),
    "followed": ("SocialService/Unfollow", "artist_ids"),
}


class UserCollection:
    """Saved tracks, blocked or followed artists: how a user changes them, and how rec is told."""

    def __init__(self, instance: Instance, kind: str) -> None:
        self._instance = instance
        self._kind = kind
        channel = instance.mesh.channel("rec", serves_as="playlist")
        self._watch: Any
        self._ask: Any
        if kind == "tracks":
            self._watch = LibraryInternalServiceStub(channel).WatchSavedTracks
            self._ask = pb.WatchSavedTracksRequest
        elif kind == "followed":
            self._watch = SocialInternalServiceStub(channel).WatchFollowedArtists
            self._ask = pb.WatchFollowedArtistsRequest
        else:
            self._watch = SocialInternalServiceStub(channel).WatchBlockedArtists
            self._ask = pb.WatchBlockedArtistsRequest

    async def put(self, user: str, thing: str) -> None:
        await self._call(_PUTS[self._kind], user, thing)

    async def take(self, user: str, thing: str) -> None:
        await self._call(_TAKES[self._kind], user, thing)

    async def _call(self, way: tuple[str, str], user: str, thing: str) -> None:
        method, field = way
        named: Any = thing if field == "artist_id" else [thing]
        await self._instance.call(method, user, **{field: named})

    async def erase(self, user: str) -> None:
        parts = self._instance.parts
        await (parts.saved_tracks if self._kind == "tracks" else parts.blocked_artists).erase(user)

    async def told(self, count: int, token: str = "") -> list[Any]:
        """The next ``count`` messages that tell a change, and the last one's token beside."""
        call = self._watch(self._ask(resume_token=token), timeout=20)
        found: list[Any] = []
        async for message in call:
            self.token = message.resume_token or token
            if message.WhichOneof("event"):
                found.append(message)
            if len(found) == count and self.token:
                break
        call.cancel()
        return found


def words(message: Any) -> tuple[str, ...]:
    """What happened, to whom, and to what."""
    event = message.WhichOneof("event")
    told = getattr(message, event)
    puts, takes = ("saved", "blocked", "followed"), ("removed", "unblocked", "unfollowed")
    kind = "put" if event in puts else "taken" if event in takes else None
    if kind is None:
        return event, told.user_id
    return kind, told.user_id, getattr(told, "track_id", "") or told.artist_id


@pytest.mark.parametrize("kind", KINDS)
async def test_everything_is_told_and_then_each_change(one: Instance, kind: str) -> None:
    collection, (ada, ben), (first, second) = UserCollection(one, kind), ids(2), ids(2)
    before = now_ms()
    await collection.put(ada, first)
    await collection.put(ben, first)
    listed = await collection.told(2)
    assert [words(each) for each in listed] == [("put", ada, first), ("put", ben, first)]
    assert [each.version for each in listed] == [0, 0]
    event = listed[0].WhichOneof("event")
    at = getattr(getattr(listed[0], event), f"{event}_at")
    assert before <= at.ToMilliseconds() <= now_ms() + 1
    token = collection.token
    await collection.put(ada, second)
    await collection.put(ada, second)
    await collection.take(ada, first)
    await collection.take(ada, first)
    await collection.put(ada, first)
    changes = await collection.told(3, token)
    assert [words(each) for each in changes] == [
        ("put", ada, second),
        ("taken", ada, first),
        ("put", ada, first),
    ]
    assert 0 < changes[1].version < changes[2].version


@pytest.mark.parametrize("kind", KINDS[:2])
async def test_an_erased_user_is_forgotten_in_one_word(one: Instance, kind: str) -> None:
    collection, (ada, ben), things = UserCollection(one, kind), ids(2), ids(3)
    await collection.put(ben, things[0])
    await collection.told(1)
    for thing in things:
        await collection.put(ada, thing)
    await collection.told(3, collection.token)
    await collection.erase(ada)
    await collection.erase(ada)
    await collection.take(ben, things[0])
    gone = await collection.told(2, collection.token)
    assert [words(each) for each in gone] == [("forgotten", ada), ("taken", ben, things[0])]


async def test_of_an_erased_user_each_followed_artist_is_told_as_unfollowed(one: Instance) -> None:
    collection, (ada, ben), (first, second) = UserCollection(one, "followed"), ids(2), ids(2)
    await collection.put(ada, first)
    await collection.put(ada, second)
    await collection.put(ben, first)
    await collection.told(3)
    await one.parts.social.erase(ada)
    await one.parts.social.erase(ada)
    gone = await collection.told(2, collection.token)
    assert {words(each) for each in gone} == {("taken", ada, first), ("taken", ada, second)}
    assert [words(each) for each in await collection.told(1)] == [("put", ben, first)]


async def test_blocked_artists_are_listed_the_latest_first(one: Instance) -> None:
    ada, artists = new_id(), ids(3)
    for artist in [*artists, artists[0]]:
        await one.call("SocialService/BlockArtist", ada, artist_id=artist)
    page = await one.call("SocialService/ListBlockedArtists", ada, page_size=2)
    rest = await one.call("SocialService/ListBlockedArtists", ada, page_token=page.next_page_token)
    listed = [*page.blocks, *rest.blocks]
    assert [each.artist.id for each in listed] == artists[::-1]
    assert {each.artist.name for each in listed} == {"The Föhn"}
    assert (page.total_count, rest.next_page_token) == (3, "")
    await one.call("SocialService/UnblockArtist", ada, artist_id=artists[1])
    assert (await one.call("SocialService/ListBlockedArtists", ada)).total_count == 2
    neighbour = await one.call("SocialService/ListBlockedArtists", new_id())
    assert neighbour.total_count == 0


@pytest.mark.parametrize("method", ["BlockArtist", "UnblockArtist"])
async def test_an_artist_is_named_by_a_ulid(one: Instance, method: str) -> None:
    fault = await refused(one.call(f"SocialService/{method}", new_id(), artist_id="me"))
    assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", "artist_id")


def ids(count: int) -> list[str]:
    return sorted(new_id() for _ in range(count))
