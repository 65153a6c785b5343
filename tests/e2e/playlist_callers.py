"""Playlists as a caller in JSON has them: the calls that many tests begin with."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from e2e_album import SONGS, Music
from edge_calls import bearer

from tests.plain_http import PLAIN
from tests.running_mesh import Answer, RunningMesh

NO_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
"""A ULID that nothing has."""


class Caller:
    """A user who calls the edge in JSON; calls succeed, but for those by ``try_``."""

    def __init__(self, mesh: RunningMesh, token: str) -> None:
        self.mesh = mesh
        self.token = token

    def try_(self, method: str, path: str, body: Any = None) -> Answer:
        return self.mesh.call(method, path, body, token=self.token)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.try_(method, path, body)
        assert answer.status == 200, answer
        return answer.body

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self.call("POST", path, body)

    def user_id(self) -> str:
        return str(self.get("/me")["user_id"])

    def person(self) -> dict[str, str]:
        """The user as others are shown it."""
        me = self.get("/me")
        return {"user_id": me["user_id"], "username": me["username"]}

    def new_playlist(self, name: str = "Evening", *, public: bool = False) -> str:
        return str(self.post("/playlists", {"name": name, "public": public})["playlist_id"])

    def add(self, playlist_id: str, track_ids: Sequence[str], **words: Any) -> Any:
        return self.post(f"/playlists/{playlist_id}/tracks", {"track_ids": track_ids, **words})

    def item_ids(self, playlist_id: str) -> list[str]:
        return [each["item_id"] for each in self.get(f"/playlists/{playlist_id}/tracks")["tracks"]]


def ids_of(music: Music) -> list[str]:
    """The ids of the album's tracks, in its order."""
    return [music.id_of(song) for song in SONGS]


@asynccontextmanager
async def events(
    mesh: RunningMesh, token: str, method: str, path: str, body: Any = None
) -> AsyncIterator[AsyncIterator[Any]]:
    """The events of a stream, as they come."""
    async with (
        httpx.AsyncClient(**PLAIN, timeout=60) as client,
        client.stream(method, mesh.edge + path, headers=dict(bearer(token)), json=body) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"] == "text/event-stream"

        async def read() -> AsyncIterator[Any]:
            async for line in answer.aiter_lines():
                if line:
                    yield json.loads(line.removeprefix("data: "))

        yield read()
