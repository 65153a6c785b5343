"""What a radio gives next: of its seed, by a model, by artist and genre, then popular tracks."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from rec_svc.domain.experiments import Parameters, Ranking
from rec_svc.domain.model import Model
from rec_svc.domain.radio_ranking import StationRows, station_rows
from rec_svc.domain.radios import SeedKind, Station, Steering
from rec_svc.domain.ranking import FirstRows
from rec_svc.domain.recommended import Reason, ReasonKind, Recommended, Source, Wanted
from rec_svc.domain.tracks import Track
from rec_svc.ports.tracks import MOST_ASKED, Tracks
from rec_svc.usecases.exploring import Exploring
from rec_svc.usecases.model_picks import Chosen, ModelPicks

_ASKED_A_PLACE = 2
_OF_GENRE = 200
_MOST_GENRES = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What a block is to be: of which radio, which way it is steered, what may stand in it."""

    station: Station
    steering: Steering
    wanted: Wanted
    parameters: Parameters
    model: Model | None
    limit: int


@dataclass(slots=True)
class Picked:
    """What was picked so far, and the best way that any of it but the seed came by."""

    tracks: list[Recommended]
    source: Source | None = None
    model_id: str = ""

    def add(self, found: Sequence[Recommended], source: Source) -> None:
        """More, made that way."""
        self.tracks += found
        if found and self.source is None:
            self.source = source


class RadioPicks:
    """Picks what is new; what is repeated, others pick."""

    def __init__(self, tracks: Tracks, chance: random.Random) -> None:
        self._tracks = tracks
        self._chance = chance
        self._picks = ModelPicks(tracks)
        self._exploring = Exploring(tracks, chance)

    async def pick(self, asked: Asked) -> Picked:
        """At most as many as asked for. Raises Unavailable."""
        picked = Picked(await self._of_seed(asked))
        if asked.model is not None:
            found = await self._by_model(asked, asked.model, picked.tracks)
            picked.add(found, Source.PERSONAL)
            picked.model_id = asked.model.model_id if found else ""
        for fill, source in ((self._alike, Source.CONTENT), (self._popular, Source.POPULAR)):
            if len(picked.tracks) < asked.limit:
                picked.add(await fill(asked, picked.tracks), source)
        return picked

    async def _of_seed(self, asked: Asked) -> list[Recommended]:
        """One track of what the radio was started from."""
        seeds = [id_ for id_ in asked.station.radio.seed_track_ids if id_ not in _avoided(asked)]
        if asked.station.radio.seed.kind is not SeedKind.TRACK:
            seeds = self._chance.sample(seeds, len(seeds))
        there = await self._tracks.tracks(seeds) if seeds else {}
        known = [there[id_] for id_ in seeds if id_ in there]
        reason = Reason(ReasonKind.STARTED_FROM)
        return [Recommended(one, 1.0, reason) for one in islice(asked.wanted.chosen(known, ()), 1)]

    async def _by_model(
        self, asked: Asked, model: Model, before: Sequence[Recommended]
    ) -> list[Recommended]:
        """What goes best with what the radio goes by, and a share of places for chance."""
        liked = model.tracks.rows(asked.steering.liked)
        if not len(liked):
            return []
        rows = StationRows(
            liked,
            model.tracks.rows(asked.steering.skipped),
            model.tracks.rows(asked.wanted.left_out),
        )
        by = asked.parameters.ranking or Ranking.SCORE
        found = await asyncio.to_thread(station_rows, model, rows, by)
        places = asked.limit - len(before)
        chosen = await self._first(model, found, asked.wanted, before, places)
        blocked = asked.wanted.blocked_artists
        (picks,) = await self._picks(model, [Chosen(liked, found, chosen)], blocked)
        share = asked.parameters.explore_share or 0.0
        return await self._exploring(model, found, picks, asked.wanted, share, before)

    async def _first(
        self,
        model: Model,
        found: FirstRows,
        wanted: Wanted,
        before: Sequence[Recommended],
        places: int,
    ) -> list[Track]:
        """What comes first and may stand there; asks for few more tracks than it needs."""
        there: list[Track] = []
        chosen: list[Track] = []
        step = max(1, places * _ASKED_A_PLACE)
        for start in range(0, len(found.rows), step):
            part = model.tracks.ids(found.rows[start : start + step].tolist())
            known = await self._tracks.tracks(part)
            there += (known[id_] for id_ in part if id_ in known)
            chosen = list(islice(wanted.chosen(there, before), places))
            if len(chosen) == places:
                break
        return chosen

    async def _alike(self, asked: Asked, before: Sequence[Recommended]) -> list[Recommended]:
        """Others of the same artists and genres, those that most of it is of first."""
        liked, skipped = asked.steering.liked, asked.steering.skipped
        known = await self._tracks.tracks({*liked, *skipped})
        ours = [known[id_] for id_ in liked if id_ in known]
        ours = [track for track in ours if asked.wanted.has_artist_of(track)]
        if not ours:
            return []
        shares = _Shares(ours)
        avoided = _Shares([known[id_] for id_ in skipped if id_ in known])
        artists = await self._tracks.of_artists(list(shares.artists), MOST_ASKED)
        genres = [genre for genre, _ in shares.genres.most_common(_MOST_GENRES)]
        others = [*artists, *(await self._tracks.of_genres(genres, _OF_GENRE) if genres else ())]
        others = [track for track in others if track.id not in liked]
        others.sort(key=lambda track: avoided.of(track) - shares.of(track))
        places = asked.limit - len(before)
        return [
            Recommended(one, shares.of(one), Reason(ReasonKind.BECAUSE_OF_TRACK, shares.cause(one)))
            for one in islice(asked.wanted.chosen(others, before), places)
        ]

    async def _popular(self, asked: Asked, before: Sequence[Recommended]) -> list[Recommended]:
        """The most played ones of all; of what was skipped the same artists and genres last."""
        popular = await self._tracks.popular(MOST_ASKED, asked.wanted.left_out)
        places = {track.id: place for place, track in enumerate(popular, 1)}
        known = await self._tracks.tracks(asked.steering.skipped) if asked.steering.skipped else {}
        avoided = _Shares(list(known.values()))
        ordered = sorted(popular, key=avoided.of)
        reason = Reason(ReasonKind.POPULAR)
        free = asked.limit - len(before)
        return [
            Recommended(track, 1 / places[track.id], reason)
            for track in islice(asked.wanted.chosen(ordered, before), free)
        ]


class _Shares:
    """Which artists and genres some tracks are of."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self.artists = Counter(track.artist_id for track in tracks)
        self.genres = Counter(track.genre for track in tracks if track.genre)
        self._by_artist: Mapping[str, Track] = {
            track.artist_id: track for track in reversed(tracks)
        }
        self._by_genre: Mapping[str, Track] = {track.genre: track for track in reversed(tracks)}
        # One more: without any of them the shares were lower, also where all are alike.
        self._count = len(tracks) + 1

    def of(self, track: Track) -> float:
        """Half the share of its artist and half that of its genre, 0 to below 1."""
        genre = self.genres[track.genre] if track.genre else 0
        return (self.artists[track.artist_id] + genre) / (2 * self._count)

    def cause(self, track: Track) -> Track:
        """One of them that is of the same artist, or else of the same genre."""
        return self._by_artist.get(track.artist_id) or self._by_genre[track.genre]


def _avoided(asked: Asked) -> frozenset[str]:
    return frozenset(asked.steering.skipped) | asked.wanted.left_out
