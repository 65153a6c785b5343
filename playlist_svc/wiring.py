"""Puts the service together: the one place that chooses adapters."""

from __future__ import annotations

from functools import partial

from segue.catalog.v1.catalog_internal_service_pb2_grpc import (
    CatalogInternalServiceStub,
    SearchInternalServiceStub,
)
from segue.identity.v1.identity_internal_service_pb2_grpc import UserInternalServiceStub

from meshkit.clock import now_ms
from meshkit.idempotency_postgres import KeptAnswers
from meshkit.process import ServiceProcess, service_process
from meshkit.revocations import identity_revocations
from playlist_svc.adapters.cached_people import CachedPeople
from playlist_svc.adapters.codecs import heads
from playlist_svc.adapters.content_cache import ContentCache
from playlist_svc.adapters.grpc.catalogue import CATALOG, CatalogueService
from playlist_svc.adapters.grpc.identity import USERS, IdentityService
from playlist_svc.adapters.grpc.matching import (
    SEARCH,
    CatalogueMatching,
    RetryingCatalogue,
    RetryingMatching,
    RetryPolicy,
)
from playlist_svc.adapters.grpc.names import CatalogueAlbums, CatalogueArtists
from playlist_svc.adapters.postgres.catalogue_names import PostgresCatalogueNames
from playlist_svc.adapters.postgres.catalogue_replica import PostgresCatalogueReplica
from playlist_svc.adapters.postgres.library import (
    PostgresBlockedArtists,
    PostgresSavedAlbums,
    PostgresSavedTracks,
)
from playlist_svc.adapters.postgres.listings import PostgresListings
from playlist_svc.adapters.postgres.people import PostgresLastKnownNames, PostgresUserReplica
from playlist_svc.adapters.postgres.playlists import PostgresPlaylists
from playlist_svc.adapters.postgres.sharing import PostgresBlocks, PostgresShares
from playlist_svc.adapters.postgres.social import PostgresAffiliations, PostgresSocial
from playlist_svc.adapters.postgres.tracks import PostgresTracks
from playlist_svc.adapters.valkey.attempts import ValkeyAttemptLimiter
from playlist_svc.adapters.valkey.heads import ValkeyHeads
from playlist_svc.assembly import Parts, assemble
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.schema import SCHEMA
from playlist_svc.settings import Settings

_PURGED_AT_ONCE = 1_000


async def connect(process: ServiceProcess, settings: Settings) -> Parts:
    """The parts as a real process has them, and what keeps them fresh and small."""
    pool = process.pool
    # An edit looks names up while it holds a connection of the pool.
    lookups = await process.open_pool(settings.lookup_pool_size)
    cache = ValkeyHeads(client := await process.valkey(settings.valkey_url, settings))
    identity = await process.channel(settings.identity_target, "identity", USERS)
    catalog = await process.channel(settings.catalog_target, "catalog", CATALOG, SEARCH)
    users, tracks = UserInternalServiceStub(identity), CatalogInternalServiceStub(catalog)
    catalogue, retries = CatalogueService(tracks), RetryPolicy()
    people = CachedPeople(IdentityService(users), PostgresLastKnownNames(lookups), now_ms)
    parts = Parts(
        store=PostgresPlaylists(
            pool,
            ContentCache(settings.versions_bytes),
            cache,
            turn_wait_s=settings.turn_wait_s,
        ),
        cache=cache,
        feed=process.feed,
        listings=PostgresListings(pool),
        shares=PostgresShares(pool),
        attempts=ValkeyAttemptLimiter(client),
        saved_tracks=PostgresSavedTracks(pool),
        saved_albums=PostgresSavedAlbums(pool),
        blocked_artists=PostgresBlockedArtists(pool),
        social=PostgresSocial(pool),
        blocks=PostgresBlocks(pool),
        affiliations=PostgresAffiliations(pool),
        tracks=PostgresTracks(lookups, catalogue),
        albums=CatalogueAlbums(tracks),
        artists=CatalogueArtists(tracks),
        names=PostgresCatalogueNames(pool),
        people=people,
        catalogue=RetryingCatalogue(catalogue, retries),
        matching=RetryingMatching(CatalogueMatching(SearchInternalServiceStub(catalog)), retries),
        decode_head=heads.decode,
    )
    process.refuse_revoked(identity_revocations(users), on_erased=[people.forget])
    process.consume("catalog", catalogue.changes, PostgresCatalogueReplica(lookups))
    collections = (parts.saved_tracks, parts.saved_albums, parts.blocked_artists)
    holders = (parts.store, parts.shares, *collections, parts.social, KeptAnswers(pool))
    process.consume_users(users, *holders, names=PostgresUserReplica(lookups, now_ms))
    process.every_hour(partial(_purge, parts.store))
    return parts


async def serve(settings: Settings) -> None:
    """The process: connects to nothing before it must, serves until SIGTERM, drains, closes."""
    async with service_process(settings, SCHEMA) as process:
        assemble(process, settings, await connect(process, settings))
        await process.serve()


async def _purge(store: PlaylistStore) -> None:
    """Erases what is over its time, a bounded part of it in each transaction."""
    while await store.purge(now_ms(), _PURGED_AT_ONCE):
        continue
