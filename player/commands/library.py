"""``segue library``: the caller's saved tracks and albums."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.table import Table
from segue.playlist.v1 import library_service_pb2

from player.commands.outcome import CommandFailed, Folder, User, run
from player.commands.paging import PAGE, pages
from player.commands.playlist_editing import track_id_of
from player.commands.playlist_names import folded
from player.commands.searching import best_track, find
from player.commands.terminal_text import (
    cell,
    clock,
    count,
    plain,
    say,
    say_shown,
    show_table,
    track_words,
    when,
)
from player.mesh_client import MeshClient, acting_as

app = App(name="library", help="Your saved tracks and albums.")

_Albums = Annotated[
    bool,
    Parameter(name="--albums", negative=(), show_default=False, help="Albums instead of tracks."),
]
_SHOWN_CANDIDATES = 10


@app.default
@app.command(name="list")
def list_saved(
    *, albums: _Albums = False, limit: int = 100, user: User = None, folder: Folder = None
) -> int:
    """Show what you saved, the latest first.

    Parameters
    ----------
    limit
        How many at most; 0 shows all.
    """

    async def work() -> int:
        if limit < 0:
            raise CommandFailed("--limit must be 0 or more")
        async with acting_as(folder, user) as client:
            shown, total = await _saved(client, albums=albums, most=limit)
        if not shown:
            say("Nothing is saved. Save something: segue library save WORDS")
            return 0
        show_table(_table(shown, albums=albums))
        if total > len(shown):
            say_shown(len(shown), total)
        return 0

    return run(work())


def _table(saved: Sequence[Any], *, albums: bool) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("Album" if albums else "Track", "Year" if albums else "Length", "Saved"):
        table.add_column(heading)
    for each in saved:
        aside = str(each.year or "") if albums else clock(each.duration_ms)
        table.add_row(cell(track_words(each)), aside, cell(when(each.saved_at), "dim"))
    return table


async def _saved(client: MeshClient, *, albums: bool, most: int = 0) -> tuple[list[Any], int]:
    """The saved tracks or albums, at most so many (0: all), and how many there are in all."""
    saved: list[Any] = []
    total = 0
    async for answer in _saved_pages(client, albums=albums, page_size=min(most or PAGE, PAGE)):
        saved += answer.albums if albums else answer.tracks
        total = answer.total_count
        if 0 < most <= len(saved):
            return saved[:most], total
    return saved, total


def _saved_pages(client: MeshClient, *, albums: bool, page_size: int) -> AsyncIterator[Any]:
    """The pages of what is saved."""
    if albums:
        of_albums = library_service_pb2.ListSavedAlbumsRequest(page_size=page_size)
        return pages(client, client.library.ListSavedAlbums, of_albums)
    of_tracks = library_service_pb2.ListSavedTracksRequest(page_size=page_size)
    return pages(client, client.library.ListSavedTracks, of_tracks)


@app.command
def save(*words: str, albums: _Albums = False, user: User = None, folder: Folder = None) -> int:
    """Save the track that a search for the words finds first, or the album.

    Parameters
    ----------
    words
        What to save, as for segue search; or the id of a track.
    """

    async def work() -> int:
        if not words:
            raise CommandFailed("say what to save, such as: segue library save blue moon")
        query = " ".join(words)
        async with acting_as(folder, user) as client:
            said = await (_save_album if albums else _save_track)(client, query)
        say(said)
        return 0

    return run(work())


async def _save_track(client: MeshClient, query: str) -> str:
    track_id, name = track_id_of(query), query
    if track_id is None:
        track = await best_track(client, query)
        track_id, name = track.id, track_words(track)
    request = library_service_pb2.SaveTracksRequest(track_ids=[track_id])
    answer = await client.call(client.library.SaveTracks, request)
    return f"saved {name}" if answer.saved_count else f"{name} was saved already"


async def _save_album(client: MeshClient, query: str) -> str:
    found = (await find(client, query, "album", 1)).albums
    if not found:
        raise CommandFailed(f"no album is called like {plain(query)!r}")
    request = library_service_pb2.SaveAlbumsRequest(album_ids=[found[0].id])
    answer = await client.call(client.library.SaveAlbums, request)
    name = track_words(found[0])
    return f"saved {name}" if answer.saved_count else f"{name} was saved already"


@app.command
def remove(*words: str, albums: _Albums = False, user: User = None, folder: Folder = None) -> int:
    """Take the saved track or album out whose title and artist hold the words.

    Parameters
    ----------
    words
        A part of its title or artist that no other saved one has; or its id.
    """

    async def work() -> int:
        if not words:
            raise CommandFailed("say what to take out, such as: segue library remove blue moon")
        async with acting_as(folder, user) as client:
            saved, _ = await _saved(client, albums=albums)
            chosen = choose_saved(" ".join(words), saved)
            if albums:
                of_album = library_service_pb2.RemoveSavedAlbumsRequest(album_ids=[chosen.id])
                await client.call(client.library.RemoveSavedAlbums, of_album)
            else:
                of_track = library_service_pb2.RemoveSavedTracksRequest(track_ids=[chosen.id])
                await client.call(client.library.RemoveSavedTracks, of_track)
        say(f"took out {track_words(chosen)}")
        return 0

    return run(work())


def choose_saved(words: str, saved: Sequence[Any]) -> Any:
    """The one saved track or album that words mean. Raises CommandFailed for none or several."""
    track_id = track_id_of(words)
    if track_id is not None:
        found = [each for each in saved if each.id == track_id]
    else:
        parts = folded(words).split()
        found = [
            each
            for each in saved
            if all(part in folded(f"{each.title} {each.artist}") for part in parts)
        ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandFailed(f"nothing saved is called like {plain(words)!r}")
    lines = [f"{count(len(found), 'saved thing')} hold {plain(words)!r}; say the id of one:"]
    lines += [f"  {each.id}  {track_words(each)}" for each in found[:_SHOWN_CANDIDATES]]
    raise CommandFailed("\n".join(lines))
