"""Puts the service together: the one place that knows every adapter."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
from redis.asyncio import Redis
from segue.catalog.v1.catalog_internal_service_pb2_grpc import (
    CatalogInternalServiceStub,
    SearchInternalServiceStub,
)
from segue.identity.v1.identity_internal_service_pb2_grpc import UserInternalServiceStub
from segue.playlist.v1.library_service_pb2_grpc import add_LibraryServiceServicer_to_server
from segue.playlist.v1.playlist_internal_service_pb2_grpc import (
    add_LibraryInternalServiceServicer_to_server,
    add_PlaylistInternalServiceServicer_to_server,
    add_SocialInternalServiceServicer_to_server,
)
from segue.playlist.v1.playlist_service_pb2_grpc import add_PlaylistServiceServicer_to_server
from segue.playlist.v1.sharing_service_pb2_grpc import add_SharingServiceServicer_to_server
from segue.playlist.v1.snapshot_service_pb2_grpc import add_SnapshotServiceServicer_to_server
from segue.playlist.v1.social_service_pb2_grpc import add_SocialServiceServicer_to_server
from segue.playlist.v1.transfer_service_pb2_grpc import add_TransferServiceServicer_to_server
from ulid import ULID

from meshkit import (
    feeds_postgres,
    following_postgres,
    idempotency_postgres,
    leases_postgres,
    postgres,
    valkey,
)
from meshkit.background import regularly, running
from meshkit.clients import Channels
from meshkit.feeds import ChangeFeed
from meshkit.following import Follower
from meshkit.leases import Lease
from meshkit.migrations import MigrationSource
from meshkit.migrations import migrated as apply_migrations
from meshkit.revocations import RevocationFollower, Watch, identity_revocations
from meshkit.server import MeshServer
from meshkit.streams import OpenStreams
from meshkit.tokens import TokenVerifier
from playlist_svc.adapters import heads, postgres_people, postgres_tracks_copy
from playlist_svc.adapters.catalogue import CATALOG, CatalogueService
from playlist_svc.adapters.catalogue_matching import (
    SEARCH,
    CatalogueMatching,
    Patience,
    PatientCatalogue,
    PatientMatching,
)
from playlist_svc.adapters.catalogue_names import CatalogueAlbums, CatalogueArtists
from playlist_svc.adapters.identity import USERS, IdentityService
from playlist_svc.adapters.people import CachedPeople
from playlist_svc.adapters.postgres_library import (
    PostgresBlockedArtists,
    PostgresSavedAlbums,
    PostgresSavedTracks,
)
from playlist_svc.adapters.postgres_listings import PostgresListings
from playlist_svc.adapters.postgres_people import PostgresPeopleCopy, PostgresToldNames
from playlist_svc.adapters.postgres_playlists import PostgresPlaylists
from playlist_svc.adapters.postgres_sharing import PostgresBlocks, PostgresShares
from playlist_svc.adapters.postgres_social import PostgresSocial, PostgresTies
from playlist_svc.adapters.postgres_tracks import PostgresTracks
from playlist_svc.adapters.postgres_tracks_copy import PostgresTracksCopy
from playlist_svc.adapters.valkey_heads import ValkeyHeads
from playlist_svc.adapters.valkey_tries import ValkeyTries
from playlist_svc.adapters.versions import Versions as KeptVersions
from playlist_svc.domain.library import Album
from playlist_svc.domain.shelf_changes import BLOCKED_ARTIST, SAVED_TRACK
from playlist_svc.domain.social import Artist
from playlist_svc.ports.library import Albums, Shelf
from playlist_svc.ports.listings import Listings
from playlist_svc.ports.matching import Matching
from playlist_svc.ports.people import People, UserChange
from playlist_svc.ports.playlists import HeadCache, PlaylistStore
from playlist_svc.ports.sharing import Blocks, ShareStore, Tries
from playlist_svc.ports.social import Artists, SocialStore, Ties
from playlist_svc.ports.tracks import Catalogue, TrackChange, Tracks
from playlist_svc.servicers import playlists as playlist_calls
from playlist_svc.servicers import sharing as sharing_calls
from playlist_svc.servicers.library import LibraryServicer
from playlist_svc.servicers.library_internal import LibraryInternalServicer
from playlist_svc.servicers.playlists import PlaylistServicer
from playlist_svc.servicers.playlists_internal import PlaylistInternalServicer
from playlist_svc.servicers.sharing import SharingServicer
from playlist_svc.servicers.snapshots import SnapshotServicer
from playlist_svc.servicers.social import SocialServicer
from playlist_svc.servicers.social_internal import SocialInternalServicer
from playlist_svc.servicers.transfer import TransferServicer
from playlist_svc.settings import Settings
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.blocking import Blocking
from playlist_svc.usecases.blocking_artists import BlockingArtists
from playlist_svc.usecases.collaborating import Collaborating
from playlist_svc.usecases.creating import CreatePlaylist
from playlist_svc.usecases.details import ChangeDetails, Deletion
from playlist_svc.usecases.editing import Editing
from playlist_svc.usecases.exporting import ExportPlaylist
from playlist_svc.usecases.file_thread import FileThread
from playlist_svc.usecases.finding_tracks import FindTracks
from playlist_svc.usecases.follow_catalogue import FollowCatalogue
from playlist_svc.usecases.follow_users import FollowUsers
from playlist_svc.usecases.following import Following
from playlist_svc.usecases.following_links import AcceptShare, Door, PreviewShare
from playlist_svc.usecases.history import History
from playlist_svc.usecases.hub import Hub
from playlist_svc.usecases.importing_file import ImportFile
from playlist_svc.usecases.library import Library
from playlist_svc.usecases.listing import Listing
from playlist_svc.usecases.managing import ManagePlaylist
from playlist_svc.usecases.news import FindNews
from playlist_svc.usecases.reading import Reading
from playlist_svc.usecases.sharing import Sharing
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.social import Social
from playlist_svc.usecases.undoing import GoBack
from playlist_svc.usecases.watch_changes import WatchChanges
from playlist_svc.usecases.watch_membership import WatchMembership
from playlist_svc.usecases.watch_shelves import WatchShelves
from playlist_svc.usecases.watching import WatchPlaylist
from playlist_svc.usecases.writing import Versions, Writer

SCHEMA = "playlist"

_HOUR_S = 3600.0
_PURGED_AT_ONCE = 1_000


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """A new ULID."""
    return str(ULID())


def migrations() -> list[MigrationSource]:
    """All that the schema of this service is made of."""
    return [
        MigrationSource.of_package("playlist_svc.migrations"),
        feeds_postgres.MIGRATIONS,
        idempotency_postgres.MIGRATIONS,
        following_postgres.MIGRATIONS,
        leases_postgres.MIGRATIONS,
    ]


async def migrated(dsn: str) -> None:
    """Bring the schema up to date, as soon as the store answers."""
    await apply_migrations(dsn, schema=SCHEMA, sources=migrations())


@dataclass(frozen=True, slots=True)
class Parts:
    """What use cases stand on."""

    store: PlaylistStore
    cache: HeadCache
    feed: ChangeFeed
    listings: Listings
    shares: ShareStore
    tries: Tries
    saved_tracks: Shelf[str]
    saved_albums: Shelf[Album]
    blocked_artists: Shelf[Artist]
    social: SocialStore
    blocks: Blocks
    ties: Ties
    tracks: Tracks
    albums: Albums
    artists: Artists
    people: People
    catalogue: Catalogue
    matching: Matching


@dataclass(frozen=True, slots=True)
class Service:
    """The service, put together and not yet serving."""

    server: MeshServer
    background: tuple[Callable[[], Coroutine[Any, Any, None]], ...]


class _Shared:
    """The use cases that several servicers stand on."""

    def __init__(self, parts: Parts) -> None:
        store, tracks, people = parts.store, parts.tracks, parts.people
        self.hub = Hub(parts.feed, parts.cache, heads.decode)
        self.access = Access(store, parts.cache)
        self.writer = Writer(store, self.access)
        self.versions = Versions(tracks, now_ms, new_id)
        self.refresh = Refresh(self.writer, self.versions, tracks, now_ms)
        self.reading = Reading(self.access, store, tracks, people, self.refresh)
        self.history = History(self.access, store, people, self.reading)


def assemble(settings: Settings, parts: Parts, tokens: TokenVerifier) -> Service:
    """Builds use cases and servicers on the parts, and says what runs beside the server."""
    server = MeshServer(settings, tokens=tokens)
    use = _Shared(parts)
    server.add(
        add_PlaylistServiceServicer_to_server,
        PlaylistServicer(
            _playlists(parts, use), server.streams, pages_live_s=settings.pages_live_s
        ),
    )
    server.add(add_PlaylistInternalServiceServicer_to_server, _internal(parts, use, server.streams))
    server.add(
        add_SnapshotServiceServicer_to_server,
        SnapshotServicer(use.history, GoBack(use.writer, use.versions)),
    )
    server.add(add_SharingServiceServicer_to_server, SharingServicer(_sharing(parts, use)))
    library = Library(parts.saved_tracks, parts.saved_albums, parts.tracks, parts.albums, now_ms)
    server.add(add_LibraryServiceServicer_to_server, LibraryServicer(library))
    social = Social(parts.social, parts.people, parts.artists, now_ms)
    blocking = Blocking(parts.social, parts.people, parts.ties, parts.store, now_ms)
    artists = BlockingArtists(parts.blocked_artists, parts.artists, now_ms)
    server.add(add_SocialServiceServicer_to_server, SocialServicer(social, blocking, artists))
    _add_feeds(server, parts, social)
    server.add(add_TransferServiceServicer_to_server, _transfer(parts, use, server.streams))
    return Service(server, (use.hub.run,))


def _internal(parts: Parts, use: _Shared, streams: OpenStreams) -> PlaylistInternalServicer:
    store, feed, people = parts.store, parts.feed, parts.people
    return PlaylistInternalServicer(
        use.reading,
        ManagePlaylist(
            store, use.writer, use.versions, parts.tracks, people, clock=now_ms, new_id=new_id
        ),
        WatchChanges(feed, parts.listings, parts.social, people, heads.decode),
        WatchMembership(feed, parts.listings, store, heads.decode),
        streams=streams,
    )


def _add_feeds(server: MeshServer, parts: Parts, social: Social) -> None:
    saved = WatchShelves(parts.feed, parts.saved_tracks, SAVED_TRACK)
    server.add(
        add_LibraryInternalServiceServicer_to_server,
        LibraryInternalServicer(saved, streams=server.streams),
    )
    blocked = WatchShelves(parts.feed, parts.blocked_artists, BLOCKED_ARTIST)
    server.add(
        add_SocialInternalServiceServicer_to_server,
        SocialInternalServicer(social, blocked, streams=server.streams),
    )


def _playlists(parts: Parts, use: _Shared) -> playlist_calls.UseCases:
    store, tracks, people, access = parts.store, parts.tracks, parts.people, use.access
    news = FindNews(store, use.reading, use.history)
    return playlist_calls.UseCases(
        create=CreatePlaylist(store, tracks, now_ms, new_id),
        change=ChangeDetails(use.writer, use.versions, access),
        deletion=Deletion(use.writer, access, now_ms),
        editing=Editing(use.writer, use.versions, tracks, people, now_ms),
        following=Following(store, access, now_ms),
        reading=use.reading,
        listing=Listing(store, parts.listings, people, access),
        refresh=use.refresh,
        watch=WatchPlaylist(use.hub, access, store, use.reading, news, use.refresh),
    )


def _sharing(parts: Parts, use: _Shared) -> sharing_calls.UseCases:
    store, shares, people, blocks = parts.store, parts.shares, parts.people, parts.blocks
    door = Door(store, shares, parts.tries, clock=now_ms)
    return sharing_calls.UseCases(
        collaborating=Collaborating(store, use.access, people, blocks, clock=now_ms),
        sharing=Sharing(store, use.access, shares, people, clock=now_ms, new_id=new_id),
        preview=PreviewShare(door, store, use.reading, use.refresh, people),
        accept=AcceptShare(door, store, shares, blocks, use.reading, clock=now_ms),
        reading=use.reading,
    )


def _transfer(parts: Parts, use: _Shared, streams: OpenStreams) -> TransferServicer:
    thread = FileThread()
    find = FindTracks(parts.tracks, parts.catalogue, parts.matching)
    return TransferServicer(
        ImportFile(thread, find, parts.store, parts.tracks, clock=now_ms, new_id=new_id),
        ExportPlaylist(thread, use.access, parts.store, parts.tracks, use.refresh),
        streams,
    )


@dataclass(frozen=True, slots=True)
class Connections:
    """The parts as a real process has them, and what it does beside serving."""

    parts: Parts
    revocations: Watch
    chores: tuple[Callable[[], Coroutine[Any, Any, None]], ...]


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of a process. An edit looks names up while it holds a connection of ``pool``, so
    that these come from ``lookups``."""

    pool: postgres.Pool
    lookups: postgres.Pool
    valkey: Redis
    feed: ChangeFeed


def _parts(settings: Settings, stores: Stores, catalog: grpc.aio.Channel, people: People) -> Parts:
    pool = stores.pool
    stub, patience = CatalogInternalServiceStub(catalog), Patience()
    catalogue = CatalogueService(stub)
    cache = ValkeyHeads(stores.valkey)
    return Parts(
        store=PostgresPlaylists(pool, KeptVersions(settings.versions_bytes), cache),
        cache=cache,
        feed=stores.feed,
        listings=PostgresListings(pool),
        shares=PostgresShares(pool),
        tries=ValkeyTries(stores.valkey),
        saved_tracks=PostgresSavedTracks(pool),
        saved_albums=PostgresSavedAlbums(pool),
        blocked_artists=PostgresBlockedArtists(pool),
        social=PostgresSocial(pool),
        blocks=PostgresBlocks(pool),
        ties=PostgresTies(pool),
        tracks=PostgresTracks(stores.lookups, catalogue),
        albums=CatalogueAlbums(stub),
        artists=CatalogueArtists(stub),
        people=people,
        catalogue=PatientCatalogue(catalogue, patience),
        matching=PatientMatching(CatalogueMatching(SearchInternalServiceStub(catalog)), patience),
    )


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Connections]:
    """What the process talks to; nothing is waited for."""
    name = f"playlist-{settings.instance}"
    dsn = settings.database_dsn.get_secret_value()
    async with AsyncExitStack() as stack:
        pool, lookups = [
            await stack.enter_async_context(
                postgres.open_pool(dsn, schema=SCHEMA, application_name=name, max_size=size)
            )
            for size in (settings.database_pool_size, settings.lookup_pool_size)
        ]
        client = await stack.enter_async_context(
            valkey.open_client(settings.valkey_url, client_name=name)
        )
        feed = await stack.enter_async_context(
            feeds_postgres.open_feed(dsn, schema=SCHEMA, pool=pool)
        )
        channels = await stack.enter_async_context(Channels(settings))
        users = UserInternalServiceStub(channels.open(settings.identity_target, "identity", USERS))
        catalog = channels.open(settings.catalog_target, "catalog", CATALOG, SEARCH)
        identity = IdentityService(users)
        people = CachedPeople(identity, PostgresToldNames(lookups), now_ms)
        parts = _parts(settings, Stores(pool, lookups, client, feed), catalog, people)
        catalogue = CatalogueService(CatalogInternalServiceStub(catalog))
        chores = (
            _following_catalogue(catalogue, lookups).run,
            _following_users(identity, lookups, parts).run,
            partial(_pruning, pool, parts.store),
        )
        yield Connections(parts, identity_revocations(users), chores)


def _following_catalogue(catalogue: CatalogueService, pool: postgres.Pool) -> Follower[TrackChange]:
    lease = Lease(leases_postgres.PostgresLeases(pool), postgres_tracks_copy.FEED)
    consumer = FollowCatalogue(PostgresTracksCopy(pool))
    return Follower("catalog", catalogue.changes, consumer, lease=lease)


def _following_users(
    identity: IdentityService, pool: postgres.Pool, parts: Parts
) -> Follower[UserChange]:
    lease = Lease(leases_postgres.PostgresLeases(pool), postgres_people.FEED)
    shelves = (parts.saved_tracks, parts.saved_albums, parts.blocked_artists)
    holders = (parts.store, parts.shares, *shelves, parts.social)
    consumer = FollowUsers(PostgresPeopleCopy(pool), holders, now_ms)
    return Follower("identity", identity.changes, consumer, lease=lease)


async def serve(settings: Settings) -> None:
    """The process: connects to nothing before it must, serves until SIGTERM, drains, closes."""
    async with AsyncExitStack() as stack:
        links = await stack.enter_async_context(connected(settings))
        tokens = TokenVerifier(settings.jwks_url, settings.token_issuer)
        service = assemble(settings, links.parts, tokens)
        following = RevocationFollower(service.server.streams, links.revocations)

        async def ready() -> None:
            await migrated(settings.database_dsn.get_secret_value())
            await stack.enter_async_context(running(*service.background, *links.chores))

        await stack.enter_async_context(running(following.run))
        await service.server.serve(ready=ready)


def _pruning(pool: postgres.Pool, store: PlaylistStore) -> Coroutine[Any, Any, None]:
    return regularly(
        _HOUR_S,
        partial(idempotency_postgres.prune, pool),
        partial(feeds_postgres.prune, pool),
        partial(_purge, store),
    )


async def _purge(store: PlaylistStore) -> None:
    """Erases what is over its time, a bounded part of it in each transaction."""
    while await store.purge(now_ms(), _PURGED_AT_ONCE):
        continue
