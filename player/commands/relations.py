"""``segue follow``, ``unfollow``, ``following``, ``followers``, ``block`` and ``unblock``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table
from segue.playlist.v1 import social_service_pb2

from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.paging import PAGE, pages
from player.commands.people import find_artist, find_user
from player.commands.terminal_text import cell, say, show_table, when
from player.mesh_client import MeshClient, acting_as

_Somebody = Annotated[str | None, Parameter(name="USER", help="The name of a user.")]
_Artist = Annotated[str | None, Parameter(help="The name of an artist, instead of a user.")]


def follow(
    person: _Somebody = None,
    /,
    *,
    artist: _Artist = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Follow a user or, with --artist, an artist."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            users, artists, name = await _who(client, person, artist)
            request = social_service_pb2.FollowRequest(user_ids=users, artist_ids=artists)
            answer = await client.call(client.social.Follow, request)
        say(f"you follow {name} {'now' if answer.followed_count else 'already'}")
        return 0

    return run(work())


def unfollow(
    person: _Somebody = None,
    /,
    *,
    artist: _Artist = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Follow a user or, with --artist, an artist no longer."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            users, artists, name = await _who(client, person, artist)
            request = social_service_pb2.UnfollowRequest(user_ids=users, artist_ids=artists)
            answer = await client.call(client.social.Unfollow, request)
        end = "any more" if answer.unfollowed_count else "anyway"
        say(f"you do not follow {name} {end}")
        return 0

    return run(work())


async def _who(
    client: MeshClient, person: str | None, artist: str | None
) -> tuple[Sequence[str], Sequence[str], str]:
    """Ids of users, ids of artists, and the name."""
    if artist is not None and person is None:
        found = await find_artist(client, artist)
        return (), (found.id,), found.name
    if person is not None and artist is None:
        return (await find_user(client, person),), (), person
    raise CommandFailed("say whom: a user's name, or --artist and an artist's name")


def following(*, user: User = None, folder: Folder = None) -> int:
    """Show the people and artists whom you follow, the latest first."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = social_service_pb2.ListFollowingRequest(page_size=PAGE)
            found = await _all(client, client.social.ListFollowing, request, "following")
        return _show(found, "You follow nobody. Follow somebody: segue follow USER")

    return run(work())


def followers(*, user: User = None, folder: Folder = None) -> int:
    """Show who follows you, the latest first."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = social_service_pb2.ListFollowersRequest(page_size=PAGE)
            found = await _all(client, client.social.ListFollowers, request, "followers")
        return _show(found, "Nobody follows you yet.")

    return run(work())


async def _all(client: MeshClient, method: Any, request: Any, field: str) -> list[Any]:
    found: list[Any] = []
    async for answer in pages(client, method, request):
        found += getattr(answer, field)
    return found


def _show(connections: Sequence[Any], words_for_none: str) -> int:
    if not connections:
        say(words_for_none)
        return 0
    table = Table("Name", "", "Since", box=None, header_style="bold", pad_edge=False)
    for each in connections:
        if each.WhichOneof("who") == "artist":
            name, kind = each.artist.name, "artist"
        else:
            name, kind = each.user.username, "follows you, too" if each.mutual else ""
        table.add_row(cell(name), kind, cell(when(each.since), "dim"))
    show_table(table)
    return 0


def block(
    person: _Somebody = None,
    /,
    *,
    artist: _Artist = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Block a user: neither follows the other any more, and the user finds nothing of yours.

    With --artist: nothing of that artist is recommended to you any more.
    """

    async def work() -> int:
        async with acting_as(folder, user) as client:
            users, artists, name = await _who(client, person, artist)
            for user_id in users:
                of_user = social_service_pb2.BlockUserRequest(user_id=user_id)
                await client.call(client.social.BlockUser, of_user)
            for artist_id in artists:
                of_artist = social_service_pb2.BlockArtistRequest(artist_id=artist_id)
                await client.call(client.social.BlockArtist, of_artist)
        say(f"{name} is blocked")
        return 0

    return run(work())


def unblock(
    person: _Somebody = None,
    /,
    *,
    artist: _Artist = None,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Block a user or, with --artist, an artist no longer. Nothing that ended comes back."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            users, artists, name = await _who(client, person, artist)
            for user_id in users:
                of_user = social_service_pb2.UnblockUserRequest(user_id=user_id)
                await client.call(client.social.UnblockUser, of_user)
            for artist_id in artists:
                of_artist = social_service_pb2.UnblockArtistRequest(artist_id=artist_id)
                await client.call(client.social.UnblockArtist, of_artist)
        say(f"{name} is not blocked any more")
        return 0

    return run(work())
