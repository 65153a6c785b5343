"""The service put together as its process does it, on parts that a test chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from meshkit import feeds_postgres
from meshkit.process import Serving
from meshkit.testing import stores
from meshkit.testing.rpc import ServedMesh, TokenIssuer, served_mesh, service_settings
from playlist_svc.adapters.codecs import heads
from playlist_svc.adapters.content_cache import ContentCache
from playlist_svc.adapters.memory.affiliations import MemoryAffiliations
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.library import MemoryAlbums, MemoryCollection
from playlist_svc.adapters.memory.listings import MemoryListings
from playlist_svc.adapters.memory.matching import MemoryMatching
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from playlist_svc.adapters.memory.sharing import MemoryAttemptLimiter, MemoryShares, SocialBlocks
from playlist_svc.adapters.memory.social import MemoryArtists, MemorySocial
from playlist_svc.adapters.memory.tracks import MemoryTracks
from playlist_svc.adapters.postgres.catalogue_names import PostgresCatalogueNames
from playlist_svc.adapters.postgres.library import (
    PostgresBlockedArtists,
    PostgresSavedAlbums,
    PostgresSavedTracks,
)
from playlist_svc.adapters.postgres.listings import PostgresListings
from playlist_svc.adapters.postgres.playlists import PostgresPlaylists
from playlist_svc.adapters.postgres.sharing import PostgresBlocks, PostgresShares
from playlist_svc.adapters.postgres.social import PostgresAffiliations, PostgresSocial
from playlist_svc.adapters.postgres.tracks import PostgresTracks
from playlist_svc.assembly import Parts, assemble
from playlist_svc.domain.collection_changes import BLOCKED_ARTIST, SAVED_TRACK
from playlist_svc.domain.social import MOST_BLOCKED
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import HeadCache
from playlist_svc.ports.tracks import Catalogue, Track
from playlist_svc.schema import SCHEMA
from playlist_svc.settings import Settings


class NoCatalogue:
    """A ``Catalogue`` without tracks."""

    async def tracks(self, track_ids: Sequence[str]) -> Sequence[Track]:
        return []


def memory_parts(store: MemoryPlaylists, cache: MemoryHeads, people: People) -> Parts:
    """Parts in memory over a store and its heads, with a catalogue that has nothing."""
    catalogue = NoCatalogue()
    tracks = MemoryTracks(catalogue)
    social = MemorySocial(store.feed)
    return Parts(
        store=store,
        cache=cache,
        feed=store.feed,
        listings=MemoryListings(store, cache),
        shares=MemoryShares(),
        attempts=MemoryAttemptLimiter(),
        saved_tracks=MemoryCollection(feed=store.feed, entity=SAVED_TRACK),
        saved_albums=MemoryCollection(),
        blocked_artists=MemoryCollection(MOST_BLOCKED, feed=store.feed, entity=BLOCKED_ARTIST),
        social=social,
        blocks=SocialBlocks(social),
        affiliations=MemoryAffiliations(store, cache),
        tracks=tracks,
        albums=MemoryAlbums(),
        artists=MemoryArtists(),
        names=tracks.names,
        people=people,
        catalogue=catalogue,
        matching=MemoryMatching(),
        decode_head=heads.decode,
    )


@asynccontextmanager
async def stored_parts(
    dsn: str, cache: HeadCache, people: People, catalogue: Catalogue, **replaced: Any
) -> AsyncIterator[Parts]:
    """Parts of one instance over a PostgreSQL with the schema; what is no table is in memory.

    ``replaced`` are the parts that a test makes up.
    """
    async with (
        stores.open_pool(dsn, schema=SCHEMA.name, max_size=6) as pool,
        stores.open_pool(dsn, schema=SCHEMA.name, max_size=2) as lookups,
        feeds_postgres.open_feed(dsn, schema=SCHEMA.name, pool=pool) as feed,
    ):
        stored = replace(
            memory_parts(MemoryPlaylists(), MemoryHeads(), people),
            store=PostgresPlaylists(pool, ContentCache(), cache),
            cache=cache,
            feed=feed,
            listings=PostgresListings(pool),
            shares=PostgresShares(pool),
            saved_tracks=PostgresSavedTracks(pool),
            saved_albums=PostgresSavedAlbums(pool),
            blocked_artists=PostgresBlockedArtists(pool),
            social=PostgresSocial(pool),
            blocks=PostgresBlocks(pool),
            affiliations=PostgresAffiliations(pool),
            tracks=PostgresTracks(lookups, catalogue),
            names=PostgresCatalogueNames(lookups),
            catalogue=catalogue,
        )
        yield replace(stored, **replaced)


def playlist_settings(tls: Path, **overrides: Any) -> Settings:
    """Settings of the service under test, whose stores and neighbours are given to it."""
    plain = service_settings(tls, "playlist", **overrides).model_dump()
    return Settings(
        **plain,
        database_dsn=SecretStr("dbname=unused"),
        valkey_url="unix:///unused",
        catalog_target="unused",
        identity_target="unused",
        pages_live_s=0,
    )


@asynccontextmanager
async def assembled(
    settings: Settings, parts: Parts, tls: Path, issuer: TokenIssuer
) -> AsyncIterator[ServedMesh]:
    """The whole service on ``parts``, served until left; drains at the end."""
    serving = Serving(settings, issuer.verifier())
    assemble(serving, settings, parts)
    async with served_mesh(serving, tls, issuer) as mesh:
        yield mesh
