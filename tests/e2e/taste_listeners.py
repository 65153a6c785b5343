"""Listeners who have a taste: they hear what is to it and skip the rest, by public calls alone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segue.playback.v1 import playback_pb2
from segue.playback.v1 import playback_service_pb2 as pb
from segue.playback.v1.play_source_pb2 import PlaySource
from segue.playlist.v1 import library_service_pb2
from segue.rec.v1 import recommendation_service_pb2

from player.mesh_client import LocalUser, MeshClient
from tests.running_mesh import make_noise

GENRES = ("Ambient", "Bluegrass", "Chiptune")
"""Half of those that models learn from like the first one, a quarter each of the others."""
ARTISTS, EACH = 3, 2
SHOWN = 4
"""So many tracks a list has: three decisions, as many as may be skipped in half an hour."""
TRACK_S = 1.5
_HALF_S = TRACK_S / 2 + 0.1
"""A track counts as heard after half of it; the clock of the service goes by whole beats."""
_DEVICE = "headphones"


def make_catalogue(folder: Path) -> None:
    """Short tracks of each genre: two of each of its three artists."""
    for genre in GENRES:
        for number in range(ARTISTS * EACH):
            title = f"{genre} {number + 1}"
            tags = {"title": title, "artist": f"{genre} Trio {number // EACH + 1}"}
            target = folder / f"{title}.mp3"
            make_noise(target, TRACK_S, "-b:a", "64k", **tags, album=genre, genre=genre)


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener who likes tracks of a genre; what is not of it is skipped, mostly."""

    client: MeshClient
    genre: str
    chance: random.Random

    def skips(self, track: Any) -> bool:
        """Nobody is always of one mind."""
        liked = track.title.startswith(self.genre)
        return self.chance.random() < (0.1 if liked else 0.9)

    async def save(self, track_ids: Sequence[str]) -> None:
        request = library_service_pb2.SaveTracksRequest(track_ids=track_ids)
        await self.client.call(self.client.library.SaveTracks, request)

    async def listen(self, tracks: Sequence[Any], shown_id: str = "") -> None:
        """Plays a list, and decides at each track but the last, with which it stops."""
        listed = PlaySource.TrackList(track_ids=[track.id for track in tracks])
        source = PlaySource(tracks=listed, shown_id=shown_id)
        playing = await self.client.call(
            self.client.playback.Play, pb.PlayRequest(source=source, device_id=_DEVICE)
        )
        session = playing.playback_id
        for track in tracks[:-1]:
            playing = await self._decide(session, playing, track)
        stop = pb.StopRequest(playback_id=session)
        await self.client.call(self.client.playback.Stop, stop)

    async def _decide(self, session: str, playing: Any, track: Any) -> Any:
        if self.skips(track):
            skip = pb.SkipRequest(device_id=_DEVICE, play_id=playing.play_id)
            return await self.client.call(self.client.playback.Skip, skip)
        beat = playback_pb2.Heartbeat(
            epoch=playing.epoch,
            revision=playing.revision,
            seq=1,
            status=playback_pb2.Playback.PLAYING,
        )
        told = pb.ReportHeartbeatRequest(playback_id=session, device_id=_DEVICE, heartbeat=beat)
        await self.client.call(self.client.heartbeats.ReportHeartbeat, told)
        await asyncio.sleep(_HALF_S)
        over = pb.AdvanceRequest(playback_id=session, play_id=playing.play_id)
        return await self.client.call(self.client.playback.Advance, over)

    async def similar(self, track_id: str) -> Any:
        """What is recommended beside a track."""
        asked = recommendation_service_pb2.ListSimilarTracksRequest(track_id=track_id, limit=SHOWN)
        return await self.client.call(self.client.recommendations.ListSimilarTracks, asked)

    async def hear_recommended(self, track_id: str) -> None:
        """Is shown what is recommended beside a track, hears it, and saves the last of it that is
        to their taste."""
        answer = await self.similar(track_id)
        seen = recommendation_service_pb2.ReportShownRequest(shown_ids=[answer.shown_id])
        await self.client.call(self.client.recommendations.ReportShown, seen)
        await self.listen(answer.tracks, answer.shown_id)
        liked = [track.id for track in answer.tracks if track.title.startswith(self.genre)]
        if liked:
            await self.save(liked[-1:])


@asynccontextmanager
async def listener(folder: Path, name: str, genre: str) -> AsyncIterator[Listener]:
    """A listener of that name, new to the mesh."""
    async with MeshClient(folder, LocalUser(name)) as client:
        yield Listener(client, genre, random.Random(name))
