"""``segue playlist create``, ``rename``, ``describe``, ``visibility``, ``delete``, ``recover``."""

from __future__ import annotations

from typing import Any, Literal

from segue.playlist.v1 import playlist_pb2, playlist_service_pb2

from meshkit.ulids import new_id
from player.commands.outcome import Flag, Folder, User, run
from player.commands.playlist_names import SHORT_ID, List, find_deleted_list, read_playlist
from player.commands.terminal_text import say
from player.mesh_client import acting_as

_VISIBILITY = playlist_pb2.Playlist.Visibility
_SEEN_BY = {
    "private": "only you and your collaborators see it",
    "link": "who holds a link sees it; make one: segue playlist share LIST",
    "public": "everyone sees it, and search finds it",
}


def create(
    name: str,
    /,
    *,
    public: Flag = False,
    description: str = "",
    user: User = None,
    folder: Folder = None,
) -> int:
    """Make an empty playlist.

    Parameters
    ----------
    name
        Its title.
    public
        Everyone may see it, and search finds it.
    description
        A few words about it.
    """

    async def work() -> int:
        request = playlist_service_pb2.CreatePlaylistRequest(
            name=name, public=public, description=description, request_id=new_id()
        )
        async with acting_as(folder, user) as client:
            made = await client.call(client.playlists.CreatePlaylist, request)
        say(f"made {name} ({made.playlist_id[-SHORT_ID:]}); fill it: segue playlist add LIST WORDS")
        return 0

    return run(work())


def rename(name: List, title: str, /, *, user: User = None, folder: Folder = None) -> int:
    """Give a playlist another title.

    Parameters
    ----------
    title
        The new one.
    """
    return run(_update(name, user, folder, f"is called {title} now", title=title))


def describe(name: List, text: str, /, *, user: User = None, folder: Folder = None) -> int:
    """Give a playlist another description; "" takes it away.

    Parameters
    ----------
    text
        The new one.
    """
    words = "is described anew" if text else "has no description now"
    return run(_update(name, user, folder, words, description=text))


def visibility(
    name: List,
    who: Literal["private", "link", "public"],
    /,
    *,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Say who may see a playlist beside you and your collaborators.

    Parameters
    ----------
    who
        private: nobody; link: who holds a link; public: everyone, and search finds it.
    """
    value = _VISIBILITY.Value(who.upper())
    return run(_update(name, user, folder, f"is {who}: {_SEEN_BY[who]}", visibility=value))


async def _update(name: str, user: User, folder: Folder, words: str, **changes: Any) -> int:
    async with acting_as(folder, user) as client:
        playlist = await read_playlist(client, name)
        versioned = "title" in changes or "description" in changes
        request = playlist_service_pb2.UpdatePlaylistRequest(
            playlist_id=playlist.playlist_id,
            playlist=playlist_pb2.Playlist(
                snapshot_id=playlist.snapshot_id if versioned else "", **changes
            ),
            request_id=new_id(),
        )
        await client.call(client.playlists.UpdatePlaylist, request)
    say(f"{playlist.title} {words}")
    return 0


def delete(name: List, /, *, user: User = None, folder: Folder = None) -> int:
    """Delete a playlist. For 30 days, segue playlist recover brings it back as it was."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            playlist = await read_playlist(client, name)
            request = playlist_service_pb2.DeletePlaylistRequest(playlist_id=playlist.playlist_id)
            await client.call(client.playlists.DeletePlaylist, request)
        tail = playlist.playlist_id[-SHORT_ID:]
        say(
            f"deleted {playlist.title}; for 30 days it comes back by: segue playlist recover {tail}"
        )
        return 0

    return run(work())


def recover(name: List, /, *, user: User = None, folder: Folder = None) -> int:
    """Bring back a playlist that you deleted within the last 30 days, as it was."""

    async def work() -> int:
        async with acting_as(folder, user) as client:
            request = playlist_service_pb2.RecoverPlaylistRequest(
                playlist_id=await find_deleted_list(client, name)
            )
            answer = await client.call(client.playlists.RecoverPlaylist, request)
        say(f"{answer.playlist.title} is back, with {answer.playlist.track_count:,} tracks")
        return 0

    return run(work())
