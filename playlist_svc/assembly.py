"""Use cases and servicers, built on parts: which adapters those are is not known here."""

from __future__ import annotations

from dataclasses import dataclass

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

from meshkit.clock import now_ms
from meshkit.feeds import ChangeFeed
from meshkit.process import Serving
from meshkit.server import MeshServer
from meshkit.streams import OpenStreams
from meshkit.ulids import new_id
from playlist_svc.adapters.codecs import heads
from playlist_svc.domain.library import Album
from playlist_svc.domain.shelf_changes import BLOCKED_ARTIST, SAVED_TRACK
from playlist_svc.domain.social import Artist
from playlist_svc.ports.library import Albums, Shelf
from playlist_svc.ports.listings import Listings
from playlist_svc.ports.matching import Matching
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import HeadCache, PlaylistStore
from playlist_svc.ports.sharing import Blocks, ShareStore, Tries
from playlist_svc.ports.social import Artists, SocialStore, Ties
from playlist_svc.ports.tracks import Catalogue, Tracks
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
from playlist_svc.usecases.change_sets import FindNews
from playlist_svc.usecases.history import History
from playlist_svc.usecases.library import Library
from playlist_svc.usecases.new_playlists import CreatePlaylist
from playlist_svc.usecases.notifier import Hub
from playlist_svc.usecases.playlist.editing import Editing
from playlist_svc.usecases.playlist.follow_playlist import Following
from playlist_svc.usecases.playlist.list_playlists import Listing
from playlist_svc.usecases.playlist.update_playlist import ChangeDetails, Deletion
from playlist_svc.usecases.playlist.watch_playlist import WatchPlaylist
from playlist_svc.usecases.playlist_internal.put_managed_playlist import ManagePlaylist
from playlist_svc.usecases.playlist_internal.watch_changes import WatchChanges
from playlist_svc.usecases.playlist_internal.watch_membership import WatchMembership
from playlist_svc.usecases.sharing.accept_share import AcceptShare, Door, PreviewShare
from playlist_svc.usecases.sharing.create_share import Sharing
from playlist_svc.usecases.sharing.set_collaborator import Collaborating
from playlist_svc.usecases.shelf_feed import WatchShelves
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.snapshot import GoBack
from playlist_svc.usecases.social import Social
from playlist_svc.usecases.transfer.export_playlist import ExportPlaylist
from playlist_svc.usecases.transfer.file_thread import FileThread
from playlist_svc.usecases.transfer.find_tracks import FindTracks
from playlist_svc.usecases.transfer.import_playlist import ImportFile
from playlist_svc.usecases.views import Reading
from playlist_svc.usecases.writing import Versions, Writer


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


def assemble(serving: Serving, settings: Settings, parts: Parts) -> None:
    """Serves the contracts of playlists on ``parts``."""
    server, use = serving.server, _Shared(parts)
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
    serving.run(use.hub.run)


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
