"""Use cases and servicers, built on parts: which adapters those are is not known here."""

from __future__ import annotations

from collections.abc import Callable
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
from playlist_svc.domain.library import Album
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.social import Artist
from playlist_svc.ports.catalogue_names import CatalogueNames
from playlist_svc.ports.library import Albums, UserCollection
from playlist_svc.ports.listings import Listings
from playlist_svc.ports.matching import Matching
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import HeadCache, PlaylistStore
from playlist_svc.ports.sharing import AttemptLimiter, Blocks, ShareStore
from playlist_svc.ports.social import Affiliations, Artists, SocialStore
from playlist_svc.ports.tracks import Catalogue, Tracks
from playlist_svc.servicers.library import LibraryServicer
from playlist_svc.servicers.library_internal import LibraryInternalServicer
from playlist_svc.servicers.playlists import PlaylistServicer, PlaylistUseCases
from playlist_svc.servicers.playlists_internal import PlaylistInternalServicer
from playlist_svc.servicers.sharing import SharingServicer, SharingUseCases
from playlist_svc.servicers.snapshots import SnapshotServicer, SnapshotUseCases
from playlist_svc.servicers.social import SocialServicer
from playlist_svc.servicers.social_internal import SocialInternalServicer
from playlist_svc.servicers.transfer import TransferServicer
from playlist_svc.settings import Settings
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.change_notifier import ChangeNotifier
from playlist_svc.usecases.change_sets import FindChanges
from playlist_svc.usecases.described_snapshots import DescribeSnapshots
from playlist_svc.usecases.library import Library
from playlist_svc.usecases.library_internal import WatchSavedTracks
from playlist_svc.usecases.playlist.add_tracks import AddTracks
from playlist_svc.usecases.playlist.create_playlist import CreatePlaylist
from playlist_svc.usecases.playlist.delete_playlist import DeletePlaylist
from playlist_svc.usecases.playlist.editing import Edits
from playlist_svc.usecases.playlist.follow_playlist import FollowPlaylist
from playlist_svc.usecases.playlist.get_playlist import GetPlaylist
from playlist_svc.usecases.playlist.list_playlists import ListPlaylists
from playlist_svc.usecases.playlist.list_tracks import ListTracks
from playlist_svc.usecases.playlist.list_user_playlists import ListUserPlaylists
from playlist_svc.usecases.playlist.listed_playlists import ListedPlaylists
from playlist_svc.usecases.playlist.move_tracks import MoveTracks
from playlist_svc.usecases.playlist.recover_playlist import RecoverPlaylist
from playlist_svc.usecases.playlist.remove_tracks import RemoveTracks
from playlist_svc.usecases.playlist.replace_tracks import ReplaceTracks
from playlist_svc.usecases.playlist.sort_tracks import SortTracks
from playlist_svc.usecases.playlist.unfollow_playlist import UnfollowPlaylist
from playlist_svc.usecases.playlist.update_playlist import UpdatePlaylist
from playlist_svc.usecases.playlist.watch_playlist import WatchPlaylist
from playlist_svc.usecases.playlist_internal.get_play_order import GetPlayOrder
from playlist_svc.usecases.playlist_internal.put_managed_playlist import PutManagedPlaylist
from playlist_svc.usecases.playlist_internal.watch_changes import WatchChanges
from playlist_svc.usecases.playlist_internal.watch_membership import WatchMembership
from playlist_svc.usecases.sharing.accept_share import AcceptShare
from playlist_svc.usecases.sharing.create_share import CreateShare
from playlist_svc.usecases.sharing.list_collaborators import ListCollaborators
from playlist_svc.usecases.sharing.list_shares import ListShares
from playlist_svc.usecases.sharing.member_changes import MemberChanges
from playlist_svc.usecases.sharing.owner_writes import OwnerWrites
from playlist_svc.usecases.sharing.preview_share import PreviewShare
from playlist_svc.usecases.sharing.remove_collaborator import RemoveCollaborator
from playlist_svc.usecases.sharing.revoke_share import RevokeShare
from playlist_svc.usecases.sharing.set_collaborator import SetCollaborator
from playlist_svc.usecases.sharing.share_codes import ShareCodes
from playlist_svc.usecases.sharing.transfer_ownership import TransferOwnership
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.snapshot.diff_snapshots import DiffSnapshots
from playlist_svc.usecases.snapshot.get_snapshot import GetSnapshot
from playlist_svc.usecases.snapshot.list_snapshots import ListSnapshots
from playlist_svc.usecases.snapshot.redo import Redo
from playlist_svc.usecases.snapshot.restore import Restore
from playlist_svc.usecases.snapshot.undo import Undo
from playlist_svc.usecases.social import ArtistBlocks, Social, UserBlocks
from playlist_svc.usecases.social_internal import (
    ListFriends,
    WatchBlockedArtists,
    WatchFollowedArtists,
)
from playlist_svc.usecases.transfer.export_playlist import ExportPlaylist
from playlist_svc.usecases.transfer.file_thread import FileThread
from playlist_svc.usecases.transfer.find_tracks import FindTracks
from playlist_svc.usecases.transfer.import_playlist import ImportPlaylist
from playlist_svc.usecases.views import Views
from playlist_svc.usecases.writing import Revisions, Writer


@dataclass(frozen=True, slots=True)
class Parts:
    """What use cases stand on; ``decode_head`` reads a head as the feed carries it."""

    store: PlaylistStore
    cache: HeadCache
    feed: ChangeFeed
    listings: Listings
    shares: ShareStore
    attempts: AttemptLimiter
    saved_tracks: UserCollection[str]
    saved_albums: UserCollection[Album]
    blocked_artists: UserCollection[Artist]
    social: SocialStore
    blocks: Blocks
    affiliations: Affiliations
    tracks: Tracks
    albums: Albums
    artists: Artists
    names: CatalogueNames
    people: People
    catalogue: Catalogue
    matching: Matching
    decode_head: Callable[[bytes], Head]


class _Shared:
    """What the use cases of several services stand on."""

    def __init__(self, parts: Parts) -> None:
        store, tracks, people = parts.store, parts.tracks, parts.people
        self.notifier = ChangeNotifier(parts.feed, parts.cache, parts.decode_head)
        self.access = Access(store, parts.cache)
        self.writer = Writer(store, self.access)
        self.revisions = Revisions(tracks, now_ms, new_id)
        self.refresh = Refresh(self.writer, self.revisions, tracks, now_ms)
        self.views = Views(self.access, tracks, people)
        self.describe = DescribeSnapshots(store, people)
        self.get_playlist = GetPlaylist(self.access, self.views, self.refresh)
        self.social = Social(parts.social, people, parts.artists, parts.names, now_ms)


def assemble(serving: Serving, settings: Settings, parts: Parts) -> None:
    """Serves the contracts of playlists on ``parts``."""
    server, use = serving.server, _Shared(parts)
    server.add(
        add_PlaylistServiceServicer_to_server,
        PlaylistServicer(_playlist(parts, use), server.streams, pages_live_s=settings.pages_live_s),
    )
    server.add(add_SnapshotServiceServicer_to_server, SnapshotServicer(_snapshot(parts, use)))
    server.add(add_SharingServiceServicer_to_server, SharingServicer(_sharing(parts, use)))
    library = Library(
        parts.saved_tracks, parts.saved_albums, parts.tracks, parts.albums, parts.names, now_ms
    )
    server.add(add_LibraryServiceServicer_to_server, LibraryServicer(library))
    server.add(add_SocialServiceServicer_to_server, _social(parts, use))
    server.add(add_TransferServiceServicer_to_server, _transfer(parts, use, server.streams))
    _add_internal(server, parts, use)
    serving.run(use.notifier.run)


def _add_internal(server: MeshServer, parts: Parts, use: _Shared) -> None:
    """Serves what other services ask for."""
    feed, streams = parts.feed, server.streams
    server.add(
        add_PlaylistInternalServiceServicer_to_server,
        _playlist_internal(parts, use, streams),
    )
    server.add(
        add_LibraryInternalServiceServicer_to_server,
        LibraryInternalServicer(WatchSavedTracks(feed, parts.saved_tracks), streams=streams),
    )
    server.add(
        add_SocialInternalServiceServicer_to_server,
        SocialInternalServicer(
            ListFriends(use.social),
            WatchBlockedArtists(feed, parts.blocked_artists),
            WatchFollowedArtists(feed, parts.social),
            streams=streams,
        ),
    )


def _playlist_internal(
    parts: Parts, use: _Shared, streams: OpenStreams
) -> PlaylistInternalServicer:
    store, feed, people = parts.store, parts.feed, parts.people
    return PlaylistInternalServicer(
        GetPlayOrder(use.access, store, use.refresh),
        PutManagedPlaylist(
            store, use.writer, use.revisions, parts.tracks, people, clock=now_ms, new_id=new_id
        ),
        WatchChanges(feed, parts.listings, parts.social, people, parts.decode_head),
        WatchMembership(feed, parts.listings, store, parts.decode_head),
        streams=streams,
    )


def _playlist(parts: Parts, use: _Shared) -> PlaylistUseCases:
    store, tracks, people, access = parts.store, parts.tracks, parts.people, use.access
    listed = ListedPlaylists(parts.listings, people)
    edits = Edits(use.writer, use.revisions, tracks, now_ms)
    changes_since = FindChanges(store, use.views, use.describe)
    return PlaylistUseCases(
        create_playlist=CreatePlaylist(store, tracks, now_ms, new_id),
        get_playlist=use.get_playlist,
        list_playlists=ListPlaylists(store, listed),
        list_user_playlists=ListUserPlaylists(store, people, access, listed),
        update_playlist=UpdatePlaylist(use.writer, use.revisions, access),
        delete_playlist=DeletePlaylist(use.writer, access, now_ms),
        recover_playlist=RecoverPlaylist(use.writer, access, now_ms),
        list_tracks=ListTracks(access, store, use.views, use.refresh),
        add_tracks=AddTracks(edits),
        remove_tracks=RemoveTracks(edits),
        move_tracks=MoveTracks(edits),
        replace_tracks=ReplaceTracks(edits),
        sort_tracks=SortTracks(use.writer, use.revisions, tracks, people),
        follow_playlist=FollowPlaylist(store, access, now_ms),
        unfollow_playlist=UnfollowPlaylist(store),
        watch_playlist=WatchPlaylist(
            use.notifier, access, store, use.views, changes_since, use.refresh
        ),
        refresh=use.refresh,
        views=use.views,
    )


def _snapshot(parts: Parts, use: _Shared) -> SnapshotUseCases:
    store, access = parts.store, use.access
    return SnapshotUseCases(
        list_snapshots=ListSnapshots(access, store, use.describe),
        get_snapshot=GetSnapshot(access, store, use.describe),
        diff_snapshots=DiffSnapshots(access, store, use.views),
        undo=Undo(use.writer, use.revisions),
        redo=Redo(use.writer, use.revisions),
        restore=Restore(use.writer, use.revisions),
    )


def _sharing(parts: Parts, use: _Shared) -> SharingUseCases:
    store, access, shares = parts.store, use.access, parts.shares
    people, blocks = parts.people, parts.blocks
    change, write = MemberChanges(store, access), OwnerWrites(store, access)
    codes = ShareCodes(store, shares, parts.attempts, clock=now_ms)
    return SharingUseCases(
        set_collaborator=SetCollaborator(store, change, access, people, blocks, clock=now_ms),
        remove_collaborator=RemoveCollaborator(change),
        list_collaborators=ListCollaborators(access, people),
        transfer_ownership=TransferOwnership(store, change, access, now_ms),
        create_share=CreateShare(write, shares, people, clock=now_ms, new_id=new_id),
        list_shares=ListShares(access, shares, people),
        revoke_share=RevokeShare(write, shares, now_ms),
        preview_share=PreviewShare(codes, store, use.views, use.refresh, people),
        accept_share=AcceptShare(
            codes,
            store=store,
            shares=shares,
            blocks=blocks,
            change=change,
            get_playlist=use.get_playlist,
            views=use.views,
            clock=now_ms,
        ),
        views=use.views,
    )


def _social(parts: Parts, use: _Shared) -> SocialServicer:
    return SocialServicer(
        use.social,
        UserBlocks(parts.social, parts.people, parts.affiliations, parts.store, now_ms),
        ArtistBlocks(parts.blocked_artists, parts.artists, parts.names, now_ms),
    )


def _transfer(parts: Parts, use: _Shared, streams: OpenStreams) -> TransferServicer:
    thread = FileThread()
    find = FindTracks(parts.tracks, parts.catalogue, parts.matching)
    return TransferServicer(
        ImportPlaylist(thread, find, parts.store, parts.tracks, clock=now_ms, new_id=new_id),
        ExportPlaylist(thread, use.access, parts.store, parts.tracks, use.refresh),
        streams,
    )
