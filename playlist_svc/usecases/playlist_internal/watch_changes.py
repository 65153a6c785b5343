"""Tell every change of playlists and of artists' followers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from meshkit.feed_steps import listed_then_changed
from meshkit.feeds import CaughtUp, Change, ChangeFeed, Op
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.social import ArtistFollowers
from playlist_svc.ports.listings import Listings
from playlist_svc.ports.people import People
from playlist_svc.usecases.change_notifier import ENTITY

ARTISTS = "artist_followers"
"""What changes of artists' followers are filed under in the feed."""

_PAGE = 500


class ArtistListing(Protocol):
    """What of ``SocialStore`` is needed here; see there."""

    async def artists_with_followers(self, after: str, limit: int) -> Sequence[ArtistFollowers]:
        """At most ``limit`` artists by rising id, those after the id ``after``."""
        ...


@dataclass(frozen=True, slots=True)
class PlaylistChanged:
    """A playlist as it is now, with its owner's name."""

    head: Head
    owner: str


@dataclass(frozen=True, slots=True)
class PlaylistRemoved:
    """A playlist that was deleted."""

    playlist_id: str
    version: int


@dataclass(frozen=True, slots=True)
class FollowersChanged:
    """How many follow an artist."""

    artist_id: str
    followers_count: int
    version: int


FeedEvent = PlaylistChanged | PlaylistRemoved | FollowersChanged


class WatchChanges:
    """All that is public, then the feed, change by change. ``decode`` reads a head."""

    def __init__(
        self,
        feed: ChangeFeed,
        listings: Listings,
        artists: ArtistListing,
        people: People,
        decode: Callable[[bytes], Head],
    ) -> None:
        self._feed = feed
        self._listings = listings
        self._artists = artists
        self._people = people
        self._decode = decode

    async def __call__(
        self, token: str, *, stop: asyncio.Event
    ) -> AsyncIterator[tuple[str, FeedEvent | CaughtUp | None]]:
        """Changes after ``token``, each with the token that resumes after it.

        ``meshkit.feed_steps`` says what comes when.
        """
        steps = listed_then_changed(self._feed, token, self._everything, self._told, stop=stop)
        async for step in steps:
            yield step

    async def _everything(self, stop: asyncio.Event) -> AsyncIterator[FeedEvent]:
        after = ""
        while heads := await self._listings.public_heads(after, _PAGE):
            names = await self._people.names({head.owner_id for head in heads})
            for head in heads:
                yield PlaylistChanged(head, names.get(head.owner_id, ""))
            after = heads[-1].playlist_id
            if stop.is_set():
                return
        after = ""
        while artists := await self._artists.artists_with_followers(after, _PAGE):
            for artist in artists:
                yield FollowersChanged(artist.artist_id, artist.followers_count, artist.version)
            after = artists[-1].artist_id
            if stop.is_set():
                return

    async def _told(self, changes: tuple[Change, ...]) -> AsyncIterator[FeedEvent]:
        heads = {
            change.payload: self._decode(change.payload)
            for change in changes
            if change.entity == ENTITY and change.op is Op.UPSERT
        }
        owners = {head.owner_id for head in heads.values()}
        names = await self._people.names(owners) if owners else {}
        for change in changes:
            if change.entity == ARTISTS:
                yield _followers(change)
            elif change.entity != ENTITY:
                continue
            elif change.op is Op.DELETE:
                yield PlaylistRemoved(change.id, change.version)
            else:
                head = heads[change.payload]
                yield PlaylistChanged(head, names.get(head.owner_id, ""))


def _followers(change: Change) -> FollowersChanged:
    count = json.loads(change.payload)["followers_count"]
    return FollowersChanged(change.id, int(count), change.version)
