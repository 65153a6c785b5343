"""What a friend listens to is shown live, on any instance, for as long as the friend shares it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1 import preferences_service_pb2 as preferences
from segue.playlist.v1 import social_service_pb2

from player.mesh_client import LocalUser, MeshClient
from tests.mesh.mesh_processes import PATIENCE_S
from tests.plain_http import PLAIN
from tests.running_mesh import RunningMesh

pytestmark = pytest.mark.timeout(300)

PATH = "/me/friends/activity/events"


class Events:
    """The events of a stream, as they come."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def until(self, user_id: str, **fields: Any) -> Any:
        """The next news of that friend of whom all of this is told."""
        async with asyncio.timeout(PATIENCE_S):
            async for line in self._lines:
                friend = json.loads(line.removeprefix("data: "))["activity"] if line else {}
                told = friend and friend["user"]["user_id"] == user_id
                if told and all(friend.get(name) == value for name, value in fields.items()):
                    return friend
        raise AssertionError(f"the stream has ended without {fields}")


@asynccontextmanager
async def events(mesh: RunningMesh, user: str) -> AsyncIterator[Events]:
    headers = {"authorization": f"Bearer {mesh.token(user)}"}
    async with (
        httpx.AsyncClient(**PLAIN, timeout=PATIENCE_S) as http,
        http.stream("GET", mesh.edge + PATH, headers=headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        yield Events(answer)


async def prefers(client: MeshClient, **fields: bool) -> None:
    request = preferences.UpdatePreferencesRequest(
        preferences=preferences.Preferences(**fields)  # type: ignore[arg-type]
    )
    await client.call(client.preferences.UpdatePreferences, request)


async def plays(client: MeshClient, track_id: str) -> Any:
    request = pb.PlayRequest(track_id=track_id, device_id="radio")
    return await client.call(client.playback.Play, request)


async def test_a_friend_who_shares_is_shown_live_and_hidden_at_once(
    mesh: RunningMesh, long_track: str
) -> None:
    async with (
        MeshClient(mesh.folder, LocalUser("friend-fan")) as fan,
        MeshClient(mesh.folder, LocalUser("friend-star")) as star,
    ):
        star_id = (await star.token()).user_id
        follow = social_service_pb2.FollowRequest(user_ids=[star_id])
        await fan.call(fan.social.Follow, follow)
        await prefers(star, share_activity=True)
        async with events(mesh, "friend-fan") as seen:
            asked_at = time.monotonic()
            session = await plays(star, long_track)
            friend = await seen.until(star_id, playing=True)
            print(f"shown {1000 * (time.monotonic() - asked_at):.0f} ms after Play was sent")
            assert friend["user"]["username"] == "friend-star"
            assert friend["track"]["id"] == long_track
            pause = pb.PauseRequest(playback_id=session.playback_id)
            await star.call(star.playback.Pause, pause)
            await seen.until(star_id, playing=False)
            resume = pb.ResumeRequest(playback_id=session.playback_id)
            await star.call(star.playback.Resume, resume)
            await seen.until(star_id, playing=True)
            asked_at = time.monotonic()
            await prefers(star, share_activity=False)
            await seen.until(star_id, hidden=True)
            print(f"hidden {1000 * (time.monotonic() - asked_at):.0f} ms after it was asked for")
        token = mesh.token("friend-fan")
        listed = mesh.call("GET", "/me/friends/activity", token=token)
        assert listed.body["friends"] == []
        await prefers(star, share_activity=True)
        async with events(mesh, "friend-fan") as seen:
            assert (await seen.until(star_id))["track"]["id"] == long_track
            await prefers(star, private_session=True)
            await seen.until(star_id, hidden=True)
