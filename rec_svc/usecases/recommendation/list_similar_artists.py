"""``ListSimilarArtists``."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from rec_svc.domain import ranking
from rec_svc.domain.experiments import Ranking
from rec_svc.domain.model import Model
from rec_svc.domain.recommendation_faults import unknown_error
from rec_svc.domain.recommended import Source
from rec_svc.domain.tracks import Artist, Track
from rec_svc.ports.experiments import RunningExperiments
from rec_svc.ports.listening import Listening
from rec_svc.ports.tracks import MOST_ASKED, Tracks
from rec_svc.usecases.chosen_models import ChosenModels

# So many tracks stand for an artist.
_MOST_OF_ARTIST = 100


class SimilarArtists(NamedTuple):
    """Artists, the nearest first; ``model_id`` is empty where no model found them."""

    artists: Sequence[Artist]
    source: Source
    model_id: str


class ListSimilarArtists:
    """Finds artists whom those like who like an artist."""

    def __init__(
        self,
        tracks: Tracks,
        listening: Listening,
        models: ChosenModels,
        running: RunningExperiments,
    ) -> None:
        self._tracks = tracks
        self._listening = listening
        self._models = models
        self._running = running

    async def __call__(self, user_id: str, artist_id: str, limit: int) -> SimilarArtists:
        """At most ``limit`` artists. Raises NotFound, Unavailable."""
        own = await self._tracks.of_artists([artist_id], _MOST_OF_ARTIST)
        if not own:
            raise unknown_error("artist", artist_id)
        left_out = await self._listening.blocked_artists(user_id) | {artist_id}
        parameters = self._running.current().assignments(user_id).parameters
        model = await self._models.of(parameters.model_id)
        near: dict[str, Artist] = {}
        source = Source.POPULAR
        ways = (
            (Source.PERSONAL, partial(self._near, model, own)),
            (Source.CONTENT, partial(self._of_genres, own)),
            (Source.POPULAR, partial(self._tracks.popular, MOST_ASKED)),
        )
        for way, find in ways:
            if len(near) < limit:
                found = _artists(await find(), left_out | near.keys())
                source = source if near or not found else way
                near |= found
        model_id = model.model_id if model is not None and source is Source.PERSONAL else ""
        return SimilarArtists(list(near.values())[:limit], source, model_id)

    async def _of_genres(self, own: Sequence[Track]) -> Sequence[Track]:
        genres = {track.genre for track in own} - {""}
        return await self._tracks.of_genres(genres, _MOST_OF_ARTIST) if genres else []

    async def _near(self, model: Model | None, own: Sequence[Track]) -> Sequence[Track]:
        """What the model puts first for someone who listens to the artist alone."""
        if model is None:
            return []
        history = model.tracks.rows(track.id for track in own)
        if not len(history):
            return []
        found = await asyncio.to_thread(ranking.first_rows, model, history, Ranking.SCORE)
        ids = model.tracks.ids(found.rows)[:MOST_ASKED]
        known = await self._tracks.tracks(ids)
        return [known[id_] for id_ in ids if id_ in known]


def _artists(tracks: Iterable[Track], left_out: Collection[str]) -> dict[str, Artist]:
    """The artists of tracks, each where its first track stands."""
    found: dict[str, Artist] = {}
    for track in tracks:
        if track.artist_id not in left_out:
            found.setdefault(track.artist_id, Artist(track.artist_id, track.artist))
    return found
