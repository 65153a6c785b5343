"""``segue search``: finds tracks, artists, albums and public playlists."""

from __future__ import annotations

from typing import Any, Literal

from rich.table import Table
from segue.catalog.v1 import catalog_pb2, catalog_service_pb2

from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.terminal_text import cell, clock, output, say
from player.mesh_client import MeshClient, acting_as

_TYPES = catalog_service_pb2.SearchRequest.Type


def search(
    *words: str,
    only: Literal["track", "artist", "album", "playlist"] | None = None,
    limit: int = 10,
    user: User = None,
    folder: Folder = None,
) -> int:
    """Find tracks, artists, albums and public playlists.

    Words may be misspelt, the last one may be begun only.

    Parameters
    ----------
    words
        What to search for.
    only
        Find only things of this kind.
    limit
        How many of each kind at most.
    """

    async def work() -> int:
        if not words:
            raise CommandFailed("say what to search for, such as: segue search blue moon")
        async with acting_as(folder, user) as client:
            answer = await find(client, " ".join(words), only, limit)
        return _show(answer, " ".join(words))

    return run(work())


async def find(client: MeshClient, query: str, only: str | None = None, limit: int = 10) -> Any:
    """The SearchResponse for a query; raises the service's fault."""
    request = catalog_service_pb2.SearchRequest(q=query, page_size=limit)
    if only is not None:
        request.type.append(_TYPES.Value(only.upper()))
    return await client.call(client.search.Search, request)


def _show(answer: Any, query: str) -> int:
    console = output()
    if answer.tracks:
        console.print(track_table(answer.tracks))
    if answer.albums:
        table = Table("Album", "Artist", "Year", box=None, header_style="bold", pad_edge=False)
        for album in answer.albums:
            table.add_row(cell(album.title), cell(album.artist), str(album.year or ""))
        console.print(table)
    if answer.artists:
        console.print("[bold]Artists[/bold]")
        for artist in answer.artists:
            say(f"  {artist.name}", console=console)
    if answer.playlists:
        console.print(playlist_table(answer.playlists))
    if not (answer.tracks or answer.albums or answer.artists or answer.playlists):
        say(f"Nothing is called like {query!r}.", console=console)
        return 1
    return 0


def track_table(tracks: Any) -> Table:
    """Tracks with their length and whether they can be played already."""
    table = Table(
        "Track", "Artist", "Album", "Length", "", box=None, header_style="bold", pad_edge=False
    )
    ready = catalog_pb2.Track.State.READY
    for track in tracks:
        note = "" if track.state == ready else "being prepared"
        names = (cell(track.title), cell(track.artist), cell(track.album))
        table.add_row(*names, clock(track.duration_ms), note)
    return table


def playlist_table(playlists: Any) -> Table:
    """Public playlists with the ids by which other commands take them."""
    table = Table("Playlist", "Owner", "Id", box=None, header_style="bold", pad_edge=False)
    for playlist in playlists:
        table.add_row(cell(playlist.title), cell(playlist.owner), cell(playlist.id, "dim"))
    return table


async def best_track(client: MeshClient, query: str) -> Any:
    """The best TrackResult for a query; raises CommandFailed where nothing is found."""
    answer = await find(client, query, "track", 1)
    if not answer.tracks:
        raise CommandFailed(f"no track is called like {query!r}; import music: segue import FOLDER")
    return answer.tracks[0]
