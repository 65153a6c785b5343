"""What the demonstration shows of recommendations: invented listeners, a training, a list.

The listeners are made up, and it is said so. All else is real: what they save is told by the feeds,
the training is the mesh's, the gate judges it, and reasons name what its score rests on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from segue.playlist.v1 import library_service_pb2, playlist_service_pb2
from segue.rec.v1 import model_service_pb2, training_service_pb2
from segue.rec.v1 import recommendation_service_pb2 as pb
from segue.rec.v1.recommended_track_pb2 import RecommendationSource

from meshkit.ulids import new_id
from player.commands.models import watch_training
from player.commands.outcome import CommandFailed
from player.commands.terminal_text import cell, count, plain, show_table, track_words
from player.mesh_client import LocalUser, MeshClient

LISTENERS = 12
"""So many are made up, of two tastes."""
_FEWEST_OF_TASTE = 3
_MOST_SAVED = 100
_TRAININGS = 3
_TOLD_AFTER_S = 1.0
_SERVES_WITHIN_S = 15.0
_AGAIN_S = 0.2
_LIST = "After the demo"
_SHOWN = 3


def tastes(tracks: Sequence[Any]) -> list[list[Any]]:
    """The tracks in two halves, no artist in both; few where there is but one artist."""
    artists: dict[str, list[Any]] = {}
    for track in sorted(tracks, key=lambda track: (track.disc_number, track.track_number)):
        artists.setdefault(track.artist, []).append(track)
    halves: list[list[Any]] = [[], []]
    for own in sorted(artists.values(), key=len, reverse=True):
        min(halves, key=len).extend(own)
    return halves


class Recommendations:
    """Trains in a mesh and shows what it recommends to the listener of ``client``."""

    def __init__(self, client: MeshClient, folder: Path, console: Console) -> None:
        self._client = client
        self._folder = folder
        self._console = console

    async def tell(self, tracks: Sequence[Any], heard: Any, *, invents: bool) -> str:
        """Everything, to a list beside ``heard``; returns a line for the summary.

        Unless it ``invents`` listeners, no model is trained.
        """
        halves, trained = tastes(tracks), False
        if not invents:
            self._say("nobody is made up in a mesh that stays, so no model is trained")
        elif min(map(len, halves)) < _FEWEST_OF_TASTE or len(tracks) <= 2 * _FEWEST_OF_TASTE:
            self._say(f"{count(len(tracks), 'track')} of too few artists: no model is trained")
        else:
            await self._invent(halves)
            trained = await self._train()
        return await self._recommend(heard, trained=trained)

    async def _invent(self, halves: Sequence[Sequence[Any]]) -> None:
        self._say(
            f"{LISTENERS} listeners, made up for this demo, save tracks: half of them "
            f"{_names(halves[0])}, half {_names(halves[1])}"
        )
        saving = (self._saves(number, halves[number % 2]) for number in range(LISTENERS))
        await asyncio.gather(*saving)

    async def _saves(self, number: int, tracks: Sequence[Any]) -> None:
        request = library_service_pb2.SaveTracksRequest(
            track_ids=[track.id for track in tracks[:_MOST_SAVED]]
        )
        async with MeshClient(self._folder, LocalUser(f"invented-{number + 1}")) as own:
            await own.call(own.library.SaveTracks, request)

    async def _train(self) -> bool:
        """Whether a model recommends from now on; says what the gate says."""
        for _ in range(_TRAININGS):
            # What was saved is told to recommendations by a feed, a moment later.
            await asyncio.sleep(_TOLD_AFTER_S)
            began = time.perf_counter()
            asked = training_service_pb2.StartTrainingRequest(request_id=new_id())
            begun = (await self._client.call(self._client.trainings.StartTraining, asked)).training
            steps = [step async for step in watch_training(self._client, begun.training_id)]
            latest = steps[-1]
            if latest.error:
                continue
            request = model_service_pb2.GetModelRequest(model_id=latest.model_id)
            made = (await self._client.call(self._client.models.GetModel, request)).model
            if made.listener_count < LISTENERS:
                continue
            took = f"trained in {time.perf_counter() - began:.1f} s on that and what you played"
            verdict = "it recommends" if made.passed else "it does not recommend"
            self._say(f"{took}; {verdict}. {plain(made.verdict)}")
            return bool(made.passed)
        raise CommandFailed(f"no model could be trained: {latest.error or 'listeners are missing'}")

    async def _recommend(self, heard: Any, *, trained: bool) -> str:
        made = playlist_service_pb2.CreatePlaylistRequest(name=_LIST, request_id=new_id())
        playlist_id = (
            await self._client.call(self._client.playlists.CreatePlaylist, made)
        ).playlist_id
        add = playlist_service_pb2.AddTracksRequest(playlist_id=playlist_id, track_ids=[heard.id])
        await self._client.call(self._client.playlists.AddTracks, add)
        answer = await self._list(playlist_id, trained=trained)
        self._console.print(f"for a playlist with {track_words(heard)}:", markup=False)
        table = Table(box=None, show_header=False, pad_edge=False)
        for track in answer.tracks:
            table.add_row(cell(track_words(track)), f"{track.score:.2f}", cell(track.reason, "dim"))
        show_table(table, self._console)
        if not answer.tracks:
            return "nothing but what you heard"
        first = answer.tracks[0]
        return f"{track_words(first)}: {plain(first.reason)}"

    async def _list(self, playlist_id: str, *, trained: bool) -> Any:
        """The list, as soon as the instance that is asked serves the model."""
        request = pb.ListPlaylistRecommendationsRequest(playlist_id=playlist_id, limit=_SHOWN)
        give_up_at = time.perf_counter() + _SERVES_WITHIN_S
        while True:
            answer = await self._client.call(
                self._client.recommendations.ListPlaylistRecommendations, request
            )
            by_model = answer.source.kind == RecommendationSource.PERSONAL
            if by_model or not trained or time.perf_counter() > give_up_at:
                return answer
            await asyncio.sleep(_AGAIN_S)

    def _say(self, words: str) -> None:
        self._console.print(words, markup=False)


def _names(tracks: Sequence[Any]) -> str:
    """Whose tracks these are: two artists, and that there are more."""
    artists = list(dict.fromkeys(track.artist for track in tracks))
    return f"{' and '.join(map(plain, artists[:2]))}{' and others' if len(artists) > 2 else ''}"
