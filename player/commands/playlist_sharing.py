"""``segue playlist follow``, ``collaborators``, ``invite``, ``transfer`` and their opposites."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter
from rich.table import Table
from segue.playlist.v1 import playlist_pb2, playlist_service_pb2, sharing_service_pb2

from player.commands.outcome import Folder, User, run
from player.commands.people import find_user
from player.commands.playlist_names import List, find_list, read_playlist, role_words
from player.commands.terminal_text import cell, count, say, show_table, when
from player.mesh_client import acting_as

_ROLE = playlist_pb2.Collaborator.Role
_Person = Annotated[str, Parameter(name="USER", help="The name of a user.")]


def follow(name: List, /, *, user: User = None, folder: Folder = None) -> int:
    """Follow somebody's playlist: it then stands in segue playlist list --followed."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            playlist = await read_playlist(client, name)
            request = playlist_service_pb2.FollowPlaylistRequest(playlist_id=playlist.playlist_id)
            answer = await client.call(client.playlists.FollowPlaylist, request)
        followers = count(answer.follower_count, "follower")
        say(f"you follow {playlist.title}, which has {followers} now")
        return 0

    return run(work())


def unfollow(name: List, /, *, user: User = None, folder: Folder = None) -> int:
    """Follow a playlist no longer."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = playlist_service_pb2.UnfollowPlaylistRequest(
                playlist_id=await find_list(client, name)
            )
            await client.call(client.playlists.UnfollowPlaylist, request)
        say("you do not follow it any more")
        return 0

    return run(work())


def collaborators(name: List, /, *, user: User = None, folder: Folder = None) -> int:
    """Show who owns, edits and sees a playlist."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = sharing_service_pb2.ListCollaboratorsRequest(
                playlist_id=await find_list(client, name)
            )
            answer = await client.call(client.sharing.ListCollaborators, request)
        table = Table("User", "Role", "Since", box=None, header_style="bold", pad_edge=False)
        for each in answer.collaborators:
            since = cell(when(each.since), "dim")
            table.add_row(cell(each.user.username), role_words(each.role), since)
        show_table(table)
        return 0

    return run(work())


def invite(
    name: List,
    person: _Person,
    /,
    *,
    role: Literal["editor", "viewer"] = "editor",
    user: User = None,
    folder: Folder = None,
) -> int:
    """Let a user edit a playlist of yours, or see it; or give the user another role.

    Parameters
    ----------
    role
        editor: changes tracks, title and description; viewer: sees it and its history.
    """

    async def work() -> int:
        async with acting_as(folder, user) as client:
            playlist = await read_playlist(client, name)
            request = sharing_service_pb2.SetCollaboratorRequest(
                playlist_id=playlist.playlist_id,
                user_id=await find_user(client, person),
                role=_ROLE.Value(role.upper()),
            )
            answer = await client.call(client.sharing.SetCollaborator, request)
        say(f"{answer.collaborator.user.username} is {role} of {playlist.title} now")
        return 0

    return run(work())


def uninvite(name: List, person: _Person, /, *, user: User = None, folder: Folder = None) -> int:
    """Take a user's role in a playlist away; your own name leaves somebody's playlist."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = sharing_service_pb2.RemoveCollaboratorRequest(
                playlist_id=await find_list(client, name), user_id=await find_user(client, person)
            )
            await client.call(client.sharing.RemoveCollaborator, request)
        say(f"{person} has no role in it any more")
        return 0

    return run(work())


def transfer(name: List, person: _Person, /, *, user: User = None, folder: Folder = None) -> int:
    """Make a collaborator the owner of a playlist of yours; you stay as an editor."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = sharing_service_pb2.TransferOwnershipRequest(
                playlist_id=await find_list(client, name), user_id=await find_user(client, person)
            )
            answer = await client.call(client.sharing.TransferOwnership, request)
        say(f"{answer.playlist.title} belongs to {answer.playlist.owner} now")
        return 0

    return run(work())
