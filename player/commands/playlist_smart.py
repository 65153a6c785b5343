"""``segue playlist smart``: playlists that fill themselves by rules."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter
from segue.playlist.v1 import playlist_pb2, playlist_service_pb2

from meshkit.ulids import new_id
from player.commands.outcome import Flag, Folder, User, run
from player.commands.playlist_names import find_list
from player.commands.playlist_rules import parse_rule, rule_words
from player.commands.terminal_text import count, say
from player.mesh_client import MeshClient, acting_as


def smart(
    name: str,
    /,
    *rules: str,
    any_of: Annotated[bool, Parameter(name="--any", negative=(), show_default=False)] = False,
    order: Literal[
        "added", "title", "artist", "album", "year", "duration", "streams", "saved", "random"
    ] = "added",
    descending: Flag = False,
    limit: int = 100,
    public: Flag = False,
    change: Flag = False,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Make a playlist that fills itself with the tracks that rules choose, and stays up to date.

    A rule is a field, a sign and a value:

    - genre, artist, album, title: = (is one of), != (is none of), ~ (contains); several values with
      commas between them, in any case: genre=rock,jazz artist~beatles
    - year, duration, streams: = != and ranges, open at either end: year=1990..1999 duration=..4m
      streams=100.. ; also < <= > >=
    - added: by age in days, weeks or years: added=..30d is the last 30 days, added=1y.. before
      that; also added<30d and added>1y
    - saved, unsaved: whether the track is in your library

    Put quotes around rules with < > ! or spaces, which mean something to the shell. For example:
    segue playlist smart "New rock" genre=rock added=..30d saved --order year --limit 50

    Parameters
    ----------
    name
        Its title; with --change the playlist whose rules change.
    rules
        All of them must hold. None: every track.
    any_of
        One of the rules is enough.
    order
        What the tracks are ordered by. random is another order every day.
    descending
        The other way round: the newest, longest or last by name first.
    limit
        How many tracks at most, from 1 to 10,000.
    public
        Everyone may see it, and search finds it.
    change
        Give the smart playlist of that name these rules instead of its own.
    """

    async def work() -> int:
        rule = parse_rule(rules, any_of=any_of, order=order, descending=descending, limit=limit)
        async with acting_as(folder, user) as client:
            wanted = (
                _change(client, name, rule) if change else _make(client, name, rule, public=public)
            )
            playlist = await wanted
        say(
            f"{playlist.title} has {count(playlist.track_count, 'track')} now",
            (f"  {rule_words(rule)}", "dim"),
        )
        return 0

    return run(work())


async def _make(client: MeshClient, name: str, rule: Any, *, public: bool) -> Any:
    request = playlist_service_pb2.CreatePlaylistRequest(
        name=name, public=public, rule=rule, request_id=new_id()
    )
    made = await client.call(client.playlists.CreatePlaylist, request)
    wanted = playlist_service_pb2.GetPlaylistRequest(playlist_id=made.playlist_id)
    return (await client.call(client.playlists.GetPlaylist, wanted)).playlist


async def _change(client: MeshClient, name: str, rule: Any) -> Any:
    request = playlist_service_pb2.UpdatePlaylistRequest(
        playlist_id=await find_list(client, name),
        playlist=playlist_pb2.Playlist(rule=rule),
        request_id=new_id(),
    )
    return (await client.call(client.playlists.UpdatePlaylist, request)).playlist
