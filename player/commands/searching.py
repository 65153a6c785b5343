"""``segue search``: finds tracks, artists, albums and public playlists."""

from __future__ import annotations

from typing import Any, Literal

from rich.table import Table
from segue.catalog.v1 import catalog_pb2, catalog_service_pb2

from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.terminal_text import cell, clock, output, say, show_table
from player.mesh_client import MeshClient, acting_as

_MOST = 99
_MOST_LISTED = 500
_BY_TITLE = catalog_service_pb2.ListTracksRequest.Sort.TITLE
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
        How many of each kind at most, from 1 to 99.
    """

    async def work() -> int:
        if not "".join(words).strip():
            raise CommandFailed("say what to search for, such as: segue search blue moon")
        if not 1 <= limit <= _MOST:
            raise CommandFailed(f"--limit must be from 1 to {_MOST}")
        async with acting_as(folder, user) as client:
            # One more tells whether there are more.
            answer = await find(client, " ".join(words), only, limit + 1)
        return _show(answer, " ".join(words), limit)

    return run(work())


def tracks(*, limit: int = 20, user: User = None, folder: Folder = None) -> int:
    """Show the tracks of the catalogue, by title.

    Parameters
    ----------
    limit
        How many at most.
    """

    async def work() -> int:
        if not 1 <= limit <= _MOST_LISTED:
            raise CommandFailed(f"--limit must be from 1 to {_MOST_LISTED}")
        request = catalog_service_pb2.ListTracksRequest(page_size=limit, sort=_BY_TITLE)
        async with acting_as(folder, user) as client:
            answer = await client.call(client.catalog.ListTracks, request)
        if not answer.tracks:
            say("There is no music yet. Import some: segue import FOLDER")
            return 0
        show_table(track_table(answer.tracks))
        if answer.next_page_token:
            say((f"the first {limit} shown; find others: segue search WORDS", "dim"))
        return 0

    return run(work())


async def find(client: MeshClient, query: str, only: str | None = None, limit: int = 10) -> Any:
    """The SearchResponse for a query; raises the service's fault."""
    request = catalog_service_pb2.SearchRequest(q=query, page_size=limit)
    if only is not None:
        request.type.append(_TYPES.Value(only.upper()))
    return await client.call(client.search.Search, request)


def _show(answer: Any, query: str, most: int) -> int:
    console = output()
    if answer.tracks:
        show_table(track_table(answer.tracks[:most]), console)
    if answer.albums:
        show_table(album_table(answer.albums[:most]), console)
    if answer.artists:
        console.print("[bold]Artists[/bold]")
        for artist in answer.artists[:most]:
            say(f"  {artist.name}", console=console)
    if answer.playlists:
        show_table(playlist_table(answer.playlists[:most]), console)
    kinds = ("tracks", "albums", "artists", "playlists")
    more = [kind for kind in kinds if len(getattr(answer, kind)) > most]
    if more:
        fitting = min(2 * most, _MOST)
        words = f"the best {most} {' and '.join(more)} shown; --limit {fitting} shows more"
        say((words, "dim"), console=console)
    if not any(getattr(answer, kind) for kind in kinds):
        say(f"Nothing is called like {query!r}.", console=console)
        return 1
    return 0


def album_table(albums: Any) -> Table:
    """Albums with their artists and years."""
    table = Table("Album", "Artist", "Year", box=None, header_style="bold", pad_edge=False)
    for album in albums:
        table.add_row(cell(album.title), cell(album.artist), str(album.year or ""))
    return table


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
    table = Table("Playlist", "Owner", box=None, header_style="bold", pad_edge=False)
    table.add_column("Id", no_wrap=True)
    for playlist in playlists:
        table.add_row(cell(playlist.title), cell(playlist.owner), cell(playlist.id, "dim"))
    return table


async def best_track(client: MeshClient, query: str) -> Any:
    """The best TrackResult for a query; raises CommandFailed where nothing is found."""
    answer = await find(client, query, "track", 1)
    if not answer.tracks:
        raise CommandFailed(f"no track is called like {query!r}; import music: segue import FOLDER")
    return answer.tracks[0]
