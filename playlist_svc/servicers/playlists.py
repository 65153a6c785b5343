"""PlaylistService on the wire: checks fields, calls the use case, composes the answer."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from contextlib import aclosing
from dataclasses import dataclass

from segue.playlist.v1 import playlist_service_pb2 as pb
from segue.playlist.v1.playlist_service_pb2_grpc import PlaylistServiceServicer

from meshkit.aging import AgingCache
from meshkit.idempotency import request_key
from meshkit.paging import Page
from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.stream_ends import OpenStream
from meshkit.streams import HeldStreams, OpenStreams
from meshkit.timestamps import timestamp_of_ms
from meshkit.ulids import to_raw
from playlist_svc.convert import details, fields, playlists, requests, watching
from playlist_svc.usecases.new_playlists import NewPlaylist
from playlist_svc.usecases.playlist.add_tracks import AddTracks
from playlist_svc.usecases.playlist.create_playlist import CreatePlaylist
from playlist_svc.usecases.playlist.delete_playlist import DeletePlaylist
from playlist_svc.usecases.playlist.follow_playlist import FollowPlaylist
from playlist_svc.usecases.playlist.get_playlist import GetPlaylist
from playlist_svc.usecases.playlist.list_playlists import ListPlaylists
from playlist_svc.usecases.playlist.list_tracks import ListTracks, TrackPage
from playlist_svc.usecases.playlist.list_user_playlists import ListUserPlaylists
from playlist_svc.usecases.playlist.move_tracks import MoveTracks
from playlist_svc.usecases.playlist.recover_playlist import RecoverPlaylist
from playlist_svc.usecases.playlist.remove_tracks import RemoveTracks
from playlist_svc.usecases.playlist.replace_tracks import ReplaceTracks
from playlist_svc.usecases.playlist.sort_tracks import SortTracks
from playlist_svc.usecases.playlist.unfollow_playlist import UnfollowPlaylist
from playlist_svc.usecases.playlist.update_playlist import UpdatePlaylist
from playlist_svc.usecases.playlist.watch_playlist import WatchPlaylist
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.views import Views

MOST_VIEWS = 100
"""Views of playlists that a user has open at one instance."""

# A page is made once for all who read the same version within seconds: to fill it costs more than
# all else about the call. What it says of tracks and people is no older than that and theirs.
_PAGED_ENTRIES = 50_000


@dataclass(frozen=True, slots=True)
class PlaylistUseCases:
    """What PlaylistService asks for."""

    create_playlist: CreatePlaylist
    get_playlist: GetPlaylist
    list_playlists: ListPlaylists
    list_user_playlists: ListUserPlaylists
    update_playlist: UpdatePlaylist
    delete_playlist: DeletePlaylist
    recover_playlist: RecoverPlaylist
    list_tracks: ListTracks
    add_tracks: AddTracks
    remove_tracks: RemoveTracks
    move_tracks: MoveTracks
    replace_tracks: ReplaceTracks
    sort_tracks: SortTracks
    follow_playlist: FollowPlaylist
    unfollow_playlist: UnfollowPlaylist
    watch_playlist: WatchPlaylist
    refresh: Refresh
    views: Views


class PlaylistServicer(PlaylistServiceServicer):
    """Playlists of the calling user, and those that the user may see."""

    def __init__(self, do: PlaylistUseCases, streams: OpenStreams, *, pages_live_s: float) -> None:
        self._do = do
        self._streams = streams
        self._views: HeldStreams[OpenStream] = HeldStreams("view", streams, most=MOST_VIEWS)
        self._pages: AgingCache[Hashable, pb.ListTracksResponse] = AgingCache(
            _PAGED_ENTRIES, pages_live_s, time.monotonic
        )
        self._updates = watching.Updates()

    async def CreatePlaylist(
        self, request: pb.CreatePlaylistRequest, context: Context
    ) -> pb.CreatePlaylistResponse:
        user_id = current_principal().user_id
        new = NewPlaylist(
            title=details.new_title(request) or fields.title("name", ""),
            description=fields.description(request.description),
            visibility=details.new_visibility(request),
            rule=details.new_rule(request),
        )
        key = request_key(request)
        head = await self._do.create_playlist(user_id, new, key)
        return pb.CreatePlaylistResponse(
            playlist_id=head.playlist_id,
            created_at=timestamp_of_ms(head.created_at_ms),
            snapshot_id=head.snapshot_id,
        )

    async def GetPlaylist(
        self, request: pb.GetPlaylistRequest, context: Context
    ) -> pb.GetPlaylistResponse:
        shown = await self._do.get_playlist(*requests.named(request))
        return pb.GetPlaylistResponse(playlist=playlists.playlist(shown))

    async def ListPlaylists(
        self, request: pb.ListPlaylistsRequest, context: Context
    ) -> pb.ListPlaylistsResponse:
        kinds = requests.kinds(request)
        page = Page.of(request)
        after = fields.numbered_key(page.after)
        user_id = current_principal().user_id
        found = await self._do.list_playlists(user_id, kinds, after, page.size + 1)
        listed, token = page.cut(found, lambda one: one.key)
        return pb.ListPlaylistsResponse(
            playlists=[playlists.playlist(one.shown) for one in listed], next_page_token=token
        )

    async def ListUserPlaylists(
        self, request: pb.ListUserPlaylistsRequest, context: Context
    ) -> pb.ListUserPlaylistsResponse:
        owner_id = request.user_id
        page = Page.of(request)
        after = fields.numbered_key(page.after)
        user_id = current_principal().user_id
        found = await self._do.list_user_playlists(owner_id, user_id, after, page.size + 1)
        listed, token = page.cut(found, lambda one: one.key)
        return pb.ListUserPlaylistsResponse(
            playlists=[playlists.playlist(one.shown) for one in listed], next_page_token=token
        )

    async def UpdatePlaylist(
        self, request: pb.UpdatePlaylistRequest, context: Context
    ) -> pb.UpdatePlaylistResponse:
        command = requests.command(request, request.playlist.snapshot_id)
        snapshot_id, head = await self._do.update_playlist(command, details.changed(request))
        head = await self._do.refresh(head)
        shown = await self._do.views.shown(head, command.user_id)
        return pb.UpdatePlaylistResponse(
            snapshot_id=snapshot_id, playlist=playlists.playlist(shown)
        )

    async def DeletePlaylist(
        self, request: pb.DeletePlaylistRequest, context: Context
    ) -> pb.DeletePlaylistResponse:
        await self._do.delete_playlist(requests.command(request))
        return pb.DeletePlaylistResponse()

    async def RecoverPlaylist(
        self, request: pb.RecoverPlaylistRequest, context: Context
    ) -> pb.RecoverPlaylistResponse:
        command = requests.command(request)
        head = await self._do.recover_playlist(command)
        shown = await self._do.views.shown(head, command.user_id)
        return pb.RecoverPlaylistResponse(playlist=playlists.playlist(shown))

    async def ListTracks(
        self, request: pb.ListTracksRequest, context: Context
    ) -> pb.ListTracksResponse:
        playlist_id, user_id = requests.named(request)
        snapshot_id = request.snapshot_id
        page = Page.of(request)
        at = requests.pinned(page.after)
        if at is None:
            start = 0
            opened = await self._do.list_tracks.open(playlist_id, user_id, snapshot_id)
        else:
            version, start = at
            opened = await self._do.list_tracks.reopen(playlist_id, user_id, version)
        # Everything that the answer follows from, but the names of tracks and people.
        key = (playlist_id, snapshot_id, opened.version, start, page.size)
        answer = self._pages.get(key)
        if answer is None:
            found = await self._do.list_tracks.page(opened, start, page.size)
            answer = pb.ListTracksResponse(
                next_page_token=_after(page, found),
                snapshot_id=found.version.snapshot_id,
                total_count=found.track_count,
            )
            playlists.fill(answer.tracks, found.entries, found.start, found.names)
            self._pages.keep(key, answer, time.monotonic(), weight=1 + len(answer.tracks))
        return answer

    async def AddTracks(
        self, request: pb.AddTracksRequest, context: Context
    ) -> pb.AddTracksResponse:
        command = requests.command(request, request.snapshot_id)
        track_ids = request.track_ids
        edited = await self._do.add_tracks(command, track_ids, requests.insert_position(request))
        return pb.AddTracksResponse(
            added_count=edited.added, snapshot_id=edited.snapshot_id, item_ids=edited.item_ids
        )

    async def RemoveTracks(
        self, request: pb.RemoveTracksRequest, context: Context
    ) -> pb.RemoveTracksResponse:
        command = requests.command(request, request.snapshot_id)
        item_ids = list(map(to_raw, request.item_ids))
        edited = await self._do.remove_tracks(command, item_ids)
        return pb.RemoveTracksResponse(removed_count=edited.removed, snapshot_id=edited.snapshot_id)

    async def MoveTracks(
        self, request: pb.MoveTracksRequest, context: Context
    ) -> pb.MoveTracksResponse:
        command = requests.command(request, request.snapshot_id)
        item_ids = list(map(to_raw, request.item_ids))
        before = requests.before(request.before_item_id)
        edited = await self._do.move_tracks(command, item_ids, before)
        return pb.MoveTracksResponse(snapshot_id=edited.snapshot_id)

    async def ReplaceTracks(
        self, request: pb.ReplaceTracksRequest, context: Context
    ) -> pb.ReplaceTracksResponse:
        command = requests.command(request, request.snapshot_id)
        edited = await self._do.replace_tracks(command, requests.items(request))
        return pb.ReplaceTracksResponse(
            snapshot_id=edited.snapshot_id,
            added_count=edited.added,
            removed_count=edited.removed,
        )

    async def SortTracks(
        self, request: pb.SortTracksRequest, context: Context
    ) -> pb.SortTracksResponse:
        command = requests.command(request)
        by = requests.sorted_by(request)
        edited = await self._do.sort_tracks(command, by, descending=request.descending)
        return pb.SortTracksResponse(snapshot_id=edited.snapshot_id)

    async def FollowPlaylist(
        self, request: pb.FollowPlaylistRequest, context: Context
    ) -> pb.FollowPlaylistResponse:
        command = requests.command(request)
        count = await self._do.follow_playlist(command.playlist_id, command.user_id, command.key)
        return pb.FollowPlaylistResponse(follower_count=count)

    async def UnfollowPlaylist(
        self, request: pb.UnfollowPlaylistRequest, context: Context
    ) -> pb.UnfollowPlaylistResponse:
        command = requests.command(request)
        await self._do.unfollow_playlist(command.playlist_id, command.user_id, command.key)
        return pb.UnfollowPlaylistResponse()

    def WatchPlaylist(
        self, request: pb.WatchPlaylistRequest, context: Context
    ) -> AsyncIterator[pb.WatchPlaylistResponse]:
        playlist_id, user_id = requests.named(request)
        token = request.resume_token

        async def steps(stream: OpenStream) -> AsyncGenerator[pb.WatchPlaylistResponse, None]:
            watched = self._do.watch_playlist(playlist_id, user_id, token, stream)
            async with aclosing(watched) as updates:
                async for update in updates:
                    yield self._updates(update)

        principal = current_principal()
        return self._streams.told(
            pb.WatchPlaylistResponse,
            steps,
            principal=principal,
            resume_token=token,
            held=self._views,
        )


def _after(page: Page, found: TrackPage) -> str:
    """The token of the page after this one; empty for none."""
    end = found.start + len(found.entries)
    if end >= found.track_count or not found.entries:
        return ""
    version = found.version
    return page.next_token((version.revision, end, version.snapshot_id))
