"""What playback is told to play of a playlist, over gRPC."""

from __future__ import annotations

from typing import Any

import pytest
from grpc.aio import AioRpcError
from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1.playlist_internal_service_pb2_grpc import PlaylistInternalServiceStub

from meshkit import status
from meshkit.ulids import to_text
from playlist_svc.usecases import smart_refresh
from tests.rpc.playlist.harness import UNKNOWN, User, World, refused

RECORD = 32


class Playback:
    """The playback service, which asks on a user's behalf."""

    def __init__(self, user: User) -> None:
        self._metadata = user.metadata
        self._stub = PlaylistInternalServiceStub(
            user.mesh.channel("playback", serves_as="playlist")
        )

    async def order(self, playlist_id: str) -> pb.GetPlayOrderResponse:
        request = pb.GetPlayOrderRequest(playlist_id=playlist_id)
        try:
            return await self._stub.GetPlayOrder(request, metadata=self._metadata, timeout=10)
        except AioRpcError as error:
            raise status.fault_of(error) from error


def entries(answer: pb.GetPlayOrderResponse) -> list[tuple[str, str]]:
    """The ids of the tracks and of the entries."""
    packed = [answer.entries[at : at + RECORD] for at in range(0, len(answer.entries), RECORD)]
    return [(to_text(one[:16]), to_text(one[16:])) for one in packed]


async def listed(user: User, playlist_id: str) -> list[tuple[str, str]]:
    return [(one.id, one.item_id) for one in await user.listed(playlist_id)]


async def test_a_playlist_is_played_in_the_order_that_it_is_listed_in(ann: User) -> None:
    playlist_id = await ann.made("abc", name="Monday")
    items = await ann.items(playlist_id)
    await ann.call(
        "MoveTracks", playlist_id=playlist_id, item_ids=[items["c"]], before_item_id=items["a"]
    )
    answer = await Playback(ann).order(playlist_id)
    assert entries(answer) == await listed(ann, playlist_id)
    assert answer.snapshot_id == (await ann.get(playlist_id)).snapshot_id
    assert (answer.title, answer.is_public) == ("Monday", False)
    assert await ann.titles(playlist_id) == "cab"


async def test_a_track_that_stands_twice_is_played_twice(ann: User, world: World) -> None:
    playlist_id = await ann.made()
    track_id = await world.track("again")
    await ann.call("AddTracks", playlist_id=playlist_id, track_ids=[track_id] * 2)
    first, second = entries(await Playback(ann).order(playlist_id))
    assert first[0] == second[0] == track_id
    assert first[1] != second[1]


async def test_an_empty_playlist_has_nothing_to_play(ann: User) -> None:
    answer = await Playback(ann).order(await ann.made())
    assert (answer.entries, bool(answer.snapshot_id)) == (b"", True)


@pytest.mark.parametrize(
    ("visibility", "expected"), [("PRIVATE", False), ("LINK", False), ("PUBLIC", True)]
)
async def test_only_what_anyone_may_open_is_called_public(
    ann: User, visibility: str, expected: bool
) -> None:
    playlist_id = await ann.made("a")
    await ann.update(playlist_id, visibility=visibility)
    assert (await Playback(ann).order(playlist_id)).is_public is expected


async def test_what_the_user_may_not_see_is_not_played(ann: User, ben: User) -> None:
    playlist_id = await ann.made("a")
    assert (await refused(Playback(ben).order(playlist_id))).reason == "NOT_FOUND"
    await ann.update(playlist_id, visibility="PUBLIC")
    assert len(entries(await Playback(ben).order(playlist_id))) == 1
    await ann.call("DeletePlaylist", playlist_id=playlist_id)
    assert (await refused(Playback(ann).order(playlist_id))).reason == "NOT_FOUND"
    assert (await refused(Playback(ann).order(UNKNOWN))).reason == "NOT_FOUND"
    wrong = await refused(Playback(ann).order("x"))
    assert (wrong.reason, wrong.metadata["field"]) == ("INVALID_FIELD", "playlist_id")


async def test_a_smart_playlist_is_played_as_its_rule_chooses_now(
    ann: User, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smart_refresh, "FRESH_MS", -1)
    rock: Any = {"conditions": [{"field": "GENRE", "values": ["rock"]}], "order": "TITLE"}
    first = await world.track("b")
    playlist_id = await ann.made(rule=rock)
    second = await world.track("a")
    answer = await Playback(ann).order(playlist_id)
    assert [track_id for track_id, _ in entries(answer)] == [second, first]
    assert answer.snapshot_id == (await ann.get(playlist_id)).snapshot_id
