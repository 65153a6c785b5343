"""Every RPC of playlists by everyone who might call it: an answer, or which refusal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from meshkit.contracts import services
from meshkit.testing.stores import PostgresServer
from playlist_svc.schema import SCHEMA
from tests.rpc.playlist.rights_stage import (
    CALLERS,
    Stage,
    delete,
    edit,
    edit_and_undo,
    set_up,
)
from tests.rpc.playlist.sharing_harness import Instance, Shared, an_instance

# A cell says what happens: "ok"; "unknown" (NOT_FOUND, the playlist or user may as well not exist);
# "denied" (PERMISSION_DENIED, it is seen but may not be touched); "invalid" (SHARE_INVALID);
# "barred" (USER_BLOCKED); "refused" (FAILED_PRECONDITION); "wrong" (INVALID_FIELD: it is oneself);
# "token" and "scope" (missing); "caller" (the edge may not call it for anyone).
# What stands after a "/" in a row's name tells rows of one RPC apart.
MATRIX = """
                          owner   editor  viewer  private link    public  follower blocked revoked no_token no_scope

PlaylistService
CreatePlaylist            ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
GetPlaylist               ok      ok      ok      unknown unknown ok      ok       unknown unknown token    scope
ListPlaylists             ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
ListUserPlaylists         ok      ok      ok      ok      ok      ok      ok       unknown ok      token    scope
UpdatePlaylist/texts      ok      ok      denied  unknown unknown denied  denied   unknown unknown token    scope
UpdatePlaylist/visibility ok      denied  denied  unknown unknown denied  denied   unknown unknown token    scope
DeletePlaylist            ok      denied  denied  unknown unknown denied  denied   unknown unknown token    scope
RecoverPlaylist           ok      unknown unknown unknown unknown unknown unknown  unknown unknown token    scope
ListTracks                ok      ok      ok      unknown unknown ok      ok       unknown unknown token    scope
AddTracks                 ok      ok      denied  unknown unknown denied  denied   unknown unknown token    scope
RemoveTracks              ok      ok      denied  unknown unknown denied  denied   unknown unknown token    scope
MoveTracks                ok      ok      denied  unknown unknown denied  denied   unknown unknown token    scope
ReplaceTracks             ok      ok      denied  unknown unknown denied  denied   unknown unknown token    scope
SortTracks                ok      ok      denied  unknown unknown denied  denied   unknown unknown token    scope
FollowPlaylist            refused ok      ok      unknown unknown ok      ok       unknown unknown token    scope
UnfollowPlaylist          ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
WatchPlaylist             ok      ok      ok      unknown unknown ok      ok       unknown unknown token    scope

SnapshotService
ListSnapshots             ok      ok      ok      unknown unknown ok      ok       unknown unknown token    scope
GetSnapshot               ok      ok      ok      unknown unknown ok      ok       unknown unknown token    scope
DiffSnapshots             ok      ok      ok      unknown unknown ok      ok       unknown unknown token    scope
Undo                      ok      ok      denied  unknown unknown denied  denied   unknown unknown token    scope
Redo                      ok      ok      denied  unknown unknown denied  denied   unknown unknown token    scope
Restore                   ok      ok      denied  unknown unknown denied  denied   unknown unknown token    scope

SharingService
SetCollaborator           ok      denied  denied  unknown unknown denied  denied   unknown unknown token    scope
RemoveCollaborator        ok      denied  denied  unknown unknown denied  denied   unknown unknown token    scope
RemoveCollaborator/self   refused ok      ok      ok      ok      ok      ok       ok      ok      token    scope
ListCollaborators         ok      ok      ok      unknown unknown denied  denied   unknown unknown token    scope
TransferOwnership         ok      denied  denied  unknown unknown denied  denied   unknown unknown token    scope
CreateShare               ok      denied  denied  unknown unknown denied  denied   unknown unknown token    scope
ListShares                ok      denied  denied  unknown unknown denied  denied   unknown unknown token    scope
RevokeShare               ok      denied  denied  unknown unknown denied  denied   unknown unknown token    scope
PreviewShare/shows        invalid invalid invalid invalid ok      ok      ok       ok      invalid ok       ok
PreviewShare/invites      ok      ok      ok      ok      ok      ok      ok       ok      invalid ok       ok
AcceptShare/shows         invalid invalid invalid invalid ok      ok      ok       barred  invalid token    scope
AcceptShare/invites       ok      ok      ok      ok      ok      ok      ok       barred  invalid token    scope

LibraryService
SaveTracks                ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
RemoveSavedTracks         ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
ListSavedTracks           ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
CheckSavedTracks          ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
SaveAlbums                ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
RemoveSavedAlbums         ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
ListSavedAlbums           ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
CheckSavedAlbums          ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope

SocialService
Follow                    wrong   ok      ok      ok      ok      ok      ok       unknown ok      token    scope
Unfollow                  ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
ListFollowing             ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
ListFollowers             ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
ListUserFollowing         ok      ok      ok      ok      ok      ok      ok       unknown ok      token    scope
ListUserFollowing/hidden  ok      denied  denied  denied  denied  denied  denied   unknown denied  token    scope
ListUserFollowers         ok      ok      ok      ok      ok      ok      ok       unknown ok      token    scope
ListUserFollowers/hidden  ok      denied  denied  denied  denied  denied  denied   unknown denied  token    scope
GetRelation               ok      ok      ok      ok      ok      ok      ok       unknown ok      token    scope
BlockUser                 wrong   ok      ok      ok      ok      ok      ok       ok      ok      token    scope
UnblockUser               ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
ListBlocks                ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
BlockArtist               ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
UnblockArtist             ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
ListBlockedArtists        ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
GetPrivacy                ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
UpdatePrivacy             ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope

TransferService
ImportPlaylist            ok      ok      ok      ok      ok      ok      ok       ok      ok      token    scope
ExportPlaylist            ok      ok      ok      unknown unknown ok      ok       unknown unknown token    scope

PlaylistInternalService
GetPlayOrder              caller  caller  caller  caller  caller  caller  caller   caller  caller  caller   caller
WatchChanges              caller  caller  caller  caller  caller  caller  caller   caller  caller  caller   caller
PutManagedPlaylist        caller  caller  caller  caller  caller  caller  caller   caller  caller  caller   caller
WatchMembership           caller  caller  caller  caller  caller  caller  caller   caller  caller  caller   caller

SocialInternalService
ListFriends               caller  caller  caller  caller  caller  caller  caller   caller  caller  caller   caller
WatchBlockedArtists       caller  caller  caller  caller  caller  caller  caller   caller  caller  caller   caller
WatchFollowedArtists      caller  caller  caller  caller  caller  caller  caller   caller  caller  caller   caller

LibraryInternalService
WatchSavedTracks          caller  caller  caller  caller  caller  caller  caller   caller  caller  caller   caller
"""  # noqa: E501


def _read(table: str) -> dict[str, dict[str, str]]:
    """Rows by "Service/Method/variant": a cell for each column."""
    header, *lines = [line.split() for line in table.splitlines() if line.strip()]
    rows: dict[str, dict[str, str]] = {}
    service = ""
    for name, *cells in lines:
        if cells:
            rows[f"{service}/{name}"] = dict(zip(header, cells, strict=True))
        else:
            service = name
    return rows


ROWS = _read(MATRIX)

Ask = Callable[[Stage], dict[str, Any]]
NOTHING: Ask = lambda _: {}  # noqa: E731
PLAYLIST: Ask = lambda at: {"playlist_id": at.playlist_id}  # noqa: E731
OWNER: Ask = lambda at: {"user_id": at.owner}  # noqa: E731
TRACKS: Ask = lambda at: {"track_ids": [at.track_id]}  # noqa: E731


def about(**fields: Any) -> Ask:
    """A request about the playlist, with more fields; a text names what of the stage to give."""

    def ask(at: Stage) -> dict[str, Any]:
        found = {name: one(at) if callable(one) else one for name, one in fields.items()}
        return {"playlist_id": at.playlist_id, **found}

    return ask


OTHER = about(user_id=lambda at: at.other)

REQUESTS: dict[str, Ask] = {
    "PlaylistService/CreatePlaylist": lambda _: {"name": "Mine"},
    "PlaylistService/ListPlaylists": NOTHING,
    "PlaylistService/ListUserPlaylists": OWNER,
    "PlaylistService/UpdatePlaylist/texts": about(playlist=lambda _: {"title": "Monday"}),
    "PlaylistService/UpdatePlaylist/visibility": about(playlist=lambda _: {"visibility": "PUBLIC"}),
    "PlaylistService/AddTracks": about(track_ids=lambda at: [at.track_id]),
    "PlaylistService/RemoveTracks": about(item_ids=lambda at: at.items[:1]),
    "PlaylistService/MoveTracks": about(item_ids=lambda at: at.items[:1]),
    "PlaylistService/ReplaceTracks": about(items=lambda at: [{"item_id": at.items[0]}]),
    "PlaylistService/SortTracks": about(by="TITLE"),
    "PlaylistInternalService/WatchChanges": NOTHING,
    "SnapshotService/GetSnapshot": about(snapshot_id=lambda at: at.snapshot_id),
    "SnapshotService/DiffSnapshots": about(from_snapshot_id=lambda at: at.snapshot_id),
    "SnapshotService/Restore": about(snapshot_id=lambda at: at.snapshot_id),
    "SharingService/SetCollaborator": about(user_id=lambda at: at.somebody, role="VIEWER"),
    "SharingService/RemoveCollaborator": OTHER,
    "SharingService/RemoveCollaborator/self": about(user_id=lambda at: at.caller),
    "SharingService/TransferOwnership": OTHER,
    "SharingService/RevokeShare": about(share_id=lambda at: at.share_id),
    "SharingService/PreviewShare/shows": lambda at: {"code": at.code},
    "SharingService/PreviewShare/invites": lambda at: {"code": at.invitation},
    "SharingService/AcceptShare/shows": lambda at: {"code": at.code},
    "SharingService/AcceptShare/invites": lambda at: {"code": at.invitation},
    "LibraryService/SaveTracks": TRACKS,
    "LibraryService/RemoveSavedTracks": lambda at: {"track_ids": [at.track_id]},
    "LibraryService/ListSavedTracks": NOTHING,
    "LibraryService/CheckSavedTracks": lambda at: {"track_ids": [at.track_id]},
    "LibraryService/SaveAlbums": lambda at: {"album_ids": [at.track_id]},
    "LibraryService/RemoveSavedAlbums": lambda at: {"album_ids": [at.track_id]},
    "LibraryService/ListSavedAlbums": NOTHING,
    "LibraryService/CheckSavedAlbums": lambda at: {"album_ids": [at.track_id]},
    "SocialService/Follow": lambda at: {"user_ids": [at.owner]},
    "SocialService/Unfollow": lambda at: {"user_ids": [at.somebody]},
    "SocialService/ListFollowing": NOTHING,
    "SocialService/ListFollowers": NOTHING,
    "SocialService/ListUserFollowing": OWNER,
    "SocialService/ListUserFollowing/hidden": OWNER,
    "SocialService/ListUserFollowers": OWNER,
    "SocialService/ListUserFollowers/hidden": OWNER,
    "SocialService/GetRelation": OWNER,
    "SocialService/BlockUser": OWNER,
    "SocialService/UnblockUser": OWNER,
    "SocialService/ListBlocks": NOTHING,
    "SocialService/BlockArtist": lambda at: {"artist_id": at.track_id},
    "SocialService/UnblockArtist": lambda at: {"artist_id": at.track_id},
    "SocialService/ListBlockedArtists": NOTHING,
    "SocialService/GetPrivacy": NOTHING,
    "SocialService/UpdatePrivacy": lambda _: {"audience": {"following": "NOBODY"}},
    "SocialInternalService/ListFriends": NOTHING,
    "PlaylistInternalService/PutManagedPlaylist": NOTHING,
    "PlaylistInternalService/WatchMembership": NOTHING,
    "SocialInternalService/WatchBlockedArtists": NOTHING,
    "SocialInternalService/WatchFollowedArtists": NOTHING,
    "LibraryInternalService/WatchSavedTracks": NOTHING,
    "TransferService/ImportPlaylist": lambda _: {"content": b"#EXTM3U\n"},
}
"""What each row asks; a row that is not here asks for the playlist by its id."""


async def hide(at: Stage) -> None:
    """Has the owner keep relations private."""
    audience = {"following": "NOBODY", "followers": "NOBODY"}
    await at.instance.call("SocialService/UpdatePrivacy", at.owner, audience=audience)


BEFORE: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "PlaylistService/RecoverPlaylist": delete,
    "SnapshotService/Undo": edit,
    "SnapshotService/Redo": edit_and_undo,
    "SocialService/ListUserFollowing/hidden": hide,
    "SocialService/ListUserFollowers/hidden": hide,
}
"""What has to happen before some rows."""


@pytest.fixture(scope="module")
async def whole(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[Instance]:
    """All of the service; each cell brings its own users and playlist."""
    template = await postgres_server.template("playlist", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with an_instance(Shared.of(dsn, tls)) as instance:
            yield instance


def test_every_rpc_has_a_row() -> None:
    described = {
        f"{service.name}/{method.name}"
        for service in services()
        if service.full_name.startswith("segue.playlist.")
        for method in service.methods
    }
    assert {"/".join(row.split("/")[:2]) for row in ROWS} == described
    assert set(REQUESTS) | set(BEFORE) <= set(ROWS)
    assert all(list(cells) == list(CALLERS) for cells in ROWS.values())


@pytest.mark.parametrize("row", ROWS)
async def test_each_caller_gets_what_the_matrix_says(whole: Instance, row: str) -> None:
    async def outcome(column: str) -> str:
        stage = await set_up(whole, column)
        if row in BEFORE:
            await BEFORE[row](stage)
        fields = REQUESTS.get(row, PLAYLIST)(stage)
        return await stage.outcome("/".join(row.split("/")[:2]), **fields)

    outcomes = dict(zip(CALLERS, await asyncio.gather(*map(outcome, CALLERS)), strict=True))
    assert outcomes == ROWS[row]


async def test_playback_plays_for_everyone_what_they_may_list(whole: Instance) -> None:
    async def outcome(column: str) -> str:
        stage = await set_up(playback, column)
        return await stage.outcome(
            "PlaylistInternalService/GetPlayOrder", playlist_id=stage.playlist_id
        )

    playback = replace(whole, workload="playback")

    outcomes = dict(zip(CALLERS, await asyncio.gather(*map(outcome, CALLERS)), strict=True))
    # It calls on the user's behalf, whatever the scopes of the token.
    assert outcomes == {**ROWS["PlaylistService/ListTracks"], "no_scope": "ok"}
