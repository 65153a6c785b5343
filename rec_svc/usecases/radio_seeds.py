"""What a radio is started from, as tracks and a title."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from rec_svc.domain.listening import Taste
from rec_svc.domain.radio_faults import RadioSeedUnplayable, Unplayable, plan_required_error
from rec_svc.domain.radios import MOST_SEEDS, Seed, SeedKind
from rec_svc.domain.recommendation_faults import unknown_error
from rec_svc.domain.recommended import Wanted
from rec_svc.domain.tracks import Track
from rec_svc.ports.listening import Listening
from rec_svc.ports.play_orders import PlayOrders
from rec_svc.ports.tracks import MOST_ASKED, Tracks
from rec_svc.usecases.recommending import Listener


class Resolved(NamedTuple):
    """The title of a radio, and the tracks that it goes by: at most ``MOST_SEEDS``."""

    title: str
    track_ids: Sequence[str]


class RadioSeeds:
    """Finds the tracks of what a radio is started from, for the user of the call that is served."""

    def __init__(
        self, tracks: Tracks, listening: Listening, orders: PlayOrders, chance: random.Random
    ) -> None:
        self._tracks = tracks
        self._listening = listening
        self._orders = orders
        self._chance = chance

    async def resolve(self, listener: Listener, seed: Seed) -> Resolved:
        """Raises NotFound, PermissionDenied (PLAN_REQUIRED), RadioSeedUnplayable, Unavailable."""
        wanted = Wanted(
            left_out=frozenset(),
            blocked_artists=await self._listening.blocked_artists(listener.user_id),
            premium=listener.premium,
        )
        match seed.kind:
            case SeedKind.TRACK:
                return await self._track(seed, wanted)
            case SeedKind.ARTIST:
                return await self._artist(seed, wanted)
            case SeedKind.PLAYLIST:
                return await self._playlist(seed, wanted)
            case SeedKind.USER:
                return await self._user(listener, seed, wanted)

    async def _track(self, seed: Seed, wanted: Wanted) -> Resolved:
        track = (await self._tracks.tracks([seed.id])).get(seed.id)
        if track is None:
            raise unknown_error("track", seed.id)
        if not wanted.has_artist_of(track):
            raise RadioSeedUnplayable(seed, Unplayable.BLOCKED_ARTIST)
        if not wanted.allows(track):
            raise plan_required_error()
        return Resolved(f"{track.title} radio", [track.id])

    async def _artist(self, seed: Seed, wanted: Wanted) -> Resolved:
        artist = (await self._tracks.artists([seed.id])).get(seed.id)
        if artist is None:
            raise unknown_error("artist", seed.id)
        if seed.id in wanted.blocked_artists:
            raise RadioSeedUnplayable(seed, Unplayable.BLOCKED_ARTIST)
        newest = await self._tracks.of_artists([seed.id], MOST_ASKED)
        return Resolved(f"{artist.name} radio", _playable(seed, newest, wanted)[:MOST_SEEDS])

    async def _playlist(self, seed: Seed, wanted: Wanted) -> Resolved:
        order = await self._orders.of_playlist(seed.id)
        track_ids = list(dict.fromkeys(order.track_ids))
        # Of a long list some of every part of it.
        drawn = self._chance.sample(track_ids, min(len(track_ids), MOST_ASKED))
        there = (await self._tracks.tracks(drawn)).values()
        return Resolved(f"{order.title} radio", _playable(seed, list(there), wanted)[:MOST_SEEDS])

    async def _user(self, listener: Listener, seed: Seed, wanted: Wanted) -> Resolved:
        if seed.id != listener.user_id:
            raise unknown_error("user", seed.id)
        taste = await self._listening.taste(listener.user_id)
        liked = _liked(taste)[:MOST_ASKED]
        there = await self._tracks.tracks(liked)
        ours = [there[id_] for id_ in liked if id_ in there]
        if not ours and taste.favorite_artists:
            ours = list(await self._tracks.of_artists(taste.favorite_artists, MOST_ASKED))
        allowed = [track.id for track in ours if wanted.allows(track)]
        return Resolved("Your radio", allowed[:MOST_SEEDS])


def _playable(seed: Seed, tracks: Sequence[Track], wanted: Wanted) -> list[str]:
    """Raises RadioSeedUnplayable where there is none."""
    allowed = [track.id for track in tracks if wanted.allows(track)]
    if allowed:
        return allowed
    every_blocked = bool(tracks) and not any(map(wanted.has_artist_of, tracks))
    why = Unplayable.BLOCKED_ARTIST if every_blocked else Unplayable.EMPTY
    raise RadioSeedUnplayable(seed, why)


def _liked(taste: Taste) -> list[str]:
    """What was played more often than skipped or saved, the most so first."""
    saved = dict.fromkeys(taste.saved, 1)
    weights = {one.track_id: one.plays - one.skips for one in taste.listened}
    together = {
        id_: weights.get(id_, 0) + 2 * saved.get(id_, 0) for id_ in (*weights, *sorted(saved))
    }
    ranked = sorted(together.items(), key=lambda one: -one[1])
    return [id_ for id_, weight in ranked if weight > 0]
