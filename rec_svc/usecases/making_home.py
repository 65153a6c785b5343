"""Makes the shelves of a user's home, for every plan at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from rec_svc.domain.experiments import Assignments
from rec_svc.domain.home import Home, Shelf, ShelfKind, kept
from rec_svc.domain.listening import Listened, Taste
from rec_svc.domain.model import Model
from rec_svc.domain.recommended import Reason, ReasonKind, Recommended, Source, in_order
from rec_svc.domain.tracks import Artist, Track
from rec_svc.ports.experiments import RunningExperiments
from rec_svc.ports.listening import Listening
from rec_svc.ports.tracks import Tracks
from rec_svc.usecases.chosen_models import ChosenModels
from rec_svc.usecases.model_shelves import Going, ModelShelves

DAY_MS = 24 * 3_600_000
_NEW_MS = 60 * DAY_MS
_RESTED_MS = 30 * DAY_MS
_OFTEN = 2
_LATELY = 50
_SHELVES_BECAUSE = 3
_LOOKED_UP = 200
# What was liked last: what a reason costs grows with it.
_MOST_HISTORY = 100
_SAMPLE_OF_ARTISTS = 50


@dataclass(frozen=True, slots=True)
class _Maker:
    """What is known of the user for whom shelves are made."""

    taste: Taste
    assigned: Assignments
    model: Model | None
    now_ms: int

    @property
    def played(self) -> list[Listened]:
        """What counted as played, the latest first."""
        return [one for one in self.taste.listened if one.plays > 0]

    @property
    def artists(self) -> frozenset[str]:
        """Those whom the user follows or named."""
        named = self.taste.followed_artists | set(self.taste.favorite_artists)
        return named - self.taste.blocked_artists

    @property
    def heard(self) -> frozenset[str]:
        """What the user knows already."""
        return self.taste.saved.union(one.track_id for one in self.taste.listened)

    def kept(self, tracks: Sequence[Track], heard: Collection[str] = ()) -> list[Track]:
        return kept(tracks, frozenset(heard), self.taste.blocked_artists)

    @property
    def going(self) -> Going | None:
        """What a model goes by; None without one."""
        if self.model is None:
            return None
        parameters = self.assigned.parameters
        return Going(self.model, parameters, self.heard, self.taste.blocked_artists)


class MakeHome:
    """Makes homes. ``new_id`` makes the ids of lists, ``chance`` draws what is to be tried."""

    def __init__(
        self,
        tracks: Tracks,
        listening: Listening,
        models: ChosenModels,
        running: RunningExperiments,
        *,
        clock: Callable[[], int],
        new_id: Callable[[], str],
        chance: random.Random,
    ) -> None:
        self._tracks = tracks
        self._listening = listening
        self._models = models
        self._running = running
        self._by_model = ModelShelves(tracks, chance)
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, user_id: str) -> Home:
        """The home of a user as of now, with more tracks than are shown. Raises Unavailable."""
        assigned = self._running.current().assignments(user_id)
        maker = _Maker(
            await self._listening.taste(user_id),
            assigned,
            await self._models.of(assigned.parameters.model_id),
            self._clock(),
        )
        shelves = (
            *await self._new(maker),
            *await self._by_plays(maker),
            *await self._rested(maker),
        )
        if not any(one.kind is ShelfKind.POPULAR_WITH_PEOPLE_LIKE_YOU for one in shelves):
            shelves = (*shelves, self._shelf(ShelfKind.POPULAR, await self._popular(maker)))
        return Home(
            made_at_ms=maker.now_ms,
            model_id="" if maker.model is None else maker.model.model_id,
            shelves=tuple(one for one in shelves if one.tracks),
            arms=assigned.arms,
            held_back=assigned.held_back,
        )

    async def _new(self, maker: _Maker) -> list[Shelf]:
        if not maker.artists:
            return []
        newest = await self._tracks.of_artists(maker.artists, _LOOKED_UP)
        since_ms = maker.now_ms - _NEW_MS if maker.played else 0
        new = [track for track in newest if track.added_at_ms >= since_ms]
        picks = [
            replace(one, reason=_of_artist(one.track))
            for one in in_order(maker.kept(new, maker.heard), ReasonKind.ARTIST_YOU_FOLLOW)
        ]
        return [self._shelf(ShelfKind.NEW_FROM_ARTISTS, picks, Source.CONTENT)]

    async def _by_plays(self, maker: _Maker) -> list[Shelf]:
        """What goes with single tracks that were played, and with all of them."""
        seeds, going = await self._seeds(maker), maker.going
        if going is None:
            return [await self._of_same_artist(maker, seed) for seed in seeds]
        rows = going.model.tracks.rows
        known = [seed for seed in seeds if len(rows([seed.id]))]
        liked = rows(maker.taste.liked[:_MOST_HISTORY])
        history = liked if len(liked) else rows(await self._of_artists(maker))
        histories = [*(rows([seed.id]) for seed in known), *([history] if len(history) else [])]
        found = await self._by_model.beside(going, histories)
        by_seed = {seed.id: one.picks for seed, one in zip(known, found, strict=False)}
        shelves = [
            self._by(going.model, ShelfKind.BECAUSE_YOU_PLAYED, by_seed[seed.id], seed)
            if seed.id in by_seed
            else await self._of_same_artist(maker, seed)
            for seed in seeds
        ]
        if len(history):
            picks = await self._by_model.explored(going, found[-1])
            if not len(liked):
                picks = [replace(one, reason=_as_of_artist(one.reason)) for one in picks]
            kind = ShelfKind.POPULAR_WITH_PEOPLE_LIKE_YOU
            shelves += [self._by(going.model, kind, picks)] if picks else []
        return shelves

    async def _seeds(self, maker: _Maker) -> list[Track]:
        """The tracks that were played most of those played last, one an artist."""
        lately = [one for one in maker.played if one.plays > one.skips][:_LATELY]
        often = sorted(lately, key=lambda one: -one.plays)
        known = await self._tracks.tracks([one.track_id for one in often]) if often else {}
        seeds: dict[str, Track] = {}
        for track in (known[one.track_id] for one in often if one.track_id in known):
            if track.artist_id not in maker.taste.blocked_artists:
                seeds.setdefault(track.artist_id, track)
        return list(seeds.values())[:_SHELVES_BECAUSE]

    async def _of_same_artist(self, maker: _Maker, seed: Track) -> Shelf:
        """Where no model knows a track: others of its artist."""
        others = await self._tracks.of_artists([seed.artist_id], _LOOKED_UP)
        picks = [
            replace(one, reason=Reason(ReasonKind.BECAUSE_OF_TRACK, seed))
            for one in in_order(maker.kept(others, maker.heard), ReasonKind.BECAUSE_OF_TRACK)
        ]
        return self._shelf(ShelfKind.BECAUSE_YOU_PLAYED, picks, Source.CONTENT, seed)

    async def _of_artists(self, maker: _Maker) -> list[str]:
        """Of whoever played nothing: some tracks of the artists that they named."""
        if not maker.artists:
            return []
        found = await self._tracks.of_artists(maker.artists, _SAMPLE_OF_ARTISTS)
        return [track.id for track in found]

    async def _rested(self, maker: _Maker) -> list[Shelf]:
        before_ms = maker.now_ms - _RESTED_MS
        often = [
            one
            for one in maker.taste.listened
            if one.plays >= _OFTEN and one.plays > one.skips and one.last_played_ms <= before_ms
        ]
        ids = [one.track_id for one in sorted(often, key=lambda one: -one.plays)[:_LOOKED_UP]]
        known = await self._tracks.tracks(ids) if ids else {}
        there = maker.kept([known[id_] for id_ in ids if id_ in known])
        picks = in_order(there, ReasonKind.BACK_IN_ROTATION)
        return [self._shelf(ShelfKind.BACK_IN_ROTATION, picks, Source.PERSONAL)]

    async def _popular(self, maker: _Maker) -> list[Recommended]:
        popular = await self._tracks.popular(_LOOKED_UP)
        return in_order(maker.kept(popular), ReasonKind.POPULAR)

    def _by(
        self,
        model: Model,
        kind: ShelfKind,
        picks: Sequence[Recommended],
        because: Track | None = None,
    ) -> Shelf:
        made = self._shelf(kind, picks, Source.PERSONAL, because)
        return replace(made, model_id=model.model_id)

    def _shelf(
        self,
        kind: ShelfKind,
        picks: Sequence[Recommended],
        source: Source = Source.POPULAR,
        because: Track | None = None,
    ) -> Shelf:
        return Shelf(kind, self._new_id(), source, tuple(picks), because)


def _of_artist(track: Track) -> Reason:
    artist = Artist(track.artist_id, track.artist)
    return Reason(ReasonKind.ARTIST_YOU_FOLLOW, artist=artist)


def _as_of_artist(reason: Reason) -> Reason:
    """The reason where the track that it names was not played, and its artist is named."""
    return reason if reason.track is None else _of_artist(reason.track)
